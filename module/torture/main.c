// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_torture: uses every type of krcu as hard as it can, from threads, timers
 * and work items on all CPUs, and checks what readers see, what waiting waits
 * for, and that what was made was destroyed once. After rcutorture
 * (Documentation/RCU/torture.rst), whose way of reporting it shares: statistics
 * every few seconds, and one verdict in the end.
 *
 * Here is a run: its parameters, its length and its verdict. Its tasks are in
 * tasks.c; what they do is C++, and begins in subjects.cpp.
 */
#define pr_fmt(fmt) "krcu-torture: " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "run.h"
#include "torture.h"

/* Seconds after the start */
#define STALL_BEGINS	5
#define PATIENCE	60

static unsigned int duration = 60;
module_param(duration, uint, 0444);
MODULE_PARM_DESC(duration, "seconds to run; the first failure, or unloading, ends a run as well");

static unsigned int stat_interval = 5;
module_param(stat_interval, uint, 0444);
MODULE_PARM_DESC(stat_interval, "seconds between two lines of statistics");

static unsigned int nreaders = 2;
module_param(nreaders, uint, 0444);
MODULE_PARM_DESC(nreaders, "threads that read");

static unsigned int updaters = 2;
module_param(updaters, uint, 0444);
MODULE_PARM_DESC(updaters, "threads that update without waiting, but to stay within memory");

static unsigned int waiters = 128;
module_param(waiters, uint, 0444);
MODULE_PARM_DESC(waiters, "threads that wait for a grace period with each update");

static int wait_nice = MAX_NICE;
module_param(wait_nice, int, 0444);
MODULE_PARM_DESC(wait_nice, "niceness of those; where grace periods are short, so many would leave nothing for others");

static unsigned int domains = 2;
module_param(domains, uint, 0444);
MODULE_PARM_DESC(domains, "SRCU domains that come and go at a time, 4 at most");

static unsigned int visitors = 4;
module_param(visitors, uint, 0444);
MODULE_PARM_DESC(visitors, "threads that read and sleep in those domains");

static bool pressure;
module_param(pressure, bool, 0444);
MODULE_PARM_DESC(pressure, "take all free memory every few seconds, and give it back");

static unsigned int flood;
module_param(flood, uint, 0444);
MODULE_PARM_DESC(flood, "instead of all else, retire as fast as can be: 1: kvfree_rcu(), 2: call_rcu(), 4: call_srcu(), or a sum");

static bool pace = true;
module_param(pace, bool, 0444);
MODULE_PARM_DESC(pace, "let a flood wait for grace periods, so that it stays within memory");

static unsigned int stall_cpu;
module_param(stall_cpu, uint, 0444);
MODULE_PARM_DESC(stall_cpu, "seconds for which one reader spins in its section");

static unsigned int budget;
module_param(budget, uint, 0444);
MODULE_PARM_DESC(budget, "MB of memory that the run may take at a time (0: any)");

static unsigned int bug;
module_param(bug, uint, 0444);
MODULE_PARM_DESC(bug, "bug to plant: 1: free without waiting, 2: lose objects");

static atomic_t failures;

void torture_fail(const char *what, const char *where)
{
	if (atomic_inc_return(&failures) <= 10)
		pr_err("failure: %s: %s\n", where, what);
}

unsigned int torture_cpu(void)
{
	return raw_smp_processor_id();
}

void torture_sleep_us(unsigned int us)
{
	usleep_range(us, us + 50);
}

static unsigned long started;

bool torture_stays(void)
{
	cpu_relax();
	return time_before(jiffies, started + (STALL_BEGINS + stall_cpu) * HZ) && !tasks_stop();
}

static bool stayed;

/* Once, when there is something to hold. */
static void stall_once(unsigned int task)
{
	schedule_timeout_idle(HZ / 10);
	if (time_before(jiffies, started + STALL_BEGINS * HZ) || !torture_stays())
		return;
	pr_info("a reader comes to stay\n");
	torture_stall(task);
	pr_info("it leaves\n");
	stayed = !tasks_stop();
}

static unsigned int checkers = 1, stallers, flooders[3];

static const struct role {
	const char *name;
	void (*step)(unsigned int task);
	unsigned int *threads;
	int *nice;
} roles[] = {
	{ "read", torture_read, &nreaders },
	{ "update", torture_update, &updaters },
	{ "wait", torture_update_waiting, &waiters, &wait_nice },
	{ "check", torture_check_waits, &checkers },
	{ "domain", torture_own_domain, &domains },
	{ "visit", torture_visit_domain, &visitors },
	{ "stall", stall_once, &stallers },
	{ "kvfree", torture_flood_kvfree, &flooders[0] },
	{ "call", torture_flood_call, &flooders[1] },
	{ "srcu", torture_flood_srcu, &flooders[2] },
};

/* The run */

static struct task_struct *conductor;

