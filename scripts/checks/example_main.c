// SPDX-License-Identifier: GPL-2.0
/* The C half of each example that prints something: see run_examples() in scripts/targets/docs.sh. */
#include <linux/module.h>

int mydrv_begin(void);
void mydrv_end(void);

/* Not every example has an end. */
void __weak mydrv_end(void)
{
}

static int __init example_init(void)
{
	return mydrv_begin();
}

static void __exit example_exit(void)
{
	mydrv_end();
}

module_init(example_init);
module_exit(example_exit);
MODULE_DESCRIPTION("An example of krcu's guide");
MODULE_LICENSE("GPL");
