// SPDX-License-Identifier: GPL-2.0
// Callback: krcu/callback.hpp

#include <type_traits>

#include "support.hpp"

using ObjectCallback = krcu::Callback<Object>;
static_assert(sizeof(ObjectCallback) == sizeof(void *) && !std::is_copy_constructible_v<ObjectCallback>);

KUNIT_CASE(submitted_object_is_dropped_after_a_grace_period)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	{
		Reader reader;

		ASSERT_TRUE(reader);
		auto callback = ObjectCallback::make(krcu::GFP_KERNEL);
		EXPECT_TRUE(callback);
		std::move(callback).submit();
		EXPECT_FALSE(callback);
		kunit_sleep_ms(20);
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(reader.reading());
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 0);
}

KUNIT_CASE(unsubmitted_object_is_dropped_at_once_by_the_caller)
{
	Object::reset();
	Traced<>::reset();
	{
		auto callback = krcu::Callback<Object, Traced<>>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(callback);
	}
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 1);
	EXPECT_EQ(Traced<>::freed, 1);
}

KUNIT_CASE(submitting_an_empty_callback_does_nothing)
{
	Object::reset();
	ObjectCallback().submit();
	auto callback = ObjectCallback::make(krcu::GFP_KERNEL);
	std::move(callback).submit();
	std::move(callback).submit();
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(object_can_be_changed_until_it_is_submitted)
{
	static constinit Counter seen;
	struct Work {
		~Work() { seen = value; }
		int value;
	};

	auto callback = krcu::Callback<Work>::make(krcu::GFP_KERNEL, 1);
	ASSERT_TRUE(callback);
	callback->value = 2;
	(*callback).value++;
	std::move(callback).submit();
	krcu::rcu_barrier();
	EXPECT_EQ(seen, 3);
}

KUNIT_CASE(moving_over_a_full_callback_drops_its_object_at_once)
{
	Object::reset();
	auto callback = ObjectCallback::make(krcu::GFP_KERNEL, 1);
	auto &same = callback;

	callback = std::move(same);
	EXPECT_EQ(Object::destroyed, 0);
	callback = ObjectCallback::make(krcu::GFP_KERNEL, 2);
	EXPECT_EQ(Object::destroyed, 1);
	ASSERT_TRUE(callback);
	EXPECT_EQ(callback->value, 2);
	auto moved = std::move(callback);
	EXPECT_FALSE(callback);
	EXPECT_EQ(Object::destroyed, 1);
}

template <class C>
static void check_vmalloced(kunit *test, bool submit)
{
	const void *object;

	Object::reset();
	{
		auto callback = C::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(callback);
		object = &*callback;
		EXPECT_TRUE(kunit_is_vmalloc(object) && kunit_is_mapped(object));
		if (submit)
			std::move(callback).submit();
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_TRUE(sleep_until([&] { return !kunit_is_mapped(object); }));
}
KUNIT_CASE(vmalloced_objects_are_dropped_and_unmapped)
{
	for (bool submit : { false, true }) {
		check_vmalloced<krcu::Callback<Object, krcu::Vmalloc>>(test, submit);
		check_vmalloced<krcu::Callback<LargeObject<1 << 20>, krcu::Vmalloc>>(test, submit);
		check_vmalloced<krcu::Callback<LargeObject<9 << 20>, krcu::KVmalloc>>(test, submit);
	}
}

KUNIT_CASE(make_is_empty_when_allocation_fails)
{
	using Titan = krcu::Callback<LargeObject<sizeof(Huge)>>;

	Object::reset();
	Traced<>::reset();
	Traced<>::failing = 1;
	{
		auto refused = krcu::Callback<Object, Traced<>>::make(krcu::GFP_KERNEL);
		auto huge = Titan::make(krcu::GFP_KERNEL | krcu::__GFP_NOWARN);
		EXPECT_FALSE(refused);
		EXPECT_FALSE(huge);
	}
	EXPECT_EQ(Object::made, 0);
	EXPECT_EQ(Object::destroyed, 0);
	EXPECT_EQ(Traced<>::freed, 0);
}

KUNIT_CASE(can_be_submitted_in_softirq_under_a_guard)
{
	Object::reset();
	kunit_run_in_softirq(
		[](void *) {
			krcu::ReadGuard guard;

			ObjectCallback::make(krcu::GFP_ATOMIC).submit();
		},
		nullptr);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::made, 1);
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(hurried_object_is_dropped_after_a_grace_period)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	{
		Reader reader;

		ASSERT_TRUE(reader);
		auto callback = krcu::Callback<Object>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(callback);
		std::move(callback).submit_hurry();
		EXPECT_FALSE(callback);
		kunit_sleep_ms(20);
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_TRUE(reader.reading());
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

namespace {
struct Journal {
	static constexpr const char *name = "krcu_kunit_journal";
};
} // namespace
KUNIT_CASE(object_submitted_to_a_domain_waits_for_its_readers)
{
	auto domain = krcu::Srcu<Journal>::make();
	ASSERT_TRUE(domain);

	Object::reset();
	{
		auto guard = domain.read_lock();
		auto callback = krcu::Callback<Object>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(callback);
		std::move(callback).submit(domain);
		EXPECT_FALSE(callback);
		krcu::synchronize_rcu();
		kunit_sleep_ms(20);
		EXPECT_EQ(Object::destroyed, 0);
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 0);
}

KUNIT_CASE(object_without_a_destructor_can_be_submitted_to_a_domain)
{
	using Number = krcu::Callback<long, Traced<>>;
	auto domain = krcu::Srcu<Journal>::make();
	ASSERT_TRUE(domain);

	Traced<>::reset();
	{
		auto guard = domain.read_lock();
		auto callback = Number::make(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(callback);
		std::move(callback).submit(domain);
		Number().submit(domain);
		kunit_sleep_ms(20);
		EXPECT_EQ(Traced<>::freed, 0);
	}
	domain.barrier();
	EXPECT_EQ(Traced<>::freed, 1);
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(end_of_a_domain_waits_for_what_was_submitted)
{
	Object::reset();
	{
		auto domain = krcu::Srcu<Journal>::make();
		ASSERT_TRUE(domain);
		for (int i = 0; i < 100; i++)
			krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(domain);
	}
	EXPECT_EQ(Object::made, 100);
	EXPECT_EQ(Object::destroyed, 100);
}

KUNIT_CASE(end_of_a_domain_waits_for_what_a_submitted_destructor_retires)
{
	using Box = krcu::SrcuKBox<Object, Journal>;

	Object::reset();
	{
		auto domain = krcu::Srcu<Journal>::make();
		ASSERT_TRUE(domain);
		auto box = Box::make(domain, krcu::GFP_KERNEL);
		ASSERT_TRUE(box);
		krcu::Callback<Box>::make(krcu::GFP_KERNEL, std::move(box)).submit(domain);
	}
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_SUITE(callback);
