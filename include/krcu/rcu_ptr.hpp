// SPDX-License-Identifier: GPL-2.0
/// @file
/// Rcu: an RCU-protected pointer that owns what it points to. RcuOld: what it used to own.
#ifndef KRCU_RCU_PTR_HPP
#define KRCU_RCU_PTR_HPP

#include <cerrno>
#include <expected>
#include <type_traits>
#include <utility>

#include <krcu/draft.hpp>
#include <krcu/foreign_ownable.hpp>
#include <krcu/found.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/foreign.hpp>
#include <krcu/internal/shims.h>
#include <krcu/internal/unique.hpp>
#include <krcu/lock.hpp>
#include <krcu/rcu.hpp>
#include <krcu/srcu.hpp>

namespace krcu {

namespace internal {

/// How the readers of a domain dereference a pointer.
template <class Domain>
struct Readers final {
	static_assert(!sizeof(Domain), "krcu: the readers of an Rcu are RCU's, or those of a krcu::Srcu<Tag>");
};
template <>
struct Readers<RcuDomain> final {
	static void *dereference(void *const *slot, const ReadGuard &) { return krcu_rcu_dereference(slot); }
};
template <class Tag>
struct Readers<Srcu<Tag>> final {
	static void *dereference(void *const *slot, const typename Srcu<Tag>::Guard &guard)
	{
		return krcu_srcu_dereference(slot, guard.domain_);
	}
};

} // namespace internal

template <ForeignOwnable P, class Domain>
class Rcu;
template <ForeignOwnableRcu P, auto link>
class List;

/// An object that has been unpublished, but that readers may still hold.
///
/// Dropping it gives the P back: where P's own destruction waits for readers (RcuBox, RcuFreeBox,
/// SrcuBox), at once and without blocking, in any context that P's allows. Any other P is dropped after
/// synchronize_rcu(), which sleeps: process context, outside any read-side critical section.
/// Empty when there was no old object; dropping an empty one does nothing.
template <ForeignOwnable P, class Domain = RcuDomain>
class [[nodiscard("dropping the old object may wait for a grace period: say where")]] RcuOld final {
public:
	using element_type = typename P::element_type;

	/// Read by the boxes: one that runs destructors in softirq refuses what waits for a grace period.
	static constexpr bool destructor_may_sleep = !ForeignOwnableRcu<P, typename Domain::Guard>;

	constexpr RcuOld() noexcept = default;

	/// Moving one empties it. Moving one over another drops the object held there, as the destructor does;
	/// onto itself changes nothing.
	RcuOld(RcuOld &&) noexcept = default;
	RcuOld &operator=(RcuOld &&) noexcept = default;
	~RcuOld()
		requires(!destructor_may_sleep)
	= default;
	~RcuOld() KRCU_EXCLUDES(internal::rcu) = default;

	/// Whether there was an old object.
	explicit operator bool() const noexcept { return bool(foreign_); }

	/// The old object, until this drops it. The RcuOld must not be empty.
	const element_type &operator*() const noexcept KRCU_LIFETIMEBOUND { return P::borrow(foreign_.get()); }
	const element_type *operator->() const noexcept KRCU_LIFETIMEBOUND { return &P::borrow(foreign_.get()); }

private:
	friend class Rcu<P, Domain>;
	template <ForeignOwnableRcu Q, auto link>
	friend class List;

	struct Drop {
		void operator()(void *foreign) const
		{
			if constexpr (destructor_may_sleep)
				krcu_synchronize_rcu();
			// Holds because Rcu's exchange, or a List's lock, gave this pointer to no one else.
			[[maybe_unused]] P last = P::from_foreign(foreign);
		}
	};

	explicit RcuOld(void *foreign) noexcept : foreign_(foreign) {}

