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
	NEEDS_CONCURRENCY();
	Reader reader([](const krcu::ReadGuard &, auto stay) { stay(30); });

	ASSERT_TRUE(reader);
	krcu::synchronize_rcu();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(synchronize_rcu_expedited_waits_for_a_reader_on_another_cpu)
{
	NEEDS_CONCURRENCY();
	Reader reader([](const krcu::ReadGuard &, auto stay) { stay(30); });

	ASSERT_TRUE(reader);
	krcu::synchronize_rcu_expedited();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(end_of_an_inner_guard_leaves_the_outer_one_reading)
{
	NEEDS_CONCURRENCY();
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

KUNIT_CASE(grace_period_elapses_only_after_the_reader_has_left)
{
	NEEDS_CONCURRENCY();
	Reader reader;

	ASSERT_TRUE(reader);
	auto grace_period = krcu::GracePeriod::start();
	kunit_sleep_ms(20);
	EXPECT_FALSE(grace_period.elapsed());
	EXPECT_TRUE(reader.reading());
	reader.leave();
	EXPECT_TRUE(sleep_until([&] { return grace_period.elapsed(); }));
}

KUNIT_CASE(wait_for_a_grace_period_waits_for_the_reader)
{
	NEEDS_CONCURRENCY();
	Reader reader([](const krcu::ReadGuard &, auto stay) { stay(50); });

	ASSERT_TRUE(reader);
	auto grace_period = krcu::GracePeriod::start();
	grace_period.wait();
	EXPECT_FALSE(reader.reading());
	EXPECT_TRUE(grace_period.elapsed());
}

KUNIT_CASE(grace_period_that_was_waited_for_has_elapsed)
{
	auto grace_period = krcu::GracePeriod::start();

	grace_period.wait();
	EXPECT_TRUE(grace_period.elapsed());
}

KUNIT_CASE(wait_for_an_elapsed_grace_period_returns_at_once)
{
	NEEDS_CONCURRENCY();
	auto grace_period = krcu::GracePeriod::start();

	krcu::synchronize_rcu();
	EXPECT_TRUE(sleep_until([&] { return grace_period.elapsed(); }));
	Reader reader; // a grace period from here on would have to wait for it

	ASSERT_TRUE(reader);
	grace_period.wait();
	EXPECT_TRUE(reader.reading());
}

KUNIT_CASE(expedited_grace_period_waits_for_the_reader)
{
	NEEDS_CONCURRENCY();
	Reader reader([](const krcu::ReadGuard &, auto stay) { stay(50); });

	ASSERT_TRUE(reader);
	auto grace_period = krcu::GracePeriod::start_expedited();
	grace_period.wait_expedited();
	EXPECT_FALSE(reader.reading());
	EXPECT_TRUE(sleep_until([&] { return grace_period.elapsed(); }));
}

KUNIT_CASE(snapshot_elapses_when_somebody_waits)
{
	auto snapshot = krcu::GracePeriod::snapshot();
	{
		krcu::ReadGuard guard;
		snapshot = krcu::GracePeriod::snapshot();
		EXPECT_FALSE(snapshot.elapsed()); // there is a reader: this
	}
	snapshot.wait();
	EXPECT_TRUE(snapshot.elapsed());
}

KUNIT_CASE(cookie_goes_to_c_and_comes_back)
{
	auto grace_period = krcu::GracePeriod::snapshot();
	auto same = krcu::GracePeriod::from_cookie(grace_period.cookie());

	EXPECT_EQ(same.cookie(), grace_period.cookie());
	same.wait();
	EXPECT_TRUE(grace_period.elapsed());
}

KUNIT_SUITE(rcu);
