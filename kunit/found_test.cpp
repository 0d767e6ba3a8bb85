// SPDX-License-Identifier: GPL-2.0
// What look-ups return: krcu/found.hpp

#include <type_traits>
#include <utility>

#include "support.hpp"

using Box = krcu::RcuKBox<Object>;
using Found = krcu::Found<Object>;

static_assert(sizeof(Found) == sizeof(void *) && std::is_trivially_destructible_v<Found>);
static_assert(!std::is_copy_constructible_v<Found> && !std::is_move_constructible_v<Found>);
static_assert(!std::is_copy_assignable_v<Found> && !std::is_move_assignable_v<Found>);
static_assert(std::is_same_v<decltype(*std::declval<Found>()), const Object &>);

KUNIT_CASE(nothing_found_is_false_and_null)
{
	krcu::Rcu<Box> empty;
	krcu::ReadGuard guard;
	auto found = empty.dereference(guard);

	EXPECT_FALSE(found);
	EXPECT_TRUE(found.get() == nullptr);
}

KUNIT_CASE(what_is_found_is_the_object_itself)
{
	auto box = Box::make(krcu::GFP_KERNEL, 7);
	ASSERT_TRUE(box);
	const Object *object = &*box;
	krcu::Rcu<Box> rcu(std::move(box));
	krcu::ReadGuard guard;
	auto found = rcu.dereference(guard);

	ASSERT_TRUE(found);
	EXPECT_TRUE(found.get() == object);
	EXPECT_TRUE(&*found == object);
	EXPECT_EQ(found->value, 7);
}

KUNIT_CASE(what_is_found_stays_when_its_owner_goes)
{
	Object::reset();
	{
		krcu::ReadGuard guard;
		krcu::Rcu<Box> rcu(Box::make(krcu::GFP_ATOMIC, 8));
		auto found = rcu.dereference(guard);

		ASSERT_TRUE(found);
		{
			auto old = rcu.take();
		}
		EXPECT_EQ(found->value, 8);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

// Under the caller's guard a look-up may be a function of its own.
static auto look_up(const krcu::XArray<Box> &array, unsigned long index, const krcu::ReadGuard &callers)
{
	return array.load(index, callers);
}

KUNIT_CASE(a_function_may_return_it_at_once)
{
	krcu::XArray<Box> array;
	ASSERT_TRUE(array.store(3, Box::make(krcu::GFP_KERNEL, 9), krcu::GFP_KERNEL).has_value());
	krcu::ReadGuard guard;

	if (auto found = look_up(array, 3, guard))
		EXPECT_EQ(found->value, 9);
	else
		EXPECT_TRUE(found);
	EXPECT_FALSE(look_up(array, 4, guard));
}

KUNIT_SUITE(found);
