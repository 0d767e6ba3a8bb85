// SPDX-License-Identifier: GPL-2.0
// Sleepable RCU domains: krcu/srcu.hpp

#include <type_traits>

#include "support.hpp"

namespace {

struct Table {
	static constexpr const char *name = "krcu_kunit_table";
};
struct Queue {
	static constexpr const char *name = "krcu_kunit_queue";
};
struct Fast {
	static constexpr const char *name = "krcu_kunit_fast";
	static constexpr bool fast = true;
};
using Domain = krcu::Srcu<Table>;
using FastDomain = krcu::Srcu<Fast>;

static_assert(sizeof(Domain) == sizeof(void *));
static_assert(!std::is_same_v<Domain, krcu::Srcu<Queue>> && !std::is_same_v<Domain::Guard, krcu::Srcu<Queue>::Guard>);
static_assert(!std::is_convertible_v<Domain::Guard &, const krcu::Srcu<Queue>::Guard &>);
static_assert(!std::is_move_constructible_v<Domain::Guard> && !std::is_copy_constructible_v<Domain>);

} // namespace

KUNIT_CASE(synchronize_waits_for_a_sleeping_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 30);

	ASSERT_TRUE(reader);
	domain.synchronize();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(fast_readers_are_waited_for)
{
	auto domain = FastDomain::make();
	ASSERT_TRUE(domain);
	{
		Sleeper reader(domain, 30);

		ASSERT_TRUE(reader);
		domain.synchronize();
		EXPECT_FALSE(reader.reading());
	}
	{
		auto outer = domain.read_lock();
		auto inner = domain.read_lock();
	}
	Sleeper reader(domain, 30);
	ASSERT_TRUE(reader);
	domain.synchronize_expedited();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(destructor_waits_for_a_fast_reader)
{
	Object::reset();
	{
		auto domain = FastDomain::make();
		ASSERT_TRUE(domain);
		krcu::Rcu<krcu::SrcuKBox<Object, Fast>, FastDomain> rcu(
			krcu::SrcuKBox<Object, Fast>::make(domain, krcu::GFP_KERNEL, 7));
		{
			auto guard = domain.read_lock();
			auto object = rcu.dereference(guard);
			ASSERT_TRUE(object);
			(void)rcu.take();
			kunit_sleep_ms(20);
			EXPECT_EQ(object->value, 7);
			EXPECT_EQ(Object::destroyed, 0);
		}
	}
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(snapshot_of_a_domain_elapses_when_somebody_waits)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	auto snapshot = Domain::GracePeriod::snapshot(domain);
	{
		auto guard = domain.read_lock();
		snapshot = Domain::GracePeriod::snapshot(domain);
		EXPECT_FALSE(snapshot.elapsed()); // there is a reader: this
	}
	snapshot.wait();
	EXPECT_TRUE(sleep_until([&] { return snapshot.elapsed(); }));
}

KUNIT_CASE(synchronize_expedited_waits_for_a_sleeping_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 30);

	ASSERT_TRUE(reader);
	domain.synchronize_expedited();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(readers_of_one_domain_do_not_hold_up_another)
{
	auto table = Domain::make();
	auto second = Domain::make();
	auto queue = krcu::Srcu<Queue>::make();
	ASSERT_TRUE(table && second && queue);
	Sleeper reader(table);

	ASSERT_TRUE(reader);
	queue.synchronize();
	queue.synchronize_expedited();
	second.synchronize();
	queue.barrier();
	EXPECT_TRUE(reader.reading());
}

KUNIT_CASE(guards_nest_within_and_across_domains)
{
	auto table = Domain::make();
	auto queue = krcu::Srcu<Queue>::make();
	ASSERT_TRUE(table && queue);
	{
		auto outer = table.read_lock();
		auto other = queue.read_lock();
		auto inner = table.read_lock();
		kunit_sleep_ms(1);
	}
	// A count that is left over would stop these for good.
	table.synchronize();
	queue.synchronize();
	EXPECT_TRUE(table && queue);
}

KUNIT_CASE(domain_can_move_while_a_guard_lives)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Domain moved;
	{
		auto guard = domain.read_lock();

		moved = std::move(domain);
		EXPECT_FALSE(domain);
		auto &same = moved;
		moved = std::move(same);
		EXPECT_TRUE(moved);
	}
	moved.synchronize();
	EXPECT_TRUE(moved);
}