	internal::Unique<void, Drop> foreign_;
};

/// An atomic pointer that owns a P, or is null: readers dereference it under a guard, updaters
/// replace what it owns and get the old object back as an RcuOld.
///
/// It is one pointer, needs no constructor at run time (declare it constinit), and stays where it is:
/// it can be neither copied nor moved. A module runs no static destructors: at namespace scope it is a
/// KRCU_GLOBAL, or else emptied with take() in the module's exit.
///
/// Rcu<P, Srcu<Tag>> has the readers of that domain, who may sleep; P is then an SrcuBox<T, Tag>, and what
/// is said of a ReadGuard below applies to the domain's Guard.
///
/// After Rust's Rcu<P> (the "RCU protected pointer" patches on the rust-for-linux list).
///
/// Use like:
///
///     struct Config {
///             int limit;
///     };
///     using ConfigBox = krcu::RcuKBox<Config>;
///
///     KRCU_GLOBAL(config, krcu::Rcu<ConfigBox>);
///
///     int read_limit()
///     {
///             krcu::ReadGuard guard;
///             auto c = config->dereference(guard);
///             return c ? c->limit : 0;
///     }
///
///     void replace(ConfigBox fresh)
///     {
///             auto old = config->replace(std::move(fresh));
///     }
///
///     struct Updaters {
///             static constexpr const char *name = "mydrv_updaters";
///     };
///
///     int raise_limit(const krcu::Mutex<Updaters>::Guard &held)
///     {
///             auto old = config->copy_update(held, [](const Config *c) {
///                     return ConfigBox::make(krcu::GFP_KERNEL, c ? c->limit + 1 : 1);
///             });
///             return old ? 0 : old.error();
///     }
///
///     int double_limit()                      // without a lock
///     {
///             for (;;) {
///                     krcu::ReadGuard guard;
///                     auto seen = config->dereference(guard);
///                     if (!seen)
///                             return -ENOENT;
///                     auto fresh = ConfigBox::make(krcu::GFP_ATOMIC, 2 * seen->limit);
///                     if (!fresh)
///                             return -ENOMEM;
///                     if (config->compare_exchange(seen, std::move(fresh)))
///                             return 0;
///             }                               // somebody else was faster
///     }
template <ForeignOwnable P, class Domain = RcuDomain>
class Rcu final {
	using Readers = internal::Readers<Domain>;
	using Guard = typename Domain::Guard;
	using Old = RcuOld<P, Domain>;

	static_assert(std::is_same_v<Domain, RcuDomain> || ForeignOwnableRcu<P, Guard>,
		      "krcu: an Rcu<P, Srcu<Tag>> owns an SrcuBox<T, Tag>: P has to wait for readers of that very domain");

public:
	using element_type = typename P::element_type;

	/// Read by the boxes: one that runs destructors in softirq refuses what waits for a grace period.
	static constexpr bool destructor_may_sleep = Old::destructor_may_sleep;

	/// Null.
	constexpr Rcu() noexcept = default;

	/// Owns what `p` owned; null if it was empty.
	explicit Rcu(P p) noexcept : foreign_(std::move(p).into_foreign()) {}
	explicit Rcu(Draft<P> draft) noexcept : foreign_(std::move(draft).into_foreign()) {}

	Rcu(const Rcu &) = delete;
	Rcu &operator=(const Rcu &) = delete;

	/// Drops the object as an RcuOld does. Readers that hold it may go on; the caller must exclude new readers
	/// and updaters.
	~Rcu()
		requires(!destructor_may_sleep)
	{
		Old last(release());
	}
	~Rcu() KRCU_EXCLUDES(internal::rcu) { Old last(release()); }

	/// The object, or null; valid as long as the guard, even if it is replaced or this Rcu is gone.
	/// Context: any that the guard allows. See rcu_dereference(), srcu_dereference().
	Found<element_type> dereference(KRCU_LIFETIMEBOUND const Guard &guard) const noexcept
	{
		void *foreign = Readers::dereference(&foreign_, guard);

		if (!foreign) [[unlikely]]
			return Found<element_type>(nullptr);
		if constexpr (ForeignOwnableRcu<P, Guard>)
			return Found<element_type>(P::rcu_borrow(foreign, guard));
		else // Holds because RcuOld waits for a grace period before it takes the pointer back.
			return Found<element_type>(P::borrow(foreign));
	}
	Found<element_type> dereference(const Guard &&) const = delete; // the guard would be gone before what it finds

	/// The object, or null, under the lock that all updaters of this Rcu hold, a Mutex or a SpinLock; valid as long
	/// as the guard, unless its holder replaces the object. It costs a load. Lockdep checks that the lock is held.
	/// Context: any that the lock allows. See rcu_dereference_protected().
	template <LockGuard G>
	Found<element_type> dereference(KRCU_LIFETIMEBOUND const G &held) const noexcept
	{
		void *foreign = dereference_under(&foreign_, held);

		if (!foreign) [[unlikely]]
			return Found<element_type>(nullptr);
		return Found<element_type>(P::borrow(foreign));
	}
	template <LockGuard G>
	Found<element_type> dereference(const G &&) const = delete; // the lock would be released before

