// SPDX-License-Identifier: GPL-2.0
#pragma once

#include <krcu/krcu.hpp>

/// Not in an anonymous namespace, so that functions of its box are in COMDAT groups.
struct Table {
	int size;

	~Table() { size = 0; }
};

extern krcu::Global<krcu::RcuKBox<Table>> banana;

int table_size();
