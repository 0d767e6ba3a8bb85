// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where a box runs the destructor of its object when the grace period is over.
#ifndef KRCU_RECLAIM_HPP
#define KRCU_RECLAIM_HPP

#include <concepts>

namespace krcu::reclaim {

/// In the RCU callback: in softirq, or with softirqs disabled, on any CPU. The destructor must not
/// sleep. Costs nothing besides; right for nearly every T.
struct Softirq {};

/// In a work item of the module's, after the RCU callback: process context, where the destructor may
/// sleep (schedule_work()). Takes no more memory. Objects wait for each other's destructors, and not
/// for memory reclaim: nothing that frees memory under pressure should depend on them.
///
/// Use like:
///
///     struct Session {
///             static constexpr bool destructor_may_sleep = true; // no box but such a one takes it
///             ~Session(); // takes a mutex
///     };
///     using SessionBox = krcu::RcuBox<Session, krcu::Kmalloc, krcu::reclaim::Work>;
struct Work {};

template <class R>
concept Policy = std::same_as<R, Softirq> || std::same_as<R, Work>;

} // namespace krcu::reclaim

#endif // KRCU_RECLAIM_HPP
