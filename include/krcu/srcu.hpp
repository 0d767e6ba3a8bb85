// SPDX-License-Identifier: GPL-2.0
/// @file
/// Srcu: a domain of RCU whose readers may sleep.
#ifndef KRCU_SRCU_HPP
#define KRCU_SRCU_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include <krcu-constants.h>
#include <krcu/allocator.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/lock_class.hpp>
#include <krcu/internal/names.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

template <class T, Allocator A>
class Callback;
template <class T, class Tag, Allocator A>
class SrcuBox;
namespace internal {

template <class Domain>
struct Readers;

/// Whether the readers of a tag's domains are fast ones.
template <class Tag>
consteval bool has_fast_readers()
{
	constexpr bool named = !requires { &WithNames<Tag>::fast; };
	constexpr bool readable = requires { std::bool_constant<Tag::fast>(); };

	static_assert(!named || readable,
		      "krcu: fast of the tag cannot be read: declare it in the tag, as a public `static constexpr bool`");
	if constexpr (readable)
		return Tag::fast;
	else
		return false;
}

} // namespace internal

/// A sleepable RCU domain: its grace periods wait for its own readers only, and these may sleep.
///
/// The tag makes each domain a type of its own, so that a guard of one does not open data of another,
/// names it (`static constexpr const char *name`) and gives it a lockdep class of its own. With
/// `static constexpr bool fast = true` its readers are those of srcu_read_lock_fast(), which need no memory barrier:
/// entering and leaving costs a fraction, grace periods take longer. Before 6.15 they are as any others. What wraps a
/// domain of C code has readers as the C code has, which a kernel with CONFIG_PROVE_RCU checks.
///
/// A domain belongs to the module that made it. Only that module may drop it, or retire objects into it, as a
/// module's exit waits for the callbacks of its own domains only. A domain that several modules share must
/// belong to C code, and each of them wraps it: see wrap(). Kernels with CONFIG_PROVE_RCU warn of either
/// mistake, and of objects that are retired into a domain that is gone; they leak such an object.
///
/// Owns a srcu_struct; is one pointer. Semantics: Documentation/RCU/checklist.rst and the kernel-doc
/// of each function named. After Rust's Srcu (v7 on the rust-for-linux list).
///
/// Use like:
///
///     struct Firmware {
///             static constexpr const char *name = "mydrv_firmware";
///     };
///     KRCU_GLOBAL(domain, krcu::Srcu<Firmware>); // its make() before the module's init, gone after its exit
///
///     void upload();                          // sleeps
///
///     void read()
///     {
///             auto guard = domain->read_lock();
///             upload();
///     }
///
///     void wait_for_readers()
///     {
///             domain->synchronize();
///     }
///
/// What its readers read, and how to take that down, is in srcu_box.hpp.
template <class Tag>
class [[nodiscard("dropping a domain waits for its readers")]] Srcu final {
public:
	/// Read by the boxes: one that runs destructors in softirq refuses a domain.
	static constexpr bool destructor_may_sleep = true;

	/// A read-side critical section of this domain, from read_lock() to the end of the scope.
	/// It belongs to the task and the scope that made it. The domain must outlive it.
	class KRCU_SCOPED_CAPABILITY [[nodiscard("the read-side critical section ends with the guard: give it a name")]]
	Guard final {
	public:
		/// Read by the boxes, which refuse what has to stay in its scope.
		static constexpr bool belongs_to_scope = true;

		~Guard() KRCU_RELEASE_GENERIC
		{
			if constexpr (fast)
				krcu_srcu_read_unlock_fast(domain_, section_);
			else
				krcu_srcu_read_unlock(domain_, section_);
		}

		Guard(const Guard &) = delete;
		Guard &operator=(const Guard &) = delete;

		static void *operator new(std::size_t) = delete;
		static void *operator new[](std::size_t) = delete;

	private:
		friend class Srcu;
		friend struct internal::Readers<Srcu>;

		explicit Guard(srcu_struct *domain) noexcept KRCU_ACQUIRE_SHARED(Srcu::readers_)
			: domain_(domain), section_(enter(domain))
		{
		}

		static constexpr bool fast = internal::has_fast_readers<Tag>();

		static auto enter(srcu_struct *domain) noexcept
		{
			if constexpr (fast)
				return krcu_srcu_read_lock_fast(domain);
			else
				return krcu_srcu_read_lock(domain);
		}

		srcu_struct *domain_;
		std::conditional_t<fast, void *, int> section_; // which the kernel wants back
	};

