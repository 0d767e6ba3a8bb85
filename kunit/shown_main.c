// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_shown: objects that gdb is to print, and a warning with C++ in its backtrace.
 * For scripts/targets/debugging.sh.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "shown.h"

bool shown_seen;
module_param_named(seen, shown_seen, bool, 0444);
MODULE_PARM_DESC(seen, "whether gdb has looked");

static int __init shown_init(void)
{
	int err = shown_fill();

	if (!err)
		shown_warn();
	return err;
}

static void __exit shown_exit(void)
{
}

module_init(shown_init);
module_exit(shown_exit);
MODULE_DESCRIPTION("What gdb is to print");
MODULE_LICENSE("GPL");