KUNIT_CASE(destruction_waits_for_a_sleeping_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 30);

	ASSERT_TRUE(reader);
	domain = Domain();
	EXPECT_FALSE(reader.reading());
}

namespace {
/// Its end submits another one, by the domain that may be going.
struct Again : Object {
	Domain &domain;

	Again(Domain &d, int left) : Object(left), domain(d) {}
	~Again()
	{
		if (value > 0)
			krcu::Callback<Again>::make(krcu::GFP_ATOMIC, domain, value - 1).submit(domain);
	}
};
} // namespace
KUNIT_CASE(domain_that_is_destroyed_is_there_for_those_it_waits_for)
{
	Object::reset();
	{
		auto domain = Domain::make();
		ASSERT_TRUE(domain);
		krcu::Callback<Again>::make(krcu::GFP_KERNEL, domain, 3).submit(domain);
	}
	EXPECT_EQ(Object::destroyed, 4);
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	krcu::Callback<Again>::make(krcu::GFP_KERNEL, domain, 3).submit(domain);
	domain = Domain();
	EXPECT_FALSE(domain);
	EXPECT_EQ(Object::destroyed, 8);
}

KUNIT_CASE(barrier_returns_when_nothing_is_pending)
{
	auto domain = Domain::make();

	ASSERT_TRUE(domain);
	domain.barrier();
	EXPECT_TRUE(domain);
}

KUNIT_CASE(domains_come_and_go)
{
	for (int i = 0; i < 20; i++) {
		auto domain = Domain::make();

		ASSERT_TRUE(domain);
		auto guard = domain.read_lock();
	}
	Domain none;
	EXPECT_FALSE(none);
}

KUNIT_CASE(grace_period_of_a_domain_elapses_only_after_its_reader_has_left)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain);

	ASSERT_TRUE(reader);
	auto grace_period = Domain::GracePeriod::start(domain);
	kunit_sleep_ms(20);
	EXPECT_FALSE(grace_period.elapsed());
	EXPECT_TRUE(reader.reading());
	reader.leave();
	EXPECT_TRUE(sleep_until([&] { return grace_period.elapsed(); }));
}

KUNIT_CASE(wait_for_a_grace_period_of_a_domain_waits_for_its_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 50);

	ASSERT_TRUE(reader);
	auto grace_period = Domain::GracePeriod::start(domain);
	grace_period.wait();
	EXPECT_FALSE(reader.reading());
	EXPECT_TRUE(grace_period.elapsed());
}

KUNIT_CASE(wait_for_an_elapsed_grace_period_of_a_domain_returns_at_once)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	auto grace_period = Domain::GracePeriod::start(domain);

	EXPECT_TRUE(sleep_until([&] { return grace_period.elapsed(); }));
	Sleeper reader(domain); // a grace period from here on would have to wait for it

	ASSERT_TRUE(reader);
	grace_period.wait();
	EXPECT_TRUE(reader.reading());
}

namespace {
struct Hasty {
	static constexpr const char *name = "krcu_kunit_hasty";
	static constexpr unsigned int teardown_timeout_ms = 1;
};
} // namespace
KUNIT_CASE(short_timeout_blames_no_reader)
{
	// If it did, the domain would pin this module, which scripts/guests/kunit.sh unloads.
	for (int i = 0; i < 20; i++) {
		auto domain = krcu::Srcu<Hasty>::make();

		ASSERT_TRUE(domain);
		krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(domain);
	}
}

KUNIT_CASE(null_is_no_domain_to_wrap)
{
	EXPECT_FALSE(Domain::wrap(nullptr));
}

KUNIT_CASE(tag_of_several_sources_is_one_lock_class)
{
	auto domain = krcu::Srcu<SharedTag>::make(); // in srcu_box_test.cpp as well; lockdep wants one name for it

	ASSERT_TRUE(domain);
	auto guard = domain.read_lock();
}

static constinit krcu::Srcu<Queue> left_for_exit;
KUNIT_CASE(domain_that_is_left_is_ended_at_exit)
{
	// Nothing ends it but the module's exit, which a callback of the module's text then waits for.
	left_for_exit = krcu::Srcu<Queue>::make();
	ASSERT_TRUE(left_for_exit);
	krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(left_for_exit);
}

KUNIT_SUITE(srcu);
