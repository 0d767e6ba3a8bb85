// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

static int __init plain_init(void)
{
	return 0;
}

module_init(plain_init);
MODULE_DESCRIPTION("no C++: krcu leaves it alone, and it may do without an exit");
MODULE_LICENSE("GPL");