/* Memory that was available, in MB */
static unsigned long at_start, least;

static unsigned long available(void)
{
	return max(si_mem_available(), 0l) >> (20 - PAGE_SHIFT);
}

static void watch_memory(void)
{
	least = min(least, available());
	if (budget && at_start > least + budget)
		torture_fail("the run took more than its budget", "memory");
}

static void print_totals(const char *what)
{
	struct torture_totals totals;

	torture_sum(&totals);
	pr_info("%s%lu s: reads %lu updates %lu retired %lu pending %lu nomem %lu failures %d available %lu MB\n",
		what, (jiffies - started) / HZ, totals.reads, totals.updates, totals.retired, totals.pending,
		totals.nomem, atomic_read(&failures), available());
}

/* Whether every kind has had its share. */
static bool all_retired(void)
{
	struct torture_kind kind;
	unsigned int i;

	for (i = 0; torture_count(i, &kind); i++)
		if (!kind.retired)
			return false;
	return true;
}

/* @whole: the run had all its time, so every kind must have had its share. */
static void print_kinds(bool whole)
{
	struct torture_kind kind;
	unsigned int i;

	for (i = 0; torture_count(i, &kind); i++) {
		pr_info("%s: retired %lu made %lu destroyed %lu allocated %lu freed %lu nomem %lu\n",
			kind.name, kind.retired, kind.made, kind.destroyed, kind.allocated, kind.freed, kind.nomem);
		if (whole && !kind.retired)
			torture_fail("none was ever retired", kind.name);
	}
}

static void stop_all(void)
{
	stop_tasks();
	stop_pressure();
	torture_stop();
}

/*
 * Where the machine is slow and memory short, a domain may take longer to come than the run is to last; so
 * that it is longer then.
 */
static bool goes_on(unsigned long end)
{
	return time_before(jiffies, end) ||
	       (!flood && time_before(jiffies, end + PATIENCE * HZ) && !all_retired());
}

static int conduct(void *unused)
{
	unsigned long next = started + stat_interval * HZ, end = started + duration * HZ;
	bool whole;

	while (!kthread_should_stop() && !atomic_read(&failures) && goes_on(end)) {
		schedule_timeout_interruptible(HZ / 10);
		watch_memory();
		if (time_after_eq(jiffies, next)) {
			print_totals("");
			next += stat_interval * HZ;
		}
	}
	whole = time_after_eq(jiffies, end);
	stop_all();
	if (whole && stall_cpu && !stayed)
		torture_fail("the reader did not stay for as long as it should", "stall");
	print_kinds(whole && !flood);
	torture_check_balance();
	pr_info("memory: %lu MB available at the start, %lu MB at least\n", at_start, least);
	print_totals(atomic_read(&failures) ? "End of test: FAILURE: " : "End of test: SUCCESS: ");
	return wait_for_stop();
}

static void __init set_roles(void)
{
	unsigned int i;

	stallers = stall_cpu > 0;
	if (!flood)
		return;
	for (i = 0; i < ARRAY_SIZE(roles); i++)
		if (roles[i].threads != &stallers)
			*roles[i].threads = 0;
	for (i = 0; i < ARRAY_SIZE(flooders); i++)
		flooders[i] = flood >> i & 1 ? num_online_cpus() : 0;
}

static bool __init fits(void)
{
	u64 all = 2 * nr_cpu_ids;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(roles); i++)
		all += *roles[i].threads;
	return all <= TORTURE_TASKS;
}

static int __init torture_init(void)
{
	unsigned int i;
	int err;

	set_roles();
	if (bug >= TORTURE_BUGS || flood >= 1 << ARRAY_SIZE(flooders) || domains > TORTURE_SITES || !fits()) {
		pr_err("no such bug or flood, or too many of something: at most %u domains, and %u tasks in all\n",
		       TORTURE_SITES, TORTURE_TASKS);
		return -EINVAL;
	}
	err = torture_start(bug, pace);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(roles) && !err; i++)
		err = create_threads(roles[i].name, roles[i].step, *roles[i].threads,
				     roles[i].nice ? *roles[i].nice : 0);
	if (!err && !flood)
		err = create_travellers();
	if (!err && pressure)
		err = create_pressure();
	if (!err) {
		conductor = kthread_create(conduct, NULL, "krcu_torture");
		err = PTR_ERR_OR_ZERO(conductor);
	}
	if (err) {
		stop_all();
		return err;
	}
	at_start = available();
	least = at_start;
	started = jiffies;
	wake_up_process(conductor);
	start_tasks();
	start_pressure();
	return 0;
}

static void __exit torture_exit(void)
{
	kthread_stop(conductor);
	torture_leave();
}

module_init(torture_init);
module_exit(torture_exit);
MODULE_DESCRIPTION("Torture test of krcu");
MODULE_LICENSE("GPL");
