// SPDX-License-Identifier: GPL-2.0
/// @file
/// Time: the kernel's ticks, in which timers and timeouts are given, and nanoseconds.
///
/// The names and the types are the kernel's, as the C half takes them: see include/linux/jiffies.h and
/// Documentation/core-api/timekeeping.rst.
///
/// Use like:
///
///     constinit krcu::Atomic<unsigned long> last_seen;
///
///     void seen()
///     {
///             last_seen.store(krcu::jiffies());
///     }
///
///     bool is_gone()                          // for at least five seconds
///     {
///             return krcu::time_after(krcu::jiffies(), last_seen.load() + 5 * krcu::HZ);
///     }
///
///     unsigned long deadline(unsigned int ms) // for the C half's mod_timer()
///     {
///             return krcu::jiffies() + krcu::msecs_to_jiffies(ms);
///     }
#ifndef KRCU_TIME_HPP
#define KRCU_TIME_HPP

#include <krcu-constants.h>
#include <krcu/internal/shims.h>

namespace krcu {

/// Ticks in a second.
inline constexpr int HZ = KRCU_HZ;

/// The ticks so far, read anew with each call. They begin shortly before they wrap around, so compare them by
/// time_after() and its kin. Context: any, NMI too.
inline unsigned long jiffies() noexcept
{
	return krcu_jiffies();
}

/// Whether `a` is later than `b`: true also where the ticks have wrapped around in between, if they are less than half
/// of an unsigned long apart; that is 24 days on a 32-bit machine with 1000 ticks a second. Of ticks alone.
constexpr bool time_after(unsigned long a, unsigned long b) noexcept
{
	return static_cast<long>(b - a) < 0;
}
constexpr bool time_before(unsigned long a, unsigned long b) noexcept
{
	return time_after(b, a);
}
constexpr bool time_after_eq(unsigned long a, unsigned long b) noexcept
{
	return !time_before(a, b);
}
constexpr bool time_before_eq(unsigned long a, unsigned long b) noexcept
{
	return !time_after(a, b);
}

/// Milliseconds in ticks, rounded up; of a negative int, a wait for ever: MAX_JIFFY_OFFSET. A constant where `ms` is
/// one. Context: any. See msecs_to_jiffies().
inline unsigned long msecs_to_jiffies(unsigned int ms) noexcept
{
	return krcu_msecs_to_jiffies(ms);
}

/// Ticks in milliseconds, of a difference of two times: `jiffies_to_msecs(jiffies() - begin)`. Wraps around after
/// 49 days. Context: any. See jiffies_to_msecs().
inline unsigned int jiffies_to_msecs(unsigned long ticks) noexcept
{
	return krcu_jiffies_to_msecs(ticks);
}

/// Nanoseconds since boot, without the time in suspend; never goes back. Context: any but NMI. See ktime_get_ns().
inline unsigned long long ktime_get_ns() noexcept
{
	return krcu_ktime_get_ns();
}

} // namespace krcu

#endif // KRCU_TIME_HPP
