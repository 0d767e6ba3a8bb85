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

static constinit Box dropped_in_hardirq;
KUNIT_CASE(box_can_be_dropped_in_a_hard_interrupt)
{
	Object::reset();
	dropped_in_hardirq = Box::make(krcu::GFP_KERNEL);
	kunit_run_in_hardirq([](void *) { dropped_in_hardirq.reset(); }, nullptr);
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(Object::destroyed_in_task, 1);
}

namespace {

constexpr int many = 10000; // as in module/krcu/reclaim.c

/// Ends after those with smaller numbers.
struct InOrder : Object {
	static inline constinit Counter too_early;

	using Object::Object;
	~InOrder()
	{
		if (value != destroyed)
			++too_early;
	}
};

using InOrderBox = krcu::RcuKBox<InOrder, krcu::reclaim::Work>;

} // namespace

KUNIT_CASE(what_a_cpu_retires_is_destroyed_in_that_order)
{
	Object::reset();
	InOrder::too_early = 0;
	{
		OnOtherCpu retirer([] {
			// Batches of all sizes and, unless the kernel is slow, one that is expedited.
			for (int i = 0; i < (kunit_is_slow() ? 2000 : 2 * many + 1000); i++) {
				InOrderBox::make(krcu::GFP_KERNEL, i).reset();
				if (i < 1000 && i % 100 == 0)
					kunit_sleep_ms(2);
			}
		});

		ASSERT_TRUE(retirer);
	}
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(InOrder::too_early, 0);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

namespace {

constinit Counter is_offline;

/// The first one ends when the CPU is offline.
struct Kept : InOrder {
	static constexpr bool destructor_may_sleep = true;

	using InOrder::InOrder;
	~Kept()
	{
		if (!value)
			sleep_until([] { return is_offline != 0; });
	}
};

} // namespace

KUNIT_CASE(what_a_cpu_retired_before_it_went_offline_is_destroyed_in_order)
{
	constexpr unsigned int second_cpu = 1;

	Object::reset();
	InOrder::too_early = 0;
	is_offline = 0;
	kunit_thread *thread = kunit_thread_start(
		[](void *) {
			// One batch, and what comes while its grace period elapses.
			for (int i = 0; i < 300; i++)
				krcu::RcuKBox<Kept, krcu::reclaim::Work>::make(krcu::GFP_KERNEL, i).reset();
		},
		nullptr, second_cpu);

	if (!thread)
		SKIP("one CPU");
	kunit_thread_join(thread);
	const bool offline = kunit_cpu_offline(second_cpu) == 0;

	EXPECT_TRUE(!offline || !all_destroyed());
	is_offline = 1;
	EXPECT_TRUE(sleep_until(all_destroyed));
	EXPECT_EQ(InOrder::too_early, 0);
	EXPECT_EQ(Object::destroyed_dead, 0);
	if (!offline)
		SKIP("no CPU can go offline");
	EXPECT_EQ(kunit_cpu_online(second_cpu), 0);
}

KUNIT_CASE(what_comes_too_late_for_a_batch_waits_for_its_own_readers)
{
	NEEDS_CONCURRENCY();
	for (int i = 0; i < 20; i++) {
		krcu::drain();
		Object::reset();
		krcu::RcuKBox<Object, krcu::reclaim::Work>::make(krcu::GFP_KERNEL, 1).reset();
		spin_ms(i % 5);
		auto late = krcu::RcuKBox<Object, krcu::reclaim::Work>::make(krcu::GFP_KERNEL, 2);
		ASSERT_TRUE(late);
		Reader reader;
		ASSERT_TRUE(reader);
		late.reset();
		kunit_sleep_ms(10);
		EXPECT_TRUE(Object::destroyed <= 1 || !reader.reading());
	}
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

namespace {

/// Frees several at once, and counts how many.
template <int n>
struct Bulk : krcu::Kmalloc {
	static inline constinit Counter freed, freed_in_bulk, largest;

	static void reset() { freed = freed_in_bulk = largest = 0; }

	static void free(void *p)
	{
		++freed;
		krcu::Kmalloc::free(p);
	}
	static void free_bulk(std::size_t count, void **pointers)
	{
		freed_in_bulk = freed_in_bulk + long(count);
		if (long(count) > largest)
			largest = long(count);
		krcu::Kmalloc::free_bulk(count, pointers);
	}
};

template <class A>
void retire_one()
{
	krcu::RcuBox<Object, A, krcu::reclaim::Work>::make(krcu::GFP_KERNEL).reset();
}

} // namespace

KUNIT_CASE(memory_is_freed_in_bulk_by_its_allocator)
{
	using One = Bulk<1>;
	using Other = Bulk<2>;

	Object::reset();
	One::reset();
	Other::reset();
	Traced<>::reset();
	for (int i = 0; i < 300; i++)
		retire_one<One>();
	krcu::drain();
	EXPECT_EQ(One::freed_in_bulk, 300);
	EXPECT_GE(One::largest, 2);
	for (int i = 0; i < 100; i++) {
		retire_one<One>();
		retire_one<Other>();
		retire_one<Other>();
		retire_one<Traced<>>();
	}
	krcu::drain();
	EXPECT_EQ(One::freed_in_bulk, 400);
	EXPECT_EQ(Other::freed_in_bulk, 200);
	EXPECT_EQ(Traced<>::freed, 100);
	EXPECT_EQ(One::freed + Other::freed, 0);
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(vmalloc_memory_is_freed_too)
{
	Object::reset();
	for (int i = 0; i < 10; i++) {
		retire_one<krcu::Vmalloc>();
		retire_one<krcu::KVmalloc>();
	}
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

static constinit Box boxes[100];
KUNIT_CASE(retiring_allocates_nothing)
{
	if (!kunit_can_fail_allocations())
		SKIP("no fault injection");
	Object::reset();
	for (auto &box : boxes)
		box = Box::make(krcu::GFP_KERNEL);
	kunit_fail_all_allocations(true);
	for (auto &box : boxes)
		box.reset();
	kunit_fail_all_allocations(false);
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
	EXPECT_EQ(Object::destroyed, 100);
}

KUNIT_CASE(wait_returns_at_once_where_few_are_pending)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	{
		Reader reader;

		ASSERT_TRUE(reader);
		for (int i = 0; i < 100; i++)
			InOrderBox::make(krcu::GFP_KERNEL).reset();
		// Again where this CPU got no time just then; if it waited, it would do so each time.
		EXPECT_TRUE(sleep_until([] {
			const auto before = kunit_jiffies();
			return krcu::reclaim::wait() && kunit_jiffies() - before < krcu::msecs_to_jiffies(900);
		}));
		EXPECT_TRUE(reader.reading());
	}
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(wait_gives_up_while_a_reader_stays)
{
	if (kunit_is_slow())
		SKIP("it takes too long to make so many");
	NEEDS_CONCURRENCY();
	static Counter reading, gave_up, waited, went_on;

	Object::reset();
	reading = gave_up = waited = went_on = 0;
	{
		OnOtherCpu retirer([] {
			spin_until([] { return reading != 0; });
			for (int i = 0; i < many + 10; i++)
				InOrderBox::make(krcu::GFP_KERNEL, i).reset();
			const auto before = kunit_jiffies();
			const bool few = krcu::reclaim::wait();
			waited = long(kunit_jiffies() - before); // the timeout goes by them, late as they may be
			gave_up = few ? -1 : 1;
			went_on = sleep_until(krcu::reclaim::wait);
		});
		{
			krcu::ReadGuard guard;

			ASSERT_TRUE(retirer);
			reading = 1;
			EXPECT_TRUE(spin_until([] { return gave_up != 0; }));
			EXPECT_EQ(Object::destroyed, 0);
		}
	}
	EXPECT_EQ(gave_up, 1);
	EXPECT_GE(waited, long(krcu::msecs_to_jiffies(1000)));
	EXPECT_EQ(went_on, 1);
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(wait_keeps_many_from_becoming_more)
{
	if (kunit_is_slow())
		SKIP("it takes too long to make so many");
	static Counter most;

	Object::reset();
	most = 0;
	{
		OnOtherCpu retirer([] {
			for (int i = 0; i < 5 * many; i++) {
				krcu::reclaim::wait();
				InOrderBox::make(krcu::GFP_KERNEL, i).reset();
				if (const long pending = Object::made - Object::destroyed; pending > most)
					most = pending;
			}
		});

		ASSERT_TRUE(retirer);
	}
	EXPECT_LE(most, many + 100);
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(drain_waits_for_what_was_retired_while_others_go_on)
{
	NEEDS_CONCURRENCY();
	struct Mine : Object {
		Counter *destroyed;

		explicit Mine(Counter *d) : destroyed(d) {}
		~Mine() { ++*destroyed; }
	};
	Counter done, destroyed;

	Object::reset();
	{
		OnOtherCpu others([&] {
			while (!done) {
				// Few: where checkers make all slow, it takes long until many are destroyed.
				if (Object::made - Object::destroyed < 500)
					InOrderBox::make(krcu::GFP_KERNEL).reset();
				kunit_relax();
			}
		});
		ASSERT_TRUE(others);
		for (int i = 1; i <= 2; i++) {
			krcu::RcuKBox<Mine, krcu::reclaim::Work>::make(krcu::GFP_KERNEL, &destroyed).reset();
			krcu::drain();
			EXPECT_EQ(destroyed, i);
		}
		done = 1;
	}
	krcu::drain();
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

/// Drops the next one of its domain, and takes longer than tasks run in turn: whoever waits for it runs at its end.
struct Link {
	krcu::SrcuBox<Link, Queue> next;

	~Link()
	{
		spin_ms(10);
		++destroyed;
	}
	static inline constinit Counter destroyed;
};
/// Where a domain's grace periods take a work item, the kernel complains if one of this kind waits for that.
KUNIT_CASE(domains_end_while_their_last_grace_periods_do)
{
	constexpr int domains = 8, links = 5;

	Link::destroyed = 0;
	for (int i = 0; i < domains; i++) {
		auto domain = krcu::Srcu<Queue>::make();
		krcu::SrcuBox<Link, Queue> chain;

		ASSERT_TRUE(domain);
		for (int n = 0; n < links; n++) {
			chain = krcu::SrcuBox<Link, Queue>::make(domain, krcu::GFP_KERNEL, std::move(chain));
			ASSERT_TRUE(chain);
		}
		chain.reset();
		ASSERT_TRUE((krcu::RcuKBox<krcu::Srcu<Queue>, krcu::reclaim::Work>::make(krcu::GFP_KERNEL,
											 std::move(domain))));
		// One after the other, or else their work items run in turns.
		krcu::drain();
	}
	EXPECT_EQ(Link::destroyed, domains * links);
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
