// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

int table_size()
{
	return 42;
}
