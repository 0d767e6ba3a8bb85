// SPDX-License-Identifier: GPL-2.0
#pragma once

/// Not in an anonymous namespace, so that functions of its box are in COMDAT groups.
struct Table {
	int size;

	~Table() { size = 0; }
};

int table_size();
