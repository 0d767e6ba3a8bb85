// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where a box runs the destructor of its object when the grace period is over.
#ifndef KRCU_RECLAIM_HPP
#define KRCU_RECLAIM_HPP

#include <concepts>

#include <krcu/internal/attributes.hpp>
#include <krcu/internal/shims.h>

namespace krcu::reclaim {

/// In the RCU callback, on any CPU: in softirq, or in a kthread with softirqs disabled, as on PREEMPT_RT, with
/// rcutree.use_softirq=0 and on CPUs in rcu_nocbs=. The destructor must not sleep. Costs nothing besides; right
/// for nearly every T. To reclaim is what RCU calls the freeing of what was retired; memory reclaim, by which
/// the kernel makes room, has no part in it.
struct Softirq {};

/// In a work item of the module's, in process context, where the destructor may sleep. It is the cheapest way to
/// retire: objects are pushed on a list of the CPU, one grace period is for all that are on it, and then they are
/// destroyed one after the other, and their memory freed, where the allocator can do that, many at once. Takes no more
/// memory, and retiring never allocates.
///
/// - Order: what a CPU retires is destroyed in the order in which it came. The work items of several CPUs run at once.
/// - Delay: an object waits for two grace periods at most, and until what the CPU retired before it is destroyed. So it
///   is not for what has to go soon, nor where a destructor that takes long must not delay others; and as every softirq
///   callback does, it keeps more in memory than an RcuFreeBox, which cleans up at once.
/// - How many: 10,000 of a CPU are many, and then the next grace period is expedited, as it is when memory is short.
///   wait() lets a caller keep it at that. The work item has high priority (WQ_HIGHPRI), so as to keep up with who
///   retires at full speed: a destructor that computes for long delays other tasks.
/// - Memory reclaim, by which the kernel makes room, may wait for these destructors if they themselves neither allocate
///   memory with what may reclaim, as GFP_KERNEL does, nor wait for who does: the module has a workqueue of its own for
///   them, with WQ_MEM_RECLAIM. It is there when the module's init begins, or the load fails with -ENOMEM. A destructor
///   that flushes what is on a workqueue without that flag, such as the system's, breaks the promise, and the kernel
///   warns: let it cancel the work (cancel_work_sync()), or have a workqueue with the flag.
///
/// Objects may be retired in any context but NMI, where a kernel with CONFIG_PROVE_RCU warns, and leaks them. Such a
/// box's T that has no destructor is not batched, but freed by kvfree_rcu().
///
/// Use like:
///
///     struct Session {
///             static constexpr bool destructor_may_sleep = true; // a box that calls it in softirq is refused
///             ~Session();                                        // takes a mutex
///     };
///     using SessionBox = krcu::RcuKBox<Session, krcu::reclaim::Work>;
///
///     SessionBox make_session()
///     {
///             return SessionBox::make(krcu::GFP_KERNEL);
///     }
struct Work {};

template <class R>
concept Policy = std::same_as<R, Softirq> || std::same_as<R, Work>;

/// Back-pressure, for who retires by reclaim::Work faster than grace periods elapse: to be called beside each
/// retirement. True at once where the CPU has few objects that are retired and not destroyed yet. Where it has many,
/// expedites the grace period and waits until they are few again; or for a second, and then it returns false: a reader
/// stays. Whoever goes on all the same adds an object a second, and whoever can had better refuse the update.
///
/// It looks at the objects of one CPU, and several tasks may come at once: there are never more than 10,000 for
/// each CPU, and one for each task.
/// Context: process, outside any read-side critical section, and not in a destructor. Sleeps.
///
/// Use like:
///
///     struct Session {
///             ~Session() {}
///     };
///     krcu::Rcu<krcu::RcuKBox<Session, krcu::reclaim::Work>> session;
///
///     int update()
///     {
///             if (!krcu::reclaim::wait())
///                     return -EBUSY;
///             (void)session.replace(krcu::RcuKBox<Session, krcu::reclaim::Work>::make(krcu::GFP_KERNEL));
///             return 0;
///     }
inline bool wait() KRCU_EXCLUDES(internal::rcu)
{
	return krcu_reclaim_wait();
}

} // namespace krcu::reclaim

#endif // KRCU_RECLAIM_HPP
