// SPDX-License-Identifier: GPL-2.0
/* A KUnit suite, which is in the module where the kernel has KUnit built in, and runs when the module is loaded. */
#include <kunit/test.h>
#include <linux/string.h>

#include "mydrv.h"

static void the_text_is_what_was_set_last(struct kunit *test)
{
	char text[MYDRV_LONGEST];
	int err = mydrv_set("first", 5);

	if (err == -ENODEV)
		kunit_skip(test, "KUnit of this kernel runs suites before a module's init");
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, mydrv_set("second", 6), 0);
	KUNIT_ASSERT_EQ(test, mydrv_get(text), 6);
	KUNIT_EXPECT_EQ(test, memcmp(text, "second", 6), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_text_is_what_was_set_last),
	{}
};

static struct kunit_suite suite = {
	.name = "mydrv",
	.test_cases = cases,
};

kunit_test_suites(&suite);