	/// Publishes `p`, or null if it is empty, and returns what was there. Any number of updaters at once.
	/// Context: any. See rcu_replace_pointer(), which needs a lock where this exchanges.
	template <Publishable<P> S = P>
	Old replace(S p) noexcept
	{
		return Old(krcu_rcu_replace(&foreign_, std::move(p).into_foreign()));
	}

	/// Publishes `fresh`, or null if it is empty, if what is there is what was `seen`, or null if that was, and
	/// returns what was there. Else nothing changes, and `fresh` comes back as the error. Any number of updaters at
	/// once.
	///
	/// `seen` comes from this Rcu's dereference(), and its guard lives. So its memory is neither freed nor used again
	/// meanwhile: what is at its address is that object, perhaps published anew by another of its owners (RcuRef).
	/// Where dropping an RcuOld waits for readers, move what comes out to where it outlives the guard.
	/// Context: any. See cmpxchg() in Documentation/atomic_t.txt.
	template <Publishable<P> S = P>
	[[nodiscard("nothing is published if another object is there, and what was there has to be dropped")]]
	std::expected<Old, S> compare_exchange(const Found<element_type> &seen, S fresh) noexcept
	{
		void *foreign = std::move(fresh).into_foreign();
		void *expected = nullptr;
		bool maybe = true;

		if constexpr (requires { internal::Foreign::of<P>(*seen); }) {
			if (seen)
				expected = internal::Foreign::of<P>(*seen);
		} else {
			// An owner that krcu does not know. Holds because what is there now stays as long as that guard, too.
			expected = krcu_rcu_access_pointer(&foreign_);
			maybe = seen.get() == (expected ? &P::borrow(expected) : nullptr);
		}
		if (maybe && krcu_rcu_compare_exchange(&foreign_, expected, foreign) == expected)
			return Old(expected);
		// Holds because it was not published.
		return std::unexpected(S::from_foreign(foreign));
	}

	/// Leaves null, and returns what was there. Any number of updaters at once.
	/// Context: any.
	Old take() noexcept { return Old(krcu_rcu_replace(&foreign_, nullptr)); }

	/// Publishes `P update(const T *old)`, or a Draft<P>, made from the current object (null if there is none), and
	/// returns the old one, perhaps nothing. If `update` returns an empty one, say because an allocation failed,
	/// nothing changes and -ENOMEM comes out.
	///
	/// `held` is a guard of the lock that all updaters of this Rcu hold: a Mutex, if `update` sleeps, or a SpinLock.
	/// Lockdep checks that it is held. Where the old object's destruction waits for readers (RcuOld), it sleeps: not
	/// under a SpinLock. If somebody updates without the lock all the same, updates are lost, but nothing is freed
	/// twice.
	/// Context: any that the lock and `update` allow. See rcu_replace_pointer().
	template <LockGuard G, class F>
	[[nodiscard("nothing is published where memory is short, and the old object has to be dropped")]]
	std::expected<Old, int> copy_update(const G &held, F &&update)
	{
		void *fresh = updated(dereference_under(&foreign_, held), std::forward<F>(update));

		if (!fresh)
			return std::unexpected(-ENOMEM);
		return Old(krcu_rcu_replace(&foreign_, fresh));
	}

	/// The same where a lock that krcu does not know, or something else, excludes other updaters for the whole call.
	/// If `update` returns an empty P, an empty RcuOld comes back.
	template <class F>
	Old copy_update(F &&update)
	{
		// Holds without a guard because the caller excludes whoever could drop the object.
		void *fresh = updated(krcu_rcu_access_pointer(&foreign_), std::forward<F>(update));

		return fresh ? Old(krcu_rcu_replace(&foreign_, fresh)) : Old();
	}

private:
	template <class F>
	static void *updated(void *current, F &&update)
	{
		static_assert(internal::Returns<F, P, const element_type *> ||
				      internal::Returns<F, Draft<P>, const element_type *>,
			      "krcu: copy_update() wants a `P update(const T *old)`, which makes the new object from the old one");

		// A Found tells the compiler that there is an object, so that `update` does not test the pointer again.
		return std::forward<F>(update)(current ? Found<element_type>(P::borrow(current)).get() : nullptr).into_foreign();
	}

	// Null by the time the object goes, as what runs then may take() it again. Holds without an exchange
	// because nobody else has a right to the pointer by now.
	void *release() noexcept
	{
		void *foreign = krcu_rcu_access_pointer(&foreign_);

		foreign_ = nullptr;
		return foreign;
	}

	void *foreign_ = nullptr;
};

} // namespace krcu

#endif // KRCU_RCU_PTR_HPP
