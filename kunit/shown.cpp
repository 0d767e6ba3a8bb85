// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_shown: one of each owner and container, with numbers in them that scripts/targets/debugging.sh
// knows.

#include <cerrno>

#include <krcu/krcu.hpp>

#include "shown.h"

namespace shown {

struct Item : krcu::RefCounted {
	explicit Item(int n) : number(n) {}

	int number;
	krcu::ListLink in_list;
	krcu::HashLink in_table;
};
using ItemRef = krcu::RcuRef<Item>;

struct Waiters {
	void drop_before_gp() {}

	int waiting;
};

KRCU_GLOBAL(nothing, krcu::Rcu<krcu::RcuKBox<int>>);
KRCU_GLOBAL(box, krcu::Rcu<krcu::RcuKBox<int>>);
KRCU_GLOBAL(free_box, krcu::RcuFreeBox<Waiters>);
KRCU_GLOBAL(plain_box, krcu::KBox<int>);
KRCU_GLOBAL(reference, ItemRef);
KRCU_GLOBAL(array, krcu::XArray<krcu::RcuKBox<int>>);
KRCU_GLOBAL(list, krcu::List<ItemRef, &Item::in_list>);
KRCU_GLOBAL(table, krcu::HashTable<ItemRef, &Item::in_table, &Item::number>);

bool fill()
{
	*reference = ItemRef::make(krcu::GFP_KERNEL, 10);
	*free_box = krcu::RcuFreeBox<Waiters>::make(krcu::GFP_KERNEL, 20);
	*plain_box = krcu::KBox<int>::make(krcu::GFP_KERNEL, 30);
	auto old = box->replace(krcu::RcuKBox<int>::make(krcu::GFP_KERNEL, 40));
	for (int index : { 0, 5, 7000 })
		if (!array->store(index, krcu::RcuKBox<int>::make(krcu::GFP_KERNEL, 50 + index), krcu::GFP_KERNEL))
			return false;
	list->push_back(*reference);
	list->push_back(ItemRef::make(krcu::GFP_KERNEL, 11));
	if (table->insert(ItemRef::make(krcu::GFP_KERNEL, 12)))
		return false;
	krcu::ReadGuard guard;
	return *reference && *free_box && *plain_box && box->dereference(guard);
}

} // namespace shown

int shown_fill()
{
	return shown::fill() ? 0 : -ENOMEM;
}

// It is in the list already.
void shown_warn()
{
	shown::list->push_back(*shown::reference); // the backtrace is to name this line
}
