// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

int engine_start(void);
void engine_stop(void);

static int __init first_init(void)
{
	return engine_start();
}

static void __exit first_exit(void)
{
	engine_stop();
}

module_init(first_init);
module_exit(first_exit);
MODULE_DESCRIPTION("C and C++ objects, in two directories");
MODULE_LICENSE("GPL");
