// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_exits: drivers that leave things to the module's exit, one for each value of
 * the parameter "scenario". For scripts/guest/exits.sh, which loads and unloads it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "exits.h"

static char *scenario = "none";
module_param(scenario, charp, 0444);
MODULE_PARM_DESC(scenario, "what to leave to the exit: see exits.cpp");

/* A writer is on its way when the exit runs, and comes through when that has returned. */
static int retire_after_a_while(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;
	int err = kstrtouint(val, 0, &ms);

	if (err)
		return err;
	msleep(ms);
	err = exits_hold_callbacks_up();
	return err ? err : exits_late_thread(exits_retire_all);
}

static const struct kernel_param_ops retire_ops = { .set = retire_after_a_while };
module_param_cb(retire, &retire_ops, NULL, 0200);
MODULE_PARM_DESC(retire, "written to: retires objects, so many ms later");

static int retire_one(const char *val, const struct kernel_param *kp)
{
	exits_retire_one();
	return 0;
}

static const struct kernel_param_ops retire_one_ops = { .set = retire_one };
module_param_cb(retire_one, &retire_one_ops, NULL, 0200);
MODULE_PARM_DESC(retire_one, "written to: retires an object");

static int refuse_value(const char *val, const struct kernel_param *kp)
{
	return -EINVAL;
}

/*
 * A domain of C code that ends when the exit has returned, as one of DEFINE_STATIC_SRCU()
 * does; whoever uses it then finds nothing.
 */
static struct srcu_struct c_domain;
static bool c_domain_begun;

static void end_c_domain(void *unused)
{
	if (c_domain_begun)
		cleanup_srcu_struct(&c_domain);
	memset(&c_domain, 0, sizeof(c_domain));
}

static const struct kernel_param_ops refuse_ops = { .set = refuse_value, .free = end_c_domain };
module_param_cb(refuse, &refuse_ops, NULL, 0200);
MODULE_PARM_DESC(refuse, "fails the load before init");

static DECLARE_COMPLETION(inside);

static int late_main(void *run)
{
	((void (*)(void))run)();
	return 0;
}

int exits_late_thread(void (*run)(void))
{
	struct task_struct *thread = kthread_create(late_main, run, "krcu_exits");
	unsigned int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	/* Callbacks run where they were queued: not where the module's end would wait for them by accident. */
	if (cpu < nr_cpu_ids)
		kthread_bind(thread, cpu);
	wake_up_process(thread);
	wait_for_completion(&inside);
	return 0;
}

void exits_inside(void)
{
	complete(&inside);
}

void exits_sleep_ms(unsigned int ms)
{
	msleep(ms);
}

void exits_busy_ms(unsigned int ms)
{
	mdelay(ms);
}

/* By then the kernel has forgotten the module's text, and a WARN in it would be an oops. */
static bool exit_has_returned(void)
{
	return READ_ONCE(THIS_MODULE->state) == MODULE_STATE_UNFORMED;
}

void exits_say(const char *text)
{
	pr_info("%s: %s%s\n", scenario, text, exit_has_returned() ? " when the exit has returned" : "");
}

struct srcu_struct *exits_c_domain(void)
{
	return &c_domain;
}

int exits_c_read_lock(void)
	__acquires(&c_domain)
{
	return srcu_read_lock(&c_domain);
}

void exits_c_read_unlock(int idx)
	__releases(&c_domain)
{
	srcu_read_unlock(&c_domain, idx);
}

static void c_callback(struct rcu_head *head)
{
	kfree(head);
}

void exits_c_call(void)
{
	struct rcu_head *head = kmalloc(sizeof(*head), GFP_KERNEL);

	if (head)
		call_srcu(&c_domain, head, c_callback);
}

void *exits_domain(void)
{
	return exits_shared_domain();
}
EXPORT_SYMBOL_GPL(exits_domain);

static int __init exits_init(void)
{
	int err = init_srcu_struct(&c_domain);

	if (err)
		return err;
	c_domain_begun = true;
	return exits_begin(scenario);
}

static void __exit exits_exit(void)
{
	exits_end();
}

module_init(exits_init);
module_exit(exits_exit);
MODULE_DESCRIPTION("Drivers that leave things to the module's exit");
MODULE_LICENSE("GPL");
