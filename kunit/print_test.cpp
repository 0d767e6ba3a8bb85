// SPDX-License-Identifier: GPL-2.0
// Lines in the kernel's log: krcu/print.hpp

#include "support.hpp"

// What the log has of a line that begins so, its level in front of it: how many, as of the last call.
static unsigned int said(const char *line)
{
	return kunit_said(line);
}

KUNIT_CASE(lines_have_their_level_and_the_modules_name)
{
	pr_emerg("print_test: %s\n", "emerg");
	pr_alert("print_test: %s\n", "alert");
	pr_crit("print_test: %s\n", "crit");
	pr_err("print_test: %s\n", "err");
	pr_warn("print_test: %s\n", "warn");
	pr_notice("print_test: %s\n", "notice");
	pr_info("print_test: %s\n", "info");
	EXPECT_EQ(said("<0>krcu_kunit: print_test: emerg"), 1);
	EXPECT_EQ(said("<1>krcu_kunit: print_test: alert"), 1);
	EXPECT_EQ(said("<2>krcu_kunit: print_test: crit"), 1);
	EXPECT_EQ(said("<3>krcu_kunit: print_test: err"), 1);
	EXPECT_EQ(said("<4>krcu_kunit: print_test: warn"), 1);
	EXPECT_EQ(said("<5>krcu_kunit: print_test: notice"), 1);
	EXPECT_EQ(said("<6>krcu_kunit: print_test: info"), 1);
}

KUNIT_CASE(formats_are_the_kernels)
{
	const unsigned char address[] = { 192, 0, 2, 1 };
	const __u64 number = 1ull << 40;

	pr_info("print_test: no arguments, 100 %%\n");
	pr_info("print_test: %pI4 %*phC %llu %zu\n", address, 4, address, number, sizeof(address));
	EXPECT_EQ(said("<6>krcu_kunit: print_test: no arguments, 100 %"), 1);
	EXPECT_EQ(said("<6>krcu_kunit: print_test: 192.0.2.1 c0:00:02:01 1099511627776 4"), 1);
}

KUNIT_CASE(a_line_may_have_several_parts)
{
	pr_info("print_test: one,");
	pr_cont(" two\n");
	EXPECT_EQ(said("<6>krcu_kunit: print_test: one, two"), 1);
}

KUNIT_CASE(without_debug_nothing_is_printed_nor_computed)
{
	int computed = 0;

	pr_debug("print_test: debug %d\n", ++computed);
	EXPECT_EQ(computed, 0);
	EXPECT_EQ(said("<7>krcu_kunit: print_test: debug"), 0);
#undef KRCU_DEBUG
#define KRCU_DEBUG 1
	pr_debug("print_test: debug %d\n", ++computed);
	EXPECT_EQ(said("<7>krcu_kunit: print_test: debug 1"), 1);
}

KUNIT_CASE(once_is_the_first_time)
{
	for (int i = 1; i <= 3; i++) {
		pr_warn_once("print_test: once, %d\n", i);
		if (i > 1)
			pr_err_once("print_test: else, %d\n", i);
	}
	EXPECT_EQ(said("<4>krcu_kunit: print_test: once, 1"), 1);
	EXPECT_EQ(said("<4>krcu_kunit: print_test: once"), 1);
	EXPECT_EQ(said("<3>krcu_kunit: print_test: else, 2"), 1);
}

KUNIT_CASE(limits_are_of_each_place)
{
	for (int i = 0; i < 30; i++)
		pr_notice_ratelimited("print_test: often\n");
	EXPECT_EQ(said("<5>krcu_kunit: print_test: often"), 10);
	for (int i = 0; i < 2; i++)
		pr_info_ratelimited("print_test: elsewhere\n");
	EXPECT_EQ(said("<6>krcu_kunit: print_test: elsewhere"), 2);
}

KUNIT_SUITE(print);
