// SPDX-License-Identifier: GPL-2.0
/// @file
/// Allocation flags, with the target kernel's own values.
///
/// What each means, and which of them may sleep: Documentation/core-api/memory-allocation.rst
/// and include/linux/gfp_types.h. The values are generated at build (module/krcu/constants.c).
#ifndef KRCU_GFP_HPP
#define KRCU_GFP_HPP

#include <utility>

#include <krcu-constants.h>
#include <krcu/internal/shims.h>

namespace krcu {

/// A set of allocation flags: GFP_KERNEL | __GFP_ZERO is one. A number is none, so that neither the size of
/// an array nor what an object is made from can be taken for flags; C code's come in by gfp_t(flags).
// Not a class: that loses GCC what it knows of the values, and kmalloc() inlines to more than in C.
enum class gfp_t : krcu_gfp_t {};

constexpr gfp_t operator|(gfp_t a, gfp_t b) noexcept
{
	return gfp_t(std::to_underlying(a) | std::to_underlying(b));
}
constexpr gfp_t operator&(gfp_t a, gfp_t b) noexcept
{
	return gfp_t(std::to_underlying(a) & std::to_underlying(b));
}
constexpr gfp_t operator~(gfp_t a) noexcept
{
	return gfp_t(~std::to_underlying(a));
}
constexpr gfp_t &operator|=(gfp_t &a, gfp_t b) noexcept
{
	return a = a | b;
}
constexpr gfp_t &operator&=(gfp_t &a, gfp_t b) noexcept
{
	return a = a & b;
}

inline constexpr gfp_t GFP_KERNEL = gfp_t(KRCU_GFP_KERNEL); ///< may sleep: process context only
inline constexpr gfp_t GFP_KERNEL_ACCOUNT = gfp_t(KRCU_GFP_KERNEL_ACCOUNT);
inline constexpr gfp_t GFP_ATOMIC = gfp_t(KRCU_GFP_ATOMIC); ///< never sleeps, may use reserves
inline constexpr gfp_t GFP_NOWAIT = gfp_t(KRCU_GFP_NOWAIT); ///< never sleeps
inline constexpr gfp_t GFP_NOIO = gfp_t(KRCU_GFP_NOIO);
inline constexpr gfp_t GFP_NOFS = gfp_t(KRCU_GFP_NOFS);
inline constexpr gfp_t GFP_USER = gfp_t(KRCU_GFP_USER);

inline constexpr gfp_t __GFP_ZERO = gfp_t(KRCU___GFP_ZERO);
inline constexpr gfp_t __GFP_NOWARN = gfp_t(KRCU___GFP_NOWARN);
inline constexpr gfp_t __GFP_NORETRY = gfp_t(KRCU___GFP_NORETRY);
inline constexpr gfp_t __GFP_RETRY_MAYFAIL = gfp_t(KRCU___GFP_RETRY_MAYFAIL);
inline constexpr gfp_t __GFP_NOFAIL = gfp_t(KRCU___GFP_NOFAIL);
inline constexpr gfp_t __GFP_HIGH = gfp_t(KRCU___GFP_HIGH);
inline constexpr gfp_t __GFP_ACCOUNT = gfp_t(KRCU___GFP_ACCOUNT);

} // namespace krcu

#endif // KRCU_GFP_HPP
