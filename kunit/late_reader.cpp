// SPDX-License-Identifier: GPL-2.0
// The end of a domain that a reader does not leave: krcu/srcu.hpp. Pins its module for good.

#include "support.hpp"

namespace {
struct Late {
	static constexpr const char *name = "krcu_kunit_late";
	static constexpr unsigned int teardown_timeout_ms = 200;
};
struct InTime {
	static constexpr const char *name = "krcu_kunit_in_time";
	static constexpr unsigned int teardown_timeout_ms = patience_ms;
};
} // namespace

KUNIT_CASE(destruction_gives_up_and_a_late_reader_may_still_leave)
{
	auto domain = krcu::Srcu<Late>::make();
	ASSERT_TRUE(domain);

	Object::reset();
	{
		Sleeper reader(domain);
		ASSERT_TRUE(reader);
		krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(domain);

		const auto before = kunit_jiffies();
		domain = krcu::Srcu<Late>();
		const auto waited = kunit_jiffies() - before; // the timeout goes by them, late as they may be

		EXPECT_TRUE(reader.reading());
		EXPECT_GE(waited, krcu::msecs_to_jiffies(200));
		EXPECT_EQ(Object::destroyed, 0);
		krcu::drain(); // does not wait for a reader that may never leave
		EXPECT_TRUE(reader.reading());
	}
	// What was submitted still comes when the reader has left.
	EXPECT_TRUE(sleep_until([] { return Object::destroyed == 1; }));
}

KUNIT_CASE(destruction_in_time_says_nothing)
{
	auto domain = krcu::Srcu<InTime>::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 50);

	ASSERT_TRUE(reader);
	domain = krcu::Srcu<InTime>();
	EXPECT_FALSE(reader.reading());
}

// This module is one that has no reclaim::Work.
KUNIT_CASE(drain_waits_for_rcu_where_nothing_is_batched)
{
	Object::reset();
	for (int i = 0; i < 10; i++)
		krcu::RcuKBox<Object>::make(krcu::GFP_KERNEL).reset();
	krcu::drain();
	EXPECT_EQ(Object::destroyed, 10);
}

KUNIT_SUITE(late_reader);
