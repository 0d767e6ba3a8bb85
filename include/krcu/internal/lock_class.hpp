// SPDX-License-Identifier: GPL-2.0
/// @file
/// lock_class and lock_name: what lockdep tells the locks of one type from those of another by.
#ifndef KRCU_INTERNAL_LOCK_CLASS_HPP
#define KRCU_INTERNAL_LOCK_CLASS_HPP

#include <cstddef>

#include <krcu-constants.h>

namespace krcu::internal {

/// The struct lock_class_key of all locks of type Lock; unused in kernels without lockdep.
template <class Lock>
alignas(KRCU_LOCK_CLASS_KEY_ALIGN) inline constinit std::byte
	lock_class[KRCU_LOCK_CLASS_KEY_SIZE ? KRCU_LOCK_CLASS_KEY_SIZE : 1] = {};

/// The name of that class. One pointer for all sources: lockdep compares pointers, and unless they are merged each
/// source has a string of its own.
template <class Tag>
inline constinit const char *lock_name = Tag::name;

} // namespace krcu::internal

#endif // KRCU_INTERNAL_LOCK_CLASS_HPP
