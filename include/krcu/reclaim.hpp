// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where a box runs the destructor of its object when the grace period is over.
#ifndef KRCU_RECLAIM_HPP
#define KRCU_RECLAIM_HPP

#include <concepts>

namespace krcu::reclaim {

/// In the RCU callback, on any CPU: in softirq, or in a kthread with softirqs disabled, as on PREEMPT_RT, with
/// rcutree.use_softirq=0 and on CPUs in rcu_nocbs=. The destructor must not sleep. Costs nothing besides; right
/// for nearly every T. To reclaim is what RCU calls the freeing of what was retired; memory reclaim, by which
/// the kernel makes room, has no part in it.
struct Softirq {};

/// In a work item of the module's, after the RCU callback: process context, where the destructor may
/// sleep (schedule_work()). Takes no more memory. The destructors run one at a time on a workqueue that is
/// not WQ_MEM_RECLAIM: memory reclaim must not depend on them.
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

} // namespace krcu::reclaim

#endif // KRCU_RECLAIM_HPP
