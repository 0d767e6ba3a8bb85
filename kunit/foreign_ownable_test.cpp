// SPDX-License-Identifier: GPL-2.0
// Ownership as one pointer: krcu/foreign_ownable.hpp, and how the boxes do it

#include "support.hpp"

namespace {

using Box = krcu::RcuKBox<Object>;
using FreeBox = krcu::RcuFreeBox<CountsDrops>;

static_assert(krcu::ForeignOwnableRcu<Box> && krcu::ForeignOwnableRcu<krcu::RcuVBox<int>> &&
	      krcu::ForeignOwnableRcu<krcu::RcuKVBox<int>> && krcu::ForeignOwnableRcu<FreeBox>);
static_assert(krcu::ForeignOwnable<PlainOwner<Object>> && !krcu::ForeignOwnableRcu<PlainOwner<Object>>);
static_assert(!krcu::ForeignOwnable<int *> && !krcu::ForeignOwnableRcu<int *> && !krcu::ForeignOwnable<Object>);
static_assert(!krcu::ForeignOwnable<krcu::Callback<Object>>);

} // namespace

KUNIT_CASE(only_the_last_owner_of_a_round_trip_destroys)
{
	void *foreign;

	Object::reset();
	{
		auto box = Box::make(krcu::GFP_KERNEL, 5);

		foreign = std::move(box).into_foreign();
		EXPECT_FALSE(box);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 0);
	ASSERT_TRUE(foreign);
	EXPECT_EQ(Box::borrow(foreign).value, 5);
	{
		auto last = Box::from_foreign(foreign);

		EXPECT_EQ(last->value, 5);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(into_foreign_of_a_free_box_does_not_drop_before_the_owner_does)
{
	void *foreign;

	CountsDrops::dropped = 0;
	{
		auto box = FreeBox::make(krcu::GFP_KERNEL, 6);
		foreign = std::move(box).into_foreign();
		EXPECT_FALSE(box);
	}
	EXPECT_EQ(CountsDrops::dropped, 0);
	ASSERT_TRUE(foreign);
	EXPECT_EQ(FreeBox::borrow(foreign).value, 6);
	{
		auto last = FreeBox::from_foreign(foreign);
	}
	EXPECT_EQ(CountsDrops::dropped, 1);
}

KUNIT_CASE(null_is_an_empty_box_and_back)
{
	EXPECT_FALSE(Box().into_foreign());
	EXPECT_FALSE(Box::from_foreign(nullptr));
	EXPECT_FALSE(FreeBox().into_foreign());
	EXPECT_FALSE(FreeBox::from_foreign(nullptr));
}

KUNIT_CASE(borrow_and_rcu_borrow_see_the_object)
{
	auto box = Box::make(krcu::GFP_KERNEL, 8);
	auto free_box = FreeBox::make(krcu::GFP_KERNEL, 9);
	ASSERT_TRUE(box && free_box);
	const Object *object = &*box;
	const CountsDrops *waiters = &*free_box;
	void *foreign = std::move(box).into_foreign(), *free_foreign = std::move(free_box).into_foreign();
	{
		krcu::ReadGuard guard;

		EXPECT_EQ(&Box::borrow(foreign), object);
		EXPECT_EQ(&Box::rcu_borrow(foreign, guard), object);
		EXPECT_EQ(&FreeBox::borrow(free_foreign), waiters);
		EXPECT_EQ(&FreeBox::rcu_borrow(free_foreign, guard), waiters);
	}
	box = Box::from_foreign(foreign);
	free_box = FreeBox::from_foreign(free_foreign);
}

KUNIT_CASE(rcu_borrow_lasts_as_long_as_the_guard)
{
	Object::reset();
	void *foreign = Box::make(krcu::GFP_KERNEL, 8).into_foreign();
	ASSERT_TRUE(foreign);
	{
		krcu::ReadGuard guard;
		const Object &object = Box::rcu_borrow(foreign, guard);
		{
			auto last = Box::from_foreign(foreign);
		}
		spin_ms(20);
		EXPECT_EQ(object.value, 8);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

template <class B>
static void check_value_in_c(kunit *test)
{
	void *foreign = B::make(krcu::GFP_KERNEL, 1234).into_foreign();

	ASSERT_TRUE(foreign);
	EXPECT_EQ(kunit_foreign_value(foreign), 1234);
	auto last = B::from_foreign(foreign);
}
KUNIT_CASE(c_finds_the_value_behind_an_rcu_head)
{
	check_value_in_c<krcu::RcuKBox<int>>(test);
	check_value_in_c<krcu::RcuVBox<int>>(test);
	check_value_in_c<krcu::RcuKVBox<int>>(test);
	check_value_in_c<FreeBox>(test);
}

KUNIT_SUITE(foreign_ownable);
