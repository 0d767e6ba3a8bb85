// SPDX-License-Identifier: GPL-2.0
// KRCU_GLOBAL, Global: krcu/global.hpp
//
// How globals end is in globals.cpp. KUnit of 6.1 runs suites before a module's init, where there are none yet.

#include <type_traits>
#include <utility>

#include "global_test.hpp"
#include "support.hpp"

namespace {

struct ByMake {
	static ByMake make() { return ByMake(1); }
	ByMake(const ByMake &) = delete; // what make() returns is made in its place

	const ByMake *self = this;
	int by;

private:
	explicit ByMake(int b) : by(b) {}
};

struct ByMakeOfBoth {
	ByMakeOfBoth() = default;
	static ByMakeOfBoth make()
	{
		ByMakeOfBoth both;
		both.by = 2;
		return both;
	}
	explicit operator bool() const { return by; }

	int by = 0;
};

/// Empty, as T() says of itself; only make() has to be right.
struct EmptyByDefault {
	static EmptyByDefault make(int); // not without an argument
	explicit operator bool() const { return false; }
};

template <class A, class B>
struct alignas(64) Pair {
	A a;
	B b;
};

} // namespace

KRCU_GLOBAL(first_global, OrderOfGlobals);
KRCU_GLOBAL(second_global, OrderOfGlobals);

namespace {
KRCU_GLOBAL(in_anonymous_namespace, OrderOfGlobals);
static KRCU_GLOBAL(of_make, ByMake);
KRCU_GLOBAL(of_both, ByMakeOfBoth);
KRCU_GLOBAL(of_nothing, EmptyByDefault);
KRCU_GLOBAL(of_commas, Pair<int, Pair<char, long>>);
KRCU_GLOBAL(number, int);
} // namespace

namespace kunit_globals {
KRCU_GLOBAL(in_namespace, OrderOfGlobals);
}

namespace {
constexpr const char *too_early = "this kernel runs suites before the module's init";
} // namespace

static_assert(std::is_trivially_destructible_v<krcu::Global<OrderOfGlobals>> && !std::is_copy_constructible_v<krcu::Global<int>>);
static_assert(std::is_same_v<decltype(*number), int &>);
static_assert(std::is_same_v<decltype(*std::as_const(number)), const int &>);
static_assert(std::is_same_v<decltype(std::as_const(number).operator->()), const int *>);
static_assert(!std::is_convertible_v<krcu::Global<int> &, bool>);

KUNIT_CASE(they_are_made_in_the_order_of_the_file_and_of_the_files)
{
	if (!number)
		SKIP(too_early);
	EXPECT_EQ(first_global->place, 1);
	EXPECT_EQ(second_global->place, 2);
	EXPECT_EQ(in_anonymous_namespace->place, 3);
	EXPECT_EQ(kunit_globals::in_namespace->place, 4);
	EXPECT_EQ(in_another_file->place, 5);
	EXPECT_EQ(last_in_another_file->place, 6);
}

KUNIT_CASE(make_makes_it_in_its_place_where_there_is_one)
{
	if (!number)
		SKIP(too_early);
	EXPECT_EQ(of_make->by, 1);
	EXPECT_EQ(of_make->self, &*of_make);
	EXPECT_EQ(of_both->by, 2);
	EXPECT_FALSE(*of_nothing);
}

KUNIT_CASE(what_has_no_constructor_is_zero)
{
	if (!number)
		SKIP(too_early);
	EXPECT_EQ(*number, 0);
	EXPECT_EQ(of_commas->b.b, 0);
	EXPECT_EQ(reinterpret_cast<unsigned long>(&*of_commas) % 64, 0);
	*number = 3;
	EXPECT_EQ(*std::as_const(number), 3);
}

namespace {

struct Item {
	Item(int k) : key(k) {}
	krcu::HashLink hashed;
	krcu::ListLink listed;
	int key;
};
using ItemBox = krcu::RcuKBox<Item>;

struct Tag {
	static constexpr const char *name = "krcu_kunit_global";
};

KRCU_GLOBAL(domain, krcu::Srcu<Tag>);
KRCU_GLOBAL(sleeping_lock, krcu::Mutex<Tag>);
KRCU_GLOBAL(spinning_lock, krcu::SpinLock<Tag>);
KRCU_GLOBAL(pointer, krcu::Rcu<ItemBox>);
KRCU_GLOBAL(list, krcu::List<ItemBox, &Item::listed>);
KRCU_GLOBAL(array, krcu::XArray<ItemBox>);
KRCU_GLOBAL(table, krcu::HashTable<ItemBox, &Item::hashed, &Item::key>);
KRCU_GLOBAL(queue, krcu::PollWaitQueue);
KRCU_GLOBAL(box, krcu::KBox<int>);

} // namespace

KUNIT_CASE(all_of_krcus_types_can_be_globals)
{
	if (!number)
		SKIP(too_early);
	// What is put in here is left to the module's exit.
	EXPECT_FALSE(pointer->replace(ItemBox::make(krcu::GFP_KERNEL, 1)));
	list->push_back(ItemBox::make(krcu::GFP_KERNEL, 2));
	auto old = array->store(3, ItemBox::make(krcu::GFP_KERNEL, 3), krcu::GFP_KERNEL);
	EXPECT_TRUE(old && !*old);
	int err = table->insert(ItemBox::make(krcu::GFP_KERNEL, 4));
	EXPECT_EQ(err, 0);
	*box = krcu::KBox<int>::make(krcu::GFP_KERNEL, 5);
	queue->wake_up_poll(krcu::EPOLLIN);
	{
		auto held = sleeping_lock->lock();
		auto spinning = spinning_lock->lock_bh();
		auto inside = domain->read_lock();
		krcu::ReadGuard guard;

		auto of_pointer = pointer->dereference(guard);
		auto of_list = std::as_const(list)->find_if(guard, [](const Item &) { return true; });
		auto of_array = std::as_const(array)->load(3, guard);
		auto of_table = std::as_const(table)->find(4, guard);
		EXPECT_TRUE(of_pointer && of_pointer->key == 1);
		EXPECT_TRUE(of_list && of_list->key == 2);
		EXPECT_TRUE(of_array && of_array->key == 3);
		EXPECT_TRUE(of_table && of_table->key == 4);
	}
	domain->synchronize();
}

KUNIT_SUITE(global);
