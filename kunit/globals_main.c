// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_globals: a driver with a KRCU_GLOBAL() of each kind, which leaves all to the module's
 * exit. For scripts/guests/exits.sh, which looks at what it says, and in which order.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "globals.h"

static char *empty = "none";
module_param(empty, charp, 0444);
MODULE_PARM_DESC(empty, "the global that comes out empty: middle or last");

static bool fail_init;
module_param(fail_init, bool, 0444);
MODULE_PARM_DESC(fail_init, "fail the module's init when the globals are filled");

static int write(const char *val, const struct kernel_param *kp)
{
	return globals_write();
}

static const struct kernel_param_ops write_ops = { .set = write };
module_param_cb(write, &write_ops, NULL, 0200);
MODULE_PARM_DESC(write, "written to: retires objects whose destructors use globals");

static bool init_fails;
static DECLARE_COMPLETION(inside);

void globals_say(const char *text)
{
	pr_info("%s\n", text);
}

bool globals_is_to_be_empty(const char *name)
{
	return !strcmp(name, empty);
}

void globals_busy_ms(unsigned int ms)
{
	mdelay(ms);
}

void globals_sleep_ms(unsigned int ms)
{
	msleep(ms);
}

bool globals_end_has_begun(void)
{
	return READ_ONCE(init_fails) || !module_is_live(THIS_MODULE);
}

static int late_main(void *run)
{
	((void (*)(void))run)();
	return 0;
}

int globals_late_thread(void (*run)(void))
{
	struct task_struct *thread = kthread_run(late_main, run, "krcu_globals");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wait_for_completion(&inside);
	return 0;
}

void globals_inside(void)
{
	complete(&inside);
}

static int __init globals_init(void)
{
	int err = globals_fill();

	pr_info("init\n");
	if (err || !fail_init)
		return err;
	WRITE_ONCE(init_fails, true);
	globals_retire();
	return -ECANCELED;
}

static void __exit globals_exit(void)
{
	pr_info("exit\n");
	globals_retire();
}

module_init(globals_init);
module_exit(globals_exit);
MODULE_DESCRIPTION("Globals that are left to the module's exit");
MODULE_LICENSE("GPL");
