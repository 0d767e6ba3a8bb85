// SPDX-License-Identifier: GPL-2.0
// Reclaim in process context: krcu/reclaim.hpp

#include "support.hpp"

namespace {

/// Its destructor sleeps.
struct Sleepy : Object {
	static constexpr bool destructor_may_sleep = true;

	using Object::Object;
	~Sleepy() { kunit_sleep_ms(1); }
};

struct Queue {
	static constexpr const char *name = "krcu_kunit_reclaim";
};

using Box = krcu::RcuKBox<Sleepy, krcu::reclaim::Work>;

static_assert(sizeof(Box) == sizeof(void *));
static_assert(krcu::ForeignOwnableRcu<Box>);

bool all_destroyed()
{
	return Object::destroyed == Object::made;
}

} // namespace

KUNIT_CASE(sleeping_destructor_runs_in_process_context)
{
	Object::reset();
	{
		auto box = Box::make(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(box);
	}
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(Object::destroyed_in_task, 1);
}

KUNIT_CASE(destructor_in_work_waits_for_a_reader_on_another_cpu)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	{
		Reader reader;

		ASSERT_TRUE(reader);
		{
			auto box = Box::make(krcu::GFP_KERNEL);
		}
		kunit_sleep_ms(30);
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(reader.reading());
	}
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(work_takes_no_more_memory)
{
	Object::reset();
	Traced<>::reset();
	auto plain = krcu::RcuBox<Object, Traced<>>::make(krcu::GFP_KERNEL);
	const long size = Traced<>::last_size;
	auto box = krcu::RcuBox<Object, Traced<>, krcu::reclaim::Work>::make(krcu::GFP_KERNEL);

	ASSERT_TRUE(plain && box);
	EXPECT_EQ(Traced<>::last_size, size);
	box.reset();
	EXPECT_TRUE(sleep_until([] { return Traced<>::freed == 1; }));
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(many_are_destroyed_once_each)
{
	Object::reset();
	for (int i = 0; i < 500; i++) {
		auto box = krcu::RcuKBox<Object, krcu::reclaim::Work>::make(krcu::GFP_KERNEL, i);
	}
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(Object::made, 500);
	EXPECT_EQ(Object::destroyed_dead, 0);
	EXPECT_EQ(Object::destroyed_in_task, 500);
}

KUNIT_CASE(box_can_be_dropped_in_softirq)
{
	Object::reset();
	kunit_run_in_softirq([](void *) { auto box = Box::make(krcu::GFP_ATOMIC); }, nullptr);
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(Object::destroyed_in_task, 1);
}

KUNIT_CASE(no_work_where_there_is_no_destructor)
{
	using Number = krcu::RcuBox<long, Traced<>, krcu::reclaim::Work>;

	Traced<>::reset();
	{
		auto box = Number::make(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(box);
	}
	EXPECT_EQ(Traced<>::freed_rcu, 1);
	EXPECT_EQ(Traced<>::freed, 0);
}

KUNIT_CASE(domain_can_be_boxed)
{
	Object::reset();
	{
		auto domain = krcu::Srcu<Queue>::make();
		ASSERT_TRUE(domain);
		krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(domain);
		auto box = krcu::RcuKBox<krcu::Srcu<Queue>, krcu::reclaim::Work>::make(krcu::GFP_KERNEL,
										       std::move(domain));
		ASSERT_TRUE(box);
		auto guard = box->read_lock();
	}
	// The domain's end waited for the callback.
	EXPECT_TRUE(sleep_until(all_destroyed));
}

static constinit krcu::Rcu<Box> shared;
KUNIT_CASE(old_object_of_an_rcu_is_reclaimed_without_blocking)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	{
		Reader reader;

		ASSERT_TRUE(reader);
		(void)shared.replace(Box::make(krcu::GFP_KERNEL, 1));
		(void)shared.replace(Box::make(krcu::GFP_KERNEL, 2));
		(void)shared.take();
		EXPECT_TRUE(reader.reading());
	}
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(Object::destroyed, 2);
}

KUNIT_SUITE(reclaim);
