// SPDX-License-Identifier: GPL-2.0
/*
 * Where KUnit keeps what kunit.hpp fills in, taken from the target kernel's
 * headers at build time. Becomes kunit-constants.h; never linked.
 */
#include <linux/kbuild.h>
#include <kunit/test.h>

int main(void)
{
	DEFINE(KUNIT_CASE_SIZE, sizeof(struct kunit_case));
	OFFSET(KUNIT_CASE_RUN, kunit_case, run_case);
	OFFSET(KUNIT_CASE_NAME, kunit_case, name);
	DEFINE(KUNIT_SUITE_SIZE, sizeof(struct kunit_suite));
	DEFINE(KUNIT_SUITE_NAME_SIZE, sizeof_field(struct kunit_suite, name));
	OFFSET(KUNIT_SUITE_NAME, kunit_suite, name);
	OFFSET(KUNIT_SUITE_EXIT, kunit_suite, exit);
	OFFSET(KUNIT_SUITE_CASES, kunit_suite, test_cases);
	return 0;
}