	/// No domain.
	constexpr Srcu() noexcept = default;

	/// Creates a domain. Empty where memory is short.
	/// Context: process; sleeps. See init_srcu_struct().
	static Srcu make() KRCU_EXCLUDES(internal::rcu)
	{
		return Srcu(krcu_srcu_create(&tag_));
	}

	/// A domain that C code owns: read, waited for and submitted to as any other, but not destroyed here.
	/// Empty where memory is short, and where `domain` is null. Drop it before the C code calls
	/// cleanup_srcu_struct(): that waits for the readers and callbacks of the C code as well, and leaves
	/// the srcu_struct as it is. Wrap it under one tag: dropping a wrapper waits for what destructors submit
	/// under that tag. A wrapper that is left is destroyed at the end of the module's exit, so what comes later,
	/// e.g. a parameter's set function, must not use it.
	/// Context: process; sleeps.
	static Srcu wrap(srcu_struct *domain) KRCU_EXCLUDES(internal::rcu)
	{
		return Srcu(krcu_srcu_wrap(&tag_, domain));
	}

	/// Moving a domain's owner empties it. Moving one over another destroys the domain held there, as the
	/// destructor does; onto itself changes nothing. The domain itself stays where it is, guards and all.
	Srcu(Srcu &&other) noexcept : domain_(std::exchange(other.domain_, nullptr)) {}
	Srcu &operator=(Srcu &&other) noexcept
	{
		srcu_struct *domain = std::exchange(other.domain_, nullptr);

		destroy();
		domain_ = domain;
		return *this;
	}

	/// Waits for the domain's readers and callbacks, and for what those submit to it in turn, then frees
	/// it. If a reader has not left after `Tag::teardown_timeout_ms` (10000 unless the tag says
	/// otherwise), gives up and returns: one error line names the domain, its memory stays, and the module
	/// cannot be unloaded any more, so that the late reader may still leave. A module that is being
	/// unloaded already waits for it at its end, and so does a wrapper, whose domain somebody else frees.
	/// From here on the caller must prevent new readers and submissions. Only the readers and callbacks that
	/// it waits for may still use the domain; what a destructor submits by way of RCU or of another domain,
	/// the caller must wait for. Domains that are left to the module's end are destroyed together, when
	/// nothing is pending in any.
	/// Context: process, outside this domain's read-side critical sections. Sleeps.
	/// See start_poll_synchronize_srcu(), srcu_barrier(), cleanup_srcu_struct().
	~Srcu() KRCU_EXCLUDES(internal::rcu) { destroy(); }

	/// A grace period of one domain, to be looked at later: see krcu::GracePeriod. The domain must
	/// outlive it.
	class GracePeriod final {
	public:
		/// Returns a cookie for a full grace period of the domain after this call, and starts one if needed.
		/// The Srcu must not be empty.
		/// Does not sleep. Context: as Callback::submit(Srcu &). See start_poll_synchronize_srcu().
		[[nodiscard("the cookie is the only way to tell when the grace period has elapsed")]]
		static GracePeriod start(KRCU_LIFETIMEBOUND const Srcu &domain) noexcept
		{
			return GracePeriod(domain.domain_, krcu_start_poll_synchronize_srcu(domain.domain_));
		}
		static GracePeriod start(const Srcu &&) = delete; // the domain would be gone before the cookie

		/// Returns a cookie for a full grace period of the domain after this call, and starts none.
		/// The Srcu must not be empty.
		/// Does not sleep. Context: as start(). See get_state_synchronize_srcu().
		[[nodiscard("the cookie is the only way to tell when the grace period has elapsed")]]
		static GracePeriod snapshot(KRCU_LIFETIMEBOUND const Srcu &domain) noexcept
		{
			return GracePeriod(domain.domain_, krcu_get_state_synchronize_srcu(domain.domain_));
		}
		static GracePeriod snapshot(const Srcu &&) = delete;

