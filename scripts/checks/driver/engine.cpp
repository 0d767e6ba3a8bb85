// SPDX-License-Identifier: GPL-2.0
#include <krcu/krcu.hpp>

#include "sub/table.hpp"

extern "C" int engine_start();
extern "C" void engine_stop();

constinit krcu::Rcu<krcu::RcuKBox<Table>> table;

namespace {

struct Row {
	krcu::ListLink link;
};

KRCU_GLOBAL(zebra, krcu::List<krcu::RcuKBox<Row>, &Row::link>);

} // namespace

static KRCU_GLOBAL(apple, krcu::XArray<krcu::RcuKBox<Row>>);

int engine_start()
{
	auto box = krcu::RcuKBox<Table>::make(krcu::GFP_KERNEL, table_size());

	if (!box)
		return -ENOMEM;
	(void)table.replace(std::move(box));
	*banana = krcu::RcuKBox<Table>::make(krcu::GFP_KERNEL, 1);
	return zebra->empty() && *banana ? 0 : -ENOMEM;
}

void engine_stop()
{
	(void)table.take();
}
