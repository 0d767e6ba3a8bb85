// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_sample: a driver that uses most of krcu (Rcu, RcuBox, RcuFreeBox, Callback,
 * Srcu, SlabCache, reclaim::Work, PollWaitQueue, KRCU_GLOBAL) from process context, a
 * work item and a timer, and that unloads while RCU callbacks into its own text are still
 * pending. This half is C and does what C does well: the entry points, the work
 * item, the timer. The objects live in engine.cpp.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "sample.h"

static unsigned int rounds = 20;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "rounds of the work item and of the timer");

static unsigned int burst = 1000;
module_param(burst, uint, 0444);
MODULE_PARM_DESC(burst, "objects to retire in the very last moment before the module goes");

static bool fail_init;
module_param(fail_init, bool, 0444);
MODULE_PARM_DESC(fail_init, "fail the module's init after all is published, for tests");

static void work_func(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, work_func);

static void work_func(struct work_struct *unused)
{
	static unsigned int n;

	sample_work();
	if (++n < rounds)
		schedule_delayed_work(&work, 1);
	else
		sample_print_counts("work item", n);
}

static void timer_func(struct timer_list *timer)
{
	static unsigned int n;

	sample_tick();
	if (++n < rounds)
		mod_timer(timer, jiffies + 1);
	else
		sample_print_counts("timer", n);
}

static DEFINE_TIMER(timer, timer_func);

static int __init sample_init(void)
{
	int err = sample_start();

	if (err) {
		pr_err("init: %pe\n", ERR_PTR(err));
		return err;
	}
	if (fail_init) {
		sample_stop(burst);
		return -ECANCELED;
	}
	pr_info("init: settings, session, table, waiters and journal are published\n");
	schedule_delayed_work(&work, 1);
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit sample_exit(void)
{
	cancel_delayed_work_sync(&work);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	timer_shutdown_sync(&timer);
#else
	del_timer_sync(&timer);
#endif
	sample_stop(burst);
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Sample driver for krcu");
MODULE_LICENSE("GPL");
