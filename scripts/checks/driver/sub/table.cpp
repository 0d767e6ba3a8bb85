// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

KRCU_GLOBAL(banana, krcu::RcuKBox<Table>);

int table_size()
{
	return 42;
}
