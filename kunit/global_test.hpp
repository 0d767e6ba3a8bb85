// SPDX-License-Identifier: GPL-2.0
/// @file
/// What global_test.cpp and global_test_more.cpp share: globals that know the how-many-th they are.
#ifndef GLOBAL_TEST_HPP
#define GLOBAL_TEST_HPP

#include <krcu/global.hpp>

struct OrderOfGlobals {
	OrderOfGlobals() : place(++count) {}

	static inline constinit int count;
	int place;
};

extern krcu::Global<OrderOfGlobals> in_another_file, last_in_another_file;

#endif // GLOBAL_TEST_HPP
