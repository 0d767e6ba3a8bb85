// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_exits: drivers that leave things to the module's exit, one for each value of
 * the parameter "scenario". For scripts/guests/exits.sh, which loads and unloads it.
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
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "exits.h"

static char *scenario = "none";
module_param(scenario, charp, 0444);
MODULE_PARM_DESC(scenario, "what to leave to the exit: see exits.cpp");

static bool exit_has_returned;
static bool init_has_failed;

bool exits_have_begun(void)
{
	return READ_ONCE(init_has_failed) || !module_is_live(THIS_MODULE);
}

/* The kernel says so when the exit has returned, or init has failed. */
static int module_says(struct notifier_block *nb, unsigned long state, void *module)
{
	if (module == THIS_MODULE && state == MODULE_STATE_GOING)
		WRITE_ONCE(exit_has_returned, true);
	return NOTIFY_DONE;
}

static struct notifier_block listener = { .notifier_call = module_says };

/* A late writer comes in when the exit has returned. */
static int retire(const char *val, const struct kernel_param *kp)
{
	bool late;
	int err = kstrtobool(val, &late);

	if (err)
		return err;
	if (late)
		exits_say("a writer is on its way");
	for (int ms = 0; late && ms < 60000 && !READ_ONCE(exit_has_returned); ms++)
		usleep_range(1000, 2000);
	err = exits_hold_callbacks_up();
	return err ? err : exits_late_thread(exits_retire_all);
}

static const struct kernel_param_ops retire_ops = { .set = retire };
module_param_cb(retire, &retire_ops, NULL, 0200);
MODULE_PARM_DESC(retire, "written to: retires objects; 1: late, when the exit has returned");

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

/* What has to outlive the exit. */
static void end(void *unused)
{
	if (c_domain_begun)
		cleanup_srcu_struct(&c_domain);
	memset(&c_domain, 0, sizeof(c_domain));
	unregister_module_notifier(&listener);
}

static const struct kernel_param_ops refuse_ops = { .set = refuse_value, .free = end };
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

void exits_say(const char *text)
{
	pr_info("%s: %s%s\n", scenario, text, READ_ONCE(exit_has_returned) ? " when the exit has returned" : "");
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
	err = register_module_notifier(&listener);
	if (!err)
		err = exits_begin(scenario);
	WRITE_ONCE(init_has_failed, err < 0);
	return err;
}

static void __exit exits_exit(void)
{
	exits_end();
}

module_init(exits_init);
module_exit(exits_exit);
MODULE_DESCRIPTION("Drivers that leave things to the module's exit");
MODULE_LICENSE("GPL");
