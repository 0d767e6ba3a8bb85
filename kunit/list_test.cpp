// SPDX-License-Identifier: GPL-2.0
// Lists: krcu/list.hpp

#include <type_traits>
#include <utility>

#include "support.hpp"

namespace {

struct Item : Object {
	using Object::Object;

	krcu::ListLink link;
};
using Box = krcu::RcuBox<Item, Traced<>>;
using List = krcu::List<Box, &Item::link>;

struct Shared : krcu::RefCounted {
	explicit Shared(int v) : value(v) {}

	int value;
	krcu::ListLink link;
};
using Ref = krcu::RcuRef<Shared>;
using RefList = krcu::List<Ref, &Shared::link>;

static_assert(!std::is_copy_constructible_v<List> && !std::is_move_constructible_v<List>);
static_assert(std::is_trivially_destructible_v<krcu::ListLink>);

void reset()
{
	krcu::drain(); // what other cases have left
	Object::reset();
	Traced<>::reset();
}

/// The values in order, as the digits of a number.
template <class L>
int values(const L &list)
{
	krcu::ReadGuard guard;
	int digits = 0;

	list.for_each(guard, [&](const auto &item) { digits = 10 * digits + item.value; });
	return digits;
}

auto is(int value)
{
	return [=](const auto &item) { return item.value == value; };
}

void push(List &list, int value)
{
	list.push_back(Box::make(krcu::GFP_KERNEL, value));
}

} // namespace

KUNIT_CASE(items_come_in_the_order_of_their_places)
{
	reset();
	{
		List list;
		EXPECT_TRUE(list.empty());
		EXPECT_EQ(values(list), 0);
		push(list, 2);
		push(list, 3);
		list.push_front(Box::make(krcu::GFP_KERNEL, 1));
		EXPECT_FALSE(list.empty());
		EXPECT_EQ(values(list), 123);
	}
	EXPECT_EQ(Object::made, 3);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 3);
	EXPECT_EQ(Traced<>::freed, 3);
}

KUNIT_CASE(empty_owners_are_not_pushed)
{
	List list;

	list.push_front(Box());
	list.push_back(krcu::Draft<Box>());
	EXPECT_TRUE(list.empty());
}

KUNIT_CASE(drafts_can_be_pushed)
{
	List list;
	auto draft = Box::draft(krcu::GFP_KERNEL, 1);

	ASSERT_TRUE(draft);
	draft->value = 4;
	list.push_back(std::move(draft));
	EXPECT_EQ(values(list), 4);
}

