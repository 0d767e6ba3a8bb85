// SPDX-License-Identifier: GPL-2.0
// Waiting for all that the module has retired: krcu::drain() in krcu/rcu.hpp

#include "support.hpp"

namespace {

struct Older {
	static constexpr const char *name = "krcu_kunit_drain_older";
};
struct Newer {
	static constexpr const char *name = "krcu_kunit_drain_newer";
};

template <class T>
using WorkBox = krcu::RcuKBox<T, krcu::reclaim::Work>;

/// Its end retires the next one, each elsewhere.
struct Link : Object {
	const krcu::Srcu<Older> *older;
	const krcu::Srcu<Newer> *newer;

	Link(int left, const krcu::Srcu<Older> &o, const krcu::Srcu<Newer> &n) : Object(left), older(&o), newer(&n) {}
	~Link()
	{
		const int left = value - 1;

		if (left < 0)
			return;
		if (left % 4 == 0)
			WorkBox<Link>::make(krcu::GFP_ATOMIC, left, *older, *newer).reset();
		else if (left % 4 == 1)
			krcu::SrcuKBox<Link, Older>::make(*older, krcu::GFP_ATOMIC, left, *older, *newer).reset();
		else if (left % 4 == 2)
			krcu::RcuKBox<Link>::make(krcu::GFP_ATOMIC, left, *older, *newer).reset();
		else
			krcu::SrcuKBox<Link, Newer>::make(*newer, krcu::GFP_ATOMIC, left, *older, *newer).reset();
	}
};

bool all_destroyed()
{
	return Object::made > 0 && Object::destroyed == Object::made;
}

} // namespace

KUNIT_CASE(drain_returns_when_nothing_is_pending)
{
	krcu::drain();
	krcu::drain();
}

