// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_pinned: destroys an SRCU domain that a reader does not leave, and so stays
 * loaded for good. For scripts/guests/unload.sh, which checks that nothing worse
 * comes of it, neither while the reader is inside nor when it leaves after all.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#include "pinned.h"

static DECLARE_COMPLETION(inside);
static DECLARE_COMPLETION(leaving);

static int let_leave(const char *val, const struct kernel_param *kp)
{
	complete(&leaving);
	return 0;
}

static const struct kernel_param_ops leave_ops = { .set = let_leave };
module_param_cb(leave, &leave_ops, NULL, 0200);
MODULE_PARM_DESC(leave, "written to: lets the reader leave");

void pinned_sleep(void)
{
	complete(&inside);
	/* Idle: no load, and no hung task. */
	while (!completion_done(&leaving))
		schedule_timeout_idle(1);
}

static int reader_main(void *unused)
{
	pinned_read();
	pr_info("the late reader has left\n");
	return 0;
}

static int __init pinned_init(void)
{
	struct task_struct *reader;
	int err = pinned_make_domain();

	if (err)
		return err;
	reader = kthread_run(reader_main, NULL, "krcu_pinned");
	if (IS_ERR(reader)) {
		pinned_destroy_domain();
		return PTR_ERR(reader);
	}
	wait_for_completion(&inside);
	pinned_destroy_domain();
	return 0;
}

static void __exit pinned_exit(void)
{
}

module_init(pinned_init);
module_exit(pinned_exit);
MODULE_DESCRIPTION("Destroys an SRCU domain under its reader, and stays for good");
MODULE_LICENSE("GPL");
