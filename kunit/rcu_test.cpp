// SPDX-License-Identifier: GPL-2.0
// Read-side critical sections and grace periods: krcu/rcu.hpp

#include <type_traits>

#include "support.hpp"

static_assert(!std::is_copy_constructible_v<krcu::ReadGuard> && !std::is_move_constructible_v<krcu::ReadGuard> &&
	      !std::is_copy_assignable_v<krcu::ReadGuard> && !std::is_move_assignable_v<krcu::ReadGuard>);

template <class T>
concept Newable = requires { new T; };
static_assert(!Newable<krcu::ReadGuard>);

KUNIT_CASE(synchronize_rcu_waits_for_a_reader_on_another_cpu)
{
	Reader reader([](const krcu::ReadGuard &, auto stay) { stay(30); });

	ASSERT_TRUE(reader);
	krcu::synchronize_rcu();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(synchronize_rcu_expedited_waits_for_a_reader_on_another_cpu)
{
	Reader reader([](const krcu::ReadGuard &, auto stay) { stay(30); });

	ASSERT_TRUE(reader);
	krcu::synchronize_rcu_expedited();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(end_of_an_inner_guard_leaves_the_outer_one_reading)
{
	Reader reader([](const krcu::ReadGuard &, auto stay) {
		{
			krcu::ReadGuard inner;
		}
		stay(30);
	});

	ASSERT_TRUE(reader);
	krcu::synchronize_rcu_expedited();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(lockdep_sees_exactly_the_guarded_scope)
{
	if (kunit_rcu_read_lock_held())
		SKIP("without lockdep nobody knows");
	{
		krcu::ReadGuard outer;
		EXPECT_TRUE(kunit_rcu_read_lock_held());
		{
			krcu::ReadGuard inner;
		}
		EXPECT_TRUE(kunit_rcu_read_lock_held());
	}
	EXPECT_FALSE(kunit_rcu_read_lock_held());
}

KUNIT_CASE(rcu_barrier_waits_for_a_thousand_destructors)
{
	Object::reset();
	for (int i = 0; i < 1000; i++)
		auto dropped = krcu::RcuKBox<Object>::make(krcu::GFP_KERNEL);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::made, 1000);
	EXPECT_EQ(Object::destroyed, 1000);
}

KUNIT_SUITE(rcu);
