// SPDX-License-Identifier: GPL-2.0
#include <krcu/krcu.hpp>

#include "sub/table.hpp"

extern "C" int engine_start();
extern "C" void engine_stop();

constinit krcu::Rcu<krcu::RcuKBox<Table>> table;

int engine_start()
{
	auto box = krcu::RcuKBox<Table>::make(krcu::GFP_KERNEL, table_size());

	if (!box)
		return -ENOMEM;
	(void)table.replace(std::move(box));
	return 0;
}

void engine_stop()
{
	(void)table.take();
}
