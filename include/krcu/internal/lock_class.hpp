// SPDX-License-Identifier: GPL-2.0
/// @file
/// lock_class: what lockdep tells the locks of one type from those of another by.
#ifndef KRCU_INTERNAL_LOCK_CLASS_HPP
#define KRCU_INTERNAL_LOCK_CLASS_HPP

#include <cstddef>

#include <krcu-constants.h>

namespace krcu::internal {

/// The struct lock_class_key of all locks of type Lock; unused in kernels without lockdep.
template <class Lock>
alignas(KRCU_LOCK_CLASS_KEY_ALIGN) inline constinit std::byte
	lock_class[KRCU_LOCK_CLASS_KEY_SIZE ? KRCU_LOCK_CLASS_KEY_SIZE : 1] = {};

} // namespace krcu::internal

#endif // KRCU_INTERNAL_LOCK_CLASS_HPP
