// SPDX-License-Identifier: GPL-2.0
// Ticks and nanoseconds: krcu/time.hpp

#include "support.hpp"

static_assert(krcu::time_after(2, 1) && !krcu::time_after(1, 1) && !krcu::time_after(1, 2));
static_assert(krcu::time_after(5, ~0ul - 5) && !krcu::time_after(~0ul - 5, 5));
static_assert(krcu::time_before(1, 2) && !krcu::time_before(1, 1) && krcu::time_before(~0ul, 0));
static_assert(krcu::time_after_eq(1, 1) && krcu::time_after_eq(2, 1) && !krcu::time_after_eq(~0ul, 0));
static_assert(krcu::time_before_eq(1, 1) && krcu::time_before_eq(~0ul, 0) && !krcu::time_before_eq(2, 1));

KUNIT_CASE(ticks_are_those_of_this_kernel)
{
	EXPECT_EQ(krcu::HZ, kunit_hz);
	for (unsigned int ms : { 0u, 1u, 15u, 1000u, 86'400'000u, ~0u })
		EXPECT_EQ(krcu::msecs_to_jiffies(ms), kunit_msecs_to_jiffies(ms));
	EXPECT_EQ(krcu::msecs_to_jiffies(1000), krcu::HZ);
	EXPECT_EQ(krcu::jiffies_to_msecs(3 * krcu::HZ), 3000);
	EXPECT_EQ(krcu::jiffies_to_msecs(0), 0);
}

KUNIT_CASE(ticks_go_on)
{
	const auto before = kunit_jiffies(), now = krcu::jiffies(), after = kunit_jiffies();

	EXPECT_TRUE(krcu::time_before_eq(before, now) && krcu::time_before_eq(now, after));
	// A loop that reads them once would never end.
	const auto end = now + krcu::msecs_to_jiffies(20);
	EXPECT_TRUE(spin_until([&] { return krcu::time_after(krcu::jiffies(), end); }));
}

KUNIT_CASE(nanoseconds_go_on)
{
	const auto begin_ms = kunit_now_ms();
	const auto begin = krcu::ktime_get_ns();

	EXPECT_GE(begin, begin_ms * 1'000'000ull);
	EXPECT_TRUE(sleep_until([&] { return krcu::ktime_get_ns() >= begin + 2'000'000; }));
	EXPECT_GE(kunit_now_ms(), begin_ms + 2);
}

KUNIT_SUITE(time);
