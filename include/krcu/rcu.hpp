// SPDX-License-Identifier: GPL-2.0
/// @file
/// RCU itself: the read-side critical section as a guard, and waiting for grace periods.
///
/// Semantics: Documentation/RCU/whatisRCU.rst and the kernel-doc of each kernel function named.
#ifndef KRCU_RCU_HPP
#define KRCU_RCU_HPP

#include <krcu/internal/attributes.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

/// An RCU read-side critical section, from construction to the end of the scope.
///
/// Everything that asks for a `const ReadGuard &` may be called, and what it hands out may be
/// used, while the guard lives. Guards nest. A guard belongs to the task and the scope that made
/// it, so it can be neither copied, moved, allocated, nor left unnamed.
///
/// Context: any, as rcu_read_lock(). Nothing may sleep while a guard lives: use krcu::Srcu for that.
/// The caller must see to that, and must keep what a guard protects no longer than the guard; docs/faq.md says
/// how much of it compilers check.
///
/// Use like:
///
///     struct Config {
///             int limit;
///     };
///     KRCU_GLOBAL(config, krcu::Rcu<krcu::RcuKBox<Config>>);
///
///     int read_limit()
///     {
///             krcu::ReadGuard guard;
///             auto c = config->dereference(guard);
///             return c ? c->limit : 0;
///     }
class KRCU_SCOPED_CAPABILITY ReadGuard final {
public:
	/// Read by the boxes, which refuse what has to stay in its scope. Whatever has a guard as a member says
	/// the same in public: boxes see by themselves only a std::optional, expected, array or pair of one.
	static constexpr bool belongs_to_scope = true;

	/// rcu_read_lock()
	[[nodiscard("the read-side critical section ends with the guard: give it a name")]]
	ReadGuard() noexcept KRCU_ACQUIRE_SHARED(internal::rcu)
	{
		krcu_read_lock();
	}

	/// rcu_read_unlock()
	~ReadGuard() KRCU_RELEASE_GENERIC { krcu_read_unlock(); }

	ReadGuard(const ReadGuard &) = delete;
	ReadGuard &operator=(const ReadGuard &) = delete;

	static void *operator new(krcu_size_t) = delete;
	static void *operator new[](krcu_size_t) = delete;
};

/// RCU, where a template asks for a domain: it has one for the whole kernel. An Srcu<Tag> is another.
struct RcuDomain {
	using Guard = ReadGuard;
};

/// Waits until all pre-existing RCU read-side critical sections have completed.
/// Context: process, outside any read-side critical section. Sleeps.
inline void synchronize_rcu() KRCU_EXCLUDES(internal::rcu) { krcu_synchronize_rcu(); }

/// As synchronize_rcu(), sooner, at the price of interrupting the other CPUs.
/// Context: process, outside any read-side critical section. Sleeps.
inline void synchronize_rcu_expedited() KRCU_EXCLUDES(internal::rcu) { krcu_synchronize_rcu_expedited(); }

/// Waits until every RCU callback that was pending at the call has run: every destructor that an RcuBox
/// or a Callback has deferred so far, except those that reclaim::Work runs and those that wait for the
/// readers of a krcu::Srcu (its barrier()). Memory without a destructor is not waited for. A module's exit
/// waits for all of these by itself (module/krcu/module.c).
/// Context: process, outside any read-side critical section. Sleeps.
inline void rcu_barrier() KRCU_EXCLUDES(internal::rcu) { krcu_rcu_barrier(); }