KUNIT_CASE(drain_waits_for_rcu_for_work_and_for_every_domain)
{
	auto older = krcu::Srcu<Older>::make();
	auto newer = krcu::Srcu<Newer>::make();
	ASSERT_TRUE(older && newer);

	Object::reset();
	for (int i = 0; i < 100; i++) {
		krcu::RcuKBox<Object>::make(krcu::GFP_KERNEL).reset();
		WorkBox<Object>::make(krcu::GFP_KERNEL).reset();
		krcu::SrcuKBox<Object, Older>::make(older, krcu::GFP_KERNEL).reset();
		krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(newer);
	}
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

namespace {
struct Sleepy : Object {
	static constexpr bool destructor_may_sleep = true;

	~Sleepy() { kunit_sleep_ms(50); }
};
} // namespace
KUNIT_CASE(drain_waits_for_a_destructor_that_sleeps)
{
	Object::reset();
	WorkBox<Sleepy>::make(krcu::GFP_KERNEL).reset();
	krcu::drain();
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(drain_waits_for_what_destructors_retire)
{
	auto older = krcu::Srcu<Older>::make();
	auto newer = krcu::Srcu<Newer>::make();
	ASSERT_TRUE(older && newer);
	constexpr int length = 20;

	Object::reset();
	krcu::RcuKBox<Link>::make(krcu::GFP_KERNEL, length - 1, older, newer).reset();
	krcu::drain();
	EXPECT_EQ(Object::made, length);
	EXPECT_TRUE(all_destroyed());
}

namespace {
struct InWork : Object {
	using Object::Object;
	~InWork()
	{
		if (value > 0)
			WorkBox<InWork>::make(krcu::GFP_KERNEL, value - 1).reset();
	}
};
} // namespace
KUNIT_CASE(drain_waits_for_what_destructors_retire_in_batches)
{
	Object::reset();
	WorkBox<InWork>::make(krcu::GFP_KERNEL, 19).reset();
	krcu::drain();
	EXPECT_EQ(Object::made, 20);
	EXPECT_TRUE(all_destroyed());
}

namespace {
struct InOlder : Object {
	const krcu::Srcu<Older> *domain;

	InOlder(int left, const krcu::Srcu<Older> &d) : Object(left), domain(&d) {}
	~InOlder()
	{
		if (value > 0)
			krcu::SrcuKBox<InOlder, Older>::make(*domain, krcu::GFP_ATOMIC, value - 1, *domain).reset();
	}
};
} // namespace
KUNIT_CASE(drain_waits_for_what_destructors_retire_into_their_own_domain)
{
	auto older = krcu::Srcu<Older>::make();
	ASSERT_TRUE(older);
	constexpr int length = 10;

	Object::reset();
	krcu::SrcuKBox<InOlder, Older>::make(older, krcu::GFP_KERNEL, length - 1, older).reset();
	krcu::drain();
	EXPECT_EQ(Object::made, length);
	EXPECT_TRUE(all_destroyed());
}

namespace {
/// While its destructor runs, a drain begins; then it retires an Object.
struct RetiresLate {
	static inline constinit Counter running;

	~RetiresLate()
	{
		running = 1;
		spin_ms(50);
		krcu::RcuKBox<Object>::make(krcu::GFP_ATOMIC).reset();
	}
};
} // namespace
KUNIT_CASE(drain_waits_for_what_a_destructor_retires_meanwhile)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	RetiresLate::running = 0;
	{
		// Callbacks run where they were queued.
		OnOtherCpu retires([] { krcu::RcuKBox<RetiresLate>::make(krcu::GFP_KERNEL).reset(); });
		ASSERT_TRUE(retires);
	}
	EXPECT_TRUE(spin_until([] { return RetiresLate::running != 0; }));
	krcu::drain();
	EXPECT_EQ(Object::made, 1);
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(drain_waits_for_readers_of_a_domain)
{
	auto older = krcu::Srcu<Older>::make();
	ASSERT_TRUE(older);

	Object::reset();
	Sleeper reader(older, 50);
	ASSERT_TRUE(reader);
	krcu::SrcuKBox<Object, Older>::make(older, krcu::GFP_KERNEL).reset();
	krcu::drain();
	EXPECT_FALSE(reader.reading());
	EXPECT_TRUE(all_destroyed());
}

KUNIT_CASE(drain_returns_while_others_go_on_retiring)
{
	struct Counted {
		Counter *destroyed;
		~Counted() { ++*destroyed; }
	};
	NEEDS_CONCURRENCY();
	Counter others, mine, stop, ended;
	{
		OnOtherCpu retires([&] {
			// Not as fast as it can, as each of drain()'s rounds has all that is pending to wait for.
			spin_until(
				[&] {
					krcu::RcuKBox<Counted>::make(krcu::GFP_ATOMIC, &others).reset();
					spin_ms(1);
					return stop != 0;
				},
				3 * patience_ms);
			ended = 1;
		});
		ASSERT_TRUE(retires);

		EXPECT_TRUE(sleep_until([&] { return others > 0; }));
		krcu::RcuKBox<Counted>::make(krcu::GFP_KERNEL, &mine).reset();
		krcu::drain();
		EXPECT_EQ(mine, 1);
		EXPECT_EQ(ended, 0);
		stop = 1;
	}
	krcu::drain(); // as the counters go
}

KUNIT_CASE(domains_end_while_somebody_drains)
{
	NEEDS_CONCURRENCY();
	Counter stop;
	OnOtherCpu drains([&] {
		while (stop == 0)
			krcu::drain();
	});
	ASSERT_TRUE(drains);

	for (int i = 0; i < 50; i++)
		EXPECT_TRUE(krcu::Srcu<Older>::make());
	stop = 1;
}

KUNIT_CASE(two_may_drain_while_domains_come_and_go)
{
	NEEDS_CONCURRENCY();
	constexpr int rounds = 10;
	Counter wrong, arrived;
	auto retire_and_drain = [&] {
		for (int i = 1; i <= rounds; i++) {
			auto domain = krcu::Srcu<Older>::make();
			auto box = krcu::RcuKBox<Object>::make(krcu::GFP_KERNEL);

			if (!domain || !box)
				++wrong;
			else
				krcu::Callback<krcu::RcuKBox<Object>>::make(krcu::GFP_KERNEL, std::move(box))
					.submit(domain);
			meet(arrived, i);
			krcu::drain();
		}
	};

	Object::reset();
	{
		OnOtherCpu other(retire_and_drain);
		ASSERT_TRUE(other);
		retire_and_drain();
	}
	krcu::drain();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::made, 2 * rounds);
	EXPECT_TRUE(all_destroyed());
}

KUNIT_SUITE(drain);