KUNIT_CASE(what_is_erased_is_retired_when_its_old_owner_goes)
{
	reset();
	List list;
	push(list, 1);
	push(list, 2);
	push(list, 3);
	{
		krcu::ReadGuard guard;
		auto two = list.find_if(guard, is(2));
		ASSERT_TRUE(two);
		{
			auto old = list.erase(*two);
			ASSERT_TRUE(old);
			EXPECT_EQ(old->value, 2);
			EXPECT_EQ(values(list), 13);
			EXPECT_FALSE(list.erase(*two)); // it is out already
		}
		EXPECT_FALSE(list.find_if(guard, is(2)));
		spin_ms(20);
		EXPECT_EQ(two->value, 2);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(values(list), 13);
}

KUNIT_CASE(erase_if_takes_the_first)
{
	List list;
	for (int value : { 1, 2, 2, 3 })
		push(list, value);
	EXPECT_TRUE(list.erase_if(is(2)));
	EXPECT_EQ(values(list), 123);
	EXPECT_FALSE(list.erase_if(is(4)));
	EXPECT_TRUE(list.erase_if(is(2)));
	EXPECT_EQ(values(list), 13);
}

KUNIT_CASE(what_never_was_in_a_list_cannot_be_erased)
{
	List list;
	Item outside(1);

	EXPECT_FALSE(list.erase(outside));
	auto fresh = Box::make(krcu::GFP_KERNEL, 2);
	ASSERT_TRUE(fresh);
	EXPECT_FALSE(list.replace(outside, std::move(fresh)));
	ASSERT_TRUE(fresh);
	EXPECT_EQ(fresh->value, 2);
}

KUNIT_CASE(replacing_keeps_the_place)
{
	reset();
	{
		List list;
		for (int value : { 1, 2, 3 })
			push(list, value);
		krcu::ReadGuard guard;
		auto two = list.find_if(guard, is(2));
		ASSERT_TRUE(two);
		{
			auto old = list.replace(*two, Box::make(krcu::GFP_ATOMIC, 5));
			ASSERT_TRUE(old);
			EXPECT_EQ(old->value, 2);
		}
		EXPECT_EQ(values(list), 153);
		// It is out already, so the new one stays with its owner.
		auto late = Box::draft(krcu::GFP_ATOMIC, 6);
		ASSERT_TRUE(late);
		EXPECT_FALSE(list.replace(*two, std::move(late)));
		ASSERT_TRUE(late);
		EXPECT_EQ(late->value, 6);
		auto five = list.find_if(guard, is(5));
		ASSERT_TRUE(five);
		EXPECT_FALSE(list.replace(*five, Box()));
		EXPECT_EQ(values(list), 153);
		EXPECT_TRUE(list.replace(*five, std::move(late)));
		EXPECT_EQ(values(list), 163);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Traced<>::freed, Traced<>::allocated);
}

KUNIT_CASE(visits_may_stop_and_may_erase)
{
	List list;
	for (int value : { 1, 2, 3, 4 })
		push(list, value);
	krcu::ReadGuard guard;
	int seen = 0;
	list.for_each(guard, [&](const Item &item) {
		seen = 10 * seen + item.value;
		return item.value != 2;
	});
	EXPECT_EQ(seen, 12);
	seen = 0;
	list.for_each(guard, [&](const Item &item) {
		seen = 10 * seen + item.value;
		if (item.value % 2)
			(void)list.erase(item);
	});
	EXPECT_EQ(seen, 1234);
	EXPECT_EQ(values(list), 24);
}

KUNIT_CASE(steps_under_one_lock)
{
	reset();
	{
		List list;
		krcu::RcuOld<Box> old;
		{
			auto held = list.lock();
			EXPECT_TRUE(held.empty());
			held.push_back(Box::make(krcu::GFP_ATOMIC, 1));
			held.push_back(Box::draft(krcu::GFP_ATOMIC, 2));
			held.push_front(Box::make(krcu::GFP_ATOMIC, 3));
			auto two = held.find_if(is(2));
			ASSERT_TRUE(two);
			old = held.replace(*two, Box::make(krcu::GFP_ATOMIC, 4));
			EXPECT_FALSE(held.find_if(is(2)));
			EXPECT_TRUE(held.erase_if(is(3)));
			int seen = 0;
			held.for_each([&](const Item &item) {
				seen = 10 * seen + item.value;
				if (item.value == 1)
					EXPECT_TRUE(held.erase(item));
			});
			EXPECT_EQ(seen, 14);
		}
		EXPECT_EQ(values(list), 4);
		ASSERT_TRUE(old);
		EXPECT_EQ(old->value, 2);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 4);
}

KUNIT_CASE(reader_elsewhere_walks_on_from_what_was_erased)
{
	NEEDS_CONCURRENCY();
	static constinit List *shared;
	static constinit Counter seen;
	List list;

	reset();
	for (int value : { 1, 2, 3 })
		push(list, value);
	shared = &list;
	seen = 0;
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			shared->for_each(guard, [&](const Item &item) {
				if (item.value == 2)
					stay();
				seen = 10 * seen + item.value;
			});
		});
		ASSERT_TRUE(reader);
		{
			auto old = list.erase_if(is(2));
			EXPECT_TRUE(old);
		}
		kunit_sleep_ms(50);
		EXPECT_TRUE(reader.reading());
		EXPECT_EQ(Object::destroyed, 0);
		push(list, 4);
	}
	EXPECT_EQ(seen, 1234);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

