// SPDX-License-Identifier: GPL-2.0
/// @file
/// What a module counts that is built with KRCU_STATS=1.
#ifndef KRCU_INTERNAL_STATS_HPP
#define KRCU_INTERNAL_STATS_HPP

#include <krcu/internal/shims.h>

namespace krcu::internal {

/// Adds to one of the numbers in debugfs (module/krcu/stats.c). Without statistics it is nothing in machine code.
inline void count([[maybe_unused]] krcu_counted what, [[maybe_unused]] long n) noexcept
{
	if constexpr (KRCU_STATS)
		krcu_stats_add(what, n);
}

} // namespace krcu::internal

#endif // KRCU_INTERNAL_STATS_HPP
