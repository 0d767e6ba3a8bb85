// SPDX-License-Identifier: GPL-2.0
#pragma once

struct Table {
	int size;
};

int table_size();