namespace {

/// Takes its neighbour with it.
struct Pair {
	explicit Pair(bool f) : first(f) { ++Object::made; }
	~Pair();

	bool first;
	krcu::ListLink link;
};
using Pairs = krcu::List<krcu::RcuKBox<Pair>, &Pair::link>;
constinit Pairs *pairs;

Pair::~Pair()
{
	++Object::destroyed;
	if (first)
		(void)pairs->erase_if([](const Pair &) { return true; });
}

} // namespace

KUNIT_CASE(destructor_may_change_the_list)
{
	Object::reset();
	Pairs list;
	pairs = &list;
	list.push_back(krcu::RcuKBox<Pair>::make(krcu::GFP_KERNEL, true));
	list.push_back(krcu::RcuKBox<Pair>::make(krcu::GFP_KERNEL, false));
	list.push_back(krcu::RcuKBox<Pair>::make(krcu::GFP_KERNEL, false));
	(void)list.erase_if([](const Pair &pair) { return pair.first; });
	krcu::drain();
	EXPECT_EQ(Object::destroyed, 2);
	list.clear();
	EXPECT_TRUE(list.empty());
	krcu::drain();
	EXPECT_EQ(Object::destroyed, 3);
}

KUNIT_CASE(copies_are_in_no_list)
{
	RefList list, other;
	auto ref = Ref::make(krcu::GFP_KERNEL, 1);

	ASSERT_TRUE(ref);
	list.push_back(Ref(ref));
	auto copy = Ref::make(krcu::GFP_KERNEL, *ref);
	ASSERT_TRUE(copy);
	EXPECT_FALSE(other.erase(*copy));
	other.push_back(std::move(copy));
	EXPECT_EQ(values(list), 1);
	EXPECT_EQ(values(other), 1);
}

KUNIT_CASE(list_is_one_of_several_owners)
{
	RefList list;
	auto ref = Ref::make(krcu::GFP_KERNEL, 7);

	ASSERT_TRUE(ref);
	list.push_back(Ref(ref));
	Ref found;
	{
		krcu::ReadGuard guard;
		auto item = list.find_if(guard, is(7));
		ASSERT_TRUE(item);
		found = Ref::try_get(*item, guard);
	}
	ref.reset();
	{
		auto old = list.erase(*found);
		EXPECT_TRUE(old && &*old == &*found);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(found->value, 7);
	krcu::ReadGuard guard;
	EXPECT_TRUE(Ref::try_get(*found, guard));
}

KUNIT_CASE(lists_can_be_updated_in_softirq)
{
	static constinit List *shared;
	List list;

	reset();
	shared = &list;
	push(list, 1);
	kunit_run_in_softirq(
		[](void *) {
			shared->push_back(Box::make(krcu::GFP_ATOMIC, 2));
			(void)shared->erase_if(is(1));
		},
		nullptr);
	EXPECT_EQ(values(list), 2);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(racing_updaters_drop_every_item_once)
{
	NEEDS_CONCURRENCY();
	static constexpr int rounds = 2000;
	static constinit List *shared;
	List list;

	reset();
	shared = &list;
	const auto update = [](int value) {
		for (int i = 0; i < rounds; i++) {
			shared->push_back(Box::make(krcu::GFP_KERNEL, value));
			krcu::ReadGuard guard;
			if (auto any = shared->find_if(guard, [](const Item &) { return true; }))
				(void)shared->erase(*any); // perhaps the other was faster
		}
	};
	{
		OnOtherCpu other([=] { update(1); });
		ASSERT_TRUE(other);
		update(2);
	}
	list.clear();
	krcu::rcu_barrier();
	EXPECT_EQ(Object::made, 2 * rounds);
	EXPECT_EQ(Object::destroyed, 2 * rounds);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_SUITE(list);
