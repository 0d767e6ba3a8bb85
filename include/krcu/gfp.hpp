// SPDX-License-Identifier: GPL-2.0
/// @file
/// Allocation flags, with the target kernel's own values.
///
/// What each means, and which of them may sleep: Documentation/core-api/memory-allocation.rst
/// and include/linux/gfp_types.h. The values are generated at build (module/krcu_constants.c).
#ifndef KRCU_GFP_HPP
#define KRCU_GFP_HPP

#include <krcu-constants.h>
#include <krcu/internal/shims.h>

namespace krcu {

using gfp_t = krcu_gfp_t;

inline constexpr gfp_t GFP_KERNEL = KRCU_GFP_KERNEL; ///< may sleep: process context only
inline constexpr gfp_t GFP_KERNEL_ACCOUNT = KRCU_GFP_KERNEL_ACCOUNT;
inline constexpr gfp_t GFP_ATOMIC = KRCU_GFP_ATOMIC; ///< never sleeps, may use reserves
inline constexpr gfp_t GFP_NOWAIT = KRCU_GFP_NOWAIT; ///< never sleeps
inline constexpr gfp_t GFP_NOIO = KRCU_GFP_NOIO;
inline constexpr gfp_t GFP_NOFS = KRCU_GFP_NOFS;
inline constexpr gfp_t GFP_USER = KRCU_GFP_USER;

inline constexpr gfp_t __GFP_ZERO = KRCU___GFP_ZERO;
inline constexpr gfp_t __GFP_NOWARN = KRCU___GFP_NOWARN;
inline constexpr gfp_t __GFP_NORETRY = KRCU___GFP_NORETRY;
inline constexpr gfp_t __GFP_RETRY_MAYFAIL = KRCU___GFP_RETRY_MAYFAIL;
inline constexpr gfp_t __GFP_NOFAIL = KRCU___GFP_NOFAIL;
inline constexpr gfp_t __GFP_HIGH = KRCU___GFP_HIGH;
inline constexpr gfp_t __GFP_ACCOUNT = KRCU___GFP_ACCOUNT;

} // namespace krcu

#endif // KRCU_GFP_HPP