/// Waits until all that this module has retired so far is destroyed, whatever it was waiting for: RCU,
/// reclaim::Work, or the readers of any of the module's krcu::Srcu. That includes what those destructors retire
/// in turn, in chains of up to 32 objects. A driver's remove() calls it before it frees what destructors use.
/// Not waited for: memory without a destructor, and domains whose Srcu had given up on a late reader at the call.
///
/// It cannot tell whether an object that is destroyed meanwhile was retired before the call. So where others go
/// on retiring it takes 32 rounds, each of one grace period of RCU and of every domain.
/// Context: process, outside any read-side critical section of RCU or of the module's domains, and not in a
/// destructor, nor in a work item of a WQ_MEM_RECLAIM workqueue. Sleeps for as long as readers stay in any of
/// the module's domains for which an object waits.
/// See rcu_barrier(), srcu_barrier(), flush_work().
inline void drain() KRCU_EXCLUDES(internal::rcu) { krcu_drain(); }

/// A grace period that may have to be waited for later: a cookie of one word, to keep beside the data and
/// to look at from any context. Copy it freely. cookie() and from_cookie() take it to C code and back.
///
/// Semantics: get_state_synchronize_rcu() and its kin in kernel/rcu/tree.c, "polled grace periods".
///
/// Use like:
///
///     struct Slot {
///             krcu::GracePeriod unused;
///     };
///
///     void retire(Slot &slot)                 // it has been unpublished
///     {
///             slot.unused = krcu::GracePeriod::start();
///     }
///
///     bool may_be_reused(const Slot &slot)
///     {
///             return slot.unused.elapsed();
///     }
class GracePeriod final {
public:
	/// Returns a cookie for a full grace period after this call, and starts one if needed.
	/// Does not sleep. Context: process or softirq, with interrupts enabled (lockdep asserts this).
	/// See start_poll_synchronize_rcu().
	[[nodiscard("the cookie is the only way to tell when the grace period has elapsed")]]
	static GracePeriod start() noexcept
	{
		return GracePeriod(krcu_start_poll_synchronize_rcu());
	}

	/// As start(), and the grace period is a sooner one, at the price of interrupting the other CPUs.
	/// Does not sleep. Context: as start(). See start_poll_synchronize_rcu_expedited().
	[[nodiscard("the cookie is the only way to tell when the grace period has elapsed")]]
	static GracePeriod start_expedited() noexcept
	{
		return GracePeriod(krcu_start_poll_synchronize_rcu_expedited());
	}

	/// Returns a cookie for a full grace period after this call, and starts none: it elapses if somebody else needs
	/// grace periods, or when somebody waits for it.
	/// Does not sleep. Context: any. See get_state_synchronize_rcu().
	[[nodiscard("the cookie is the only way to tell when the grace period has elapsed")]]
	static GracePeriod snapshot() noexcept
	{
		return GracePeriod(krcu_get_state_synchronize_rcu());
	}

	/// Whether it is over: whether every reader that was there when the cookie was made has left.
	/// Does not sleep. Context: any but NMI. See poll_state_synchronize_rcu().
	bool elapsed() const noexcept { return krcu_poll_state_synchronize_rcu(cookie_); }

	/// Waits until it is over; returns at once if it is.
	/// Context: process, outside any read-side critical section. Sleeps. See cond_synchronize_rcu().
	void wait() const KRCU_EXCLUDES(internal::rcu) { krcu_cond_synchronize_rcu(cookie_); }

	/// As wait(), sooner, at the price of interrupting the other CPUs.
	/// Context: as wait(). See cond_synchronize_rcu_expedited().
	void wait_expedited() const KRCU_EXCLUDES(internal::rcu) { krcu_cond_synchronize_rcu_expedited(cookie_); }

	/// The cookie as C code knows it, which must do with it no more than this class: poll_state_synchronize_rcu(),
	/// cond_synchronize_rcu(), and compare it. Any context.
	unsigned long cookie() const noexcept { return cookie_; }

	/// One that C code has got by get_state_synchronize_rcu() or start_poll_synchronize_rcu(), or from cookie().
	/// Any context.
	static GracePeriod from_cookie(unsigned long cookie) noexcept { return GracePeriod(cookie); }

private:
	explicit GracePeriod(unsigned long cookie) noexcept : cookie_(cookie) {}

	unsigned long cookie_;
};

} // namespace krcu

#endif // KRCU_RCU_HPP