		/// Whether every reader that was there when the cookie was made has left.
		/// Does not sleep. Context: any but NMI. See poll_state_synchronize_srcu().
		bool elapsed() const noexcept { return krcu_poll_state_synchronize_srcu(domain_, cookie_); }

		/// Waits until it is over; returns at once if it is.
		/// Context: as synchronize().
		void wait() const KRCU_EXCLUDES(internal::rcu, Srcu::readers_)
		{
			if (!elapsed())
				krcu_synchronize_srcu(domain_);
		}

	private:
		GracePeriod(srcu_struct *domain, unsigned long cookie) noexcept : domain_(domain), cookie_(cookie) {}

		srcu_struct *domain_;
		unsigned long cookie_;
	};

	/// Whether there is a domain.
	explicit operator bool() const noexcept { return domain_; }

	/// Enters a read-side critical section. The Srcu must not be empty.
	/// Context: any but NMI. The reader may sleep where its context may. See srcu_read_lock(), srcu_read_lock_fast().
	Guard read_lock() const & noexcept KRCU_LIFETIMEBOUND KRCU_ACQUIRE_SHARED(Srcu::readers_)
		KRCU_NO_THREAD_SAFETY_ANALYSIS // its callers are checked
	{
		return Guard(domain_);
	}
	Guard read_lock() const && = delete; // the domain would be gone before the guard

	/// Waits until all pre-existing read-side critical sections of this domain have completed. The Srcu must
	/// not be empty.
	/// Context: process, outside the read-side critical sections of this domain, and of others of its tag, as
	/// lockdep has one class for all of these. Sleeps. See synchronize_srcu().
	void synchronize() const KRCU_EXCLUDES(internal::rcu, readers_) { krcu_synchronize_srcu(domain_); }

	/// As synchronize(), sooner, at the price of more CPU time.
	/// Context: as synchronize(). See synchronize_srcu_expedited().
	void synchronize_expedited() const KRCU_EXCLUDES(internal::rcu, readers_)
	{
		krcu_synchronize_srcu_expedited(domain_);
	}

	/// Waits until every callback pending in this domain at the call has run. The Srcu must not be empty.
	/// Context: process, outside this domain's read-side critical sections. Sleeps. See srcu_barrier().
	void barrier() const KRCU_EXCLUDES(internal::rcu, readers_) { krcu_srcu_barrier(domain_); }

private:
	template <class T, Allocator A>
	friend class Callback;
	template <class T, class, Allocator A>
	friend class SrcuBox;

	// Empty only afterwards, as readers and destructors may use the domain until then.
	void destroy() noexcept
	{
		if (domain_)
			krcu_srcu_destroy(domain_, &tag_);
		domain_ = nullptr;
	}

	explicit Srcu(srcu_struct *domain) noexcept : domain_(domain) {}

	// Being a reader of this domain: a name for Clang's analysis, never defined.
	static const internal::ReadSide readers_;

	static constexpr unsigned int teardown_timeout_ms()
	{
		constexpr bool named = !requires { &internal::WithNames<Tag>::teardown_timeout_ms; };
		constexpr bool readable = requires { Tag::teardown_timeout_ms; };

		static_assert(!named || readable,
			      "krcu: teardown_timeout_ms of the tag cannot be read: declare it in the tag, as a public `static constexpr unsigned int`");
		if constexpr (readable)
			return Tag::teardown_timeout_ms;
		else
			return 10000;
	}

	// What the C half knows of the tag. One for all sources, so that lockdep finds one name for the class.
	static inline constinit krcu_srcu_tag tag_ = { Tag::name, teardown_timeout_ms(), internal::has_fast_readers<Tag>(), internal::lock_class<Srcu>, {} };

	srcu_struct *domain_ = nullptr;
};

} // namespace krcu

#endif // KRCU_SRCU_HPP
