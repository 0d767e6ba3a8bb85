// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_torture: uses every type of krcu as hard as it can, from threads, timers
 * and work items on all CPUs, and checks what readers see, what waiting waits
 * for, and that what was made was destroyed once. After rcutorture
 * (Documentation/RCU/torture.rst), whose way of reporting it shares: statistics
 * every few seconds, and one verdict in the end.
 *
 * This half is C: tasks and their contexts, pressure on memory, printing. What
 * they do is in torture.cpp.
 */
#define pr_fmt(fmt) "krcu-torture: " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/workqueue.h>

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

static unsigned int readers = 2;
module_param(readers, uint, 0444);
MODULE_PARM_DESC(readers, "threads that read");

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

static unsigned int stall;
module_param(stall, uint, 0444);
MODULE_PARM_DESC(stall, "seconds for which one reader spins in its section");

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

static DEFINE_MUTEX(copying);

bool torture_trylock(void)
{
	return mutex_trylock(&copying);
}

void torture_unlock(void)
{
	mutex_unlock(&copying);
}

/* Threads */

/* All tasks stop at once: one after the other, the last would get little time to notice. */
static bool stopping;

static unsigned long started;

bool torture_stays(void)
{
	cpu_relax();
	return time_before(jiffies, started + (STALL_BEGINS + stall) * HZ) && !READ_ONCE(stopping);
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
	stayed = !READ_ONCE(stopping);
}

static unsigned int checkers = 1, stallers, flooders[3];

static const struct role {
	const char *name;
	void (*step)(unsigned int task);
	unsigned int *threads;
	int *nice;
} roles[] = {
	{ "read", torture_read, &readers },
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

static struct thread {
	struct task_struct *task;
	const struct role *role;
} threads[TORTURE_TASKS];

/* Tasks are numbered through: first the threads, then a timer and a work item for each CPU. */
static unsigned int tasks;

/* kthread_stop() wants a thread that is still there. */
static int wait_for_stop(void)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int thread_main(void *data)
{
	struct thread *thread = data;

#ifdef CONFIG_FAILSLAB
	/* For failslab's task-filter. */
	current->make_it_fail = 1;
#endif
	while (!READ_ONCE(stopping)) {
		thread->role->step(thread - threads);
		cond_resched();
	}
	return wait_for_stop();
}

static void stop_threads(void)
{
	struct thread *thread;

	for (thread = threads; thread < threads + TORTURE_TASKS; thread++)
		if (thread->task)
			kthread_stop(thread->task);
}

static int create_threads(void)
{
	const struct role *role;
	struct task_struct *task;
	unsigned int i;

	for (role = roles; role < roles + ARRAY_SIZE(roles); role++) {
		for (i = 0; i < *role->threads; i++, tasks++) {
			threads[tasks].role = role;
			task = kthread_create(thread_main, &threads[tasks], "krcu_%s/%u", role->name, i);
			if (IS_ERR(task))
				return PTR_ERR(task);
			if (role->nice)
				set_user_nice(task, *role->nice);
			threads[tasks].task = task;
		}
	}
	return 0;
}

/* When all are there: once some run, creating others takes long. */
static void start_threads(void)
{
	struct thread *thread;

	for (thread = threads; thread < threads + TORTURE_TASKS; thread++)
		if (thread->task)
			wake_up_process(thread->task);
}

/* Timers and work items: each goes from CPU to CPU, around all that are online */

static struct traveller {
	struct timer_list timer;
	struct delayed_work work;
	unsigned int timer_task, work_task;
} *travellers;

/* The CPU may be gone when the caller uses it: then its timers run when it is back. */
static unsigned int next_cpu(void)
{
	unsigned int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

static void timer_func(struct timer_list *timer)
{
	struct traveller *traveller = container_of(timer, struct traveller, timer);
	ktime_t begin = ktime_get();

	torture_tick(traveller->timer_task);
	if (READ_ONCE(stopping))
		return;
	/* A tenth of the time at most, however slow the kernel: threads want some too. */
	timer->expires = jiffies + max(usecs_to_jiffies(9 * ktime_us_delta(ktime_get(), begin)), 1ul);
	add_timer_on(timer, next_cpu());
}

static void work_func(struct work_struct *work)
{
	struct traveller *traveller = container_of(to_delayed_work(work), struct traveller, work);

	torture_work(traveller->work_task);
	if (!READ_ONCE(stopping))
		schedule_delayed_work_on(next_cpu(), &traveller->work, 1);
}

static int create_travellers(void)
{
	struct traveller *traveller;

	travellers = kcalloc(nr_cpu_ids, sizeof(*travellers), GFP_KERNEL);
	if (!travellers)
		return -ENOMEM;
	for (traveller = travellers; traveller < travellers + nr_cpu_ids; traveller++) {
		traveller->timer_task = tasks++;
		traveller->work_task = tasks++;
		timer_setup(&traveller->timer, timer_func, 0);
		INIT_DELAYED_WORK(&traveller->work, work_func);
	}
	return 0;
}

static void start_travellers(void)
{
	struct traveller *traveller;

	for (traveller = travellers; traveller < travellers + nr_cpu_ids; traveller++) {
		mod_timer(&traveller->timer, jiffies + 1);
		schedule_delayed_work(&traveller->work, 1);
	}
}

static void stop_travellers(void)
{
	struct traveller *traveller;

	if (!travellers)
		return;
	for (traveller = travellers; traveller < travellers + nr_cpu_ids; traveller++) {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
		timer_shutdown_sync(&traveller->timer);
#else
		del_timer_sync(&traveller->timer);
#endif
		cancel_delayed_work_sync(&traveller->work);
	}
	kfree(travellers);
}

/* Pressure on memory: takes all pages there are for a moment, and lets go of them before anybody is killed */

static LIST_HEAD(taken);
static DEFINE_SPINLOCK(taken_lock);
static struct task_struct *taker;

/* One by one, so that whoever runs out of memory meanwhile finds the rest on the list. */
static unsigned long give_back(void)
{
	struct page *page;
	unsigned long pages = 0;
	unsigned int order;

	for (;;) {
		spin_lock(&taken_lock);
		page = list_first_entry_or_null(&taken, struct page, lru);
		if (page)
			list_del(&page->lru);
		spin_unlock(&taken_lock);
		if (!page)
			return pages;
		order = page_private(page);
		set_page_private(page, 0);
		pages += 1 << order;
		__free_pages(page, order);
	}
}

static int out_of_memory_call(struct notifier_block *unused, unsigned long action, void *freed)
{
	*(unsigned long *)freed += give_back();
	return NOTIFY_OK;
}

static struct notifier_block out_of_memory_notifier = { .notifier_call = out_of_memory_call };

/*
 * The others give memory back meanwhile, so this would not end by itself. It does not reclaim: it might have to
 * wait for a lock, and whoever has that for memory or, being nice, for the CPU, and all memory stay taken.
 */
static void take_all(void)
{
	unsigned long end = jiffies + 2 * HZ;
	int order = 4;

	while (order >= 0 && time_before(jiffies, end) && !READ_ONCE(stopping)) {
		struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order);

		if (!page) {
			order--;
			continue;
		}
		set_page_private(page, order);
		spin_lock(&taken_lock);
		list_add(&page->lru, &taken);
		spin_unlock(&taken_lock);
		cond_resched();
	}
}

static int taker_main(void *unused)
{
	while (!READ_ONCE(stopping)) {
		take_all();
		msleep(50);
		give_back();
		schedule_timeout_interruptible(2 * HZ);
	}
	return wait_for_stop();
}

static int create_taker(void)
{
	int err = register_oom_notifier(&out_of_memory_notifier);

	if (err)
		return err;
	taker = kthread_create(taker_main, NULL, "krcu_pressure");
	if (IS_ERR(taker)) {
		unregister_oom_notifier(&out_of_memory_notifier);
		return PTR_ERR(taker);
	}
	/* Else the others get more memory back meanwhile than it takes. */
	set_user_nice(taker, MIN_NICE);
	return 0;
}

static void stop_taker(void)
{
	if (IS_ERR_OR_NULL(taker))
		return;
	kthread_stop(taker);
	unregister_oom_notifier(&out_of_memory_notifier);
}

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

static bool balanced(void)
{
	struct torture_kind kind;
	unsigned int i;

	for (i = 0; torture_count(i, &kind); i++)
		if (kind.made != kind.destroyed || kind.allocated != kind.freed)
			return false;
	return true;
}

/* Barriers wait for callbacks, but not for the work items behind some of them. */
static void drain(void)
{
	unsigned long end = jiffies + 30 * HZ;

	do
		rcu_barrier();
	while (!balanced() && !schedule_timeout_idle(HZ / 10) && time_before(jiffies, end));
}

/* @whole: the run had all its time, so every kind must have had its share. */
static void print_kinds(bool whole)
{
	struct torture_kind kind;
	unsigned int i;

	for (i = 0; torture_count(i, &kind); i++) {
		pr_info("%s: retired %lu made %lu destroyed %lu allocated %lu freed %lu nomem %lu\n",
			kind.name, kind.retired, kind.made, kind.destroyed, kind.allocated, kind.freed, kind.nomem);
		if (kind.made != kind.destroyed)
			torture_fail("not as many were destroyed as were made", kind.name);
		if (kind.allocated != kind.freed)
			torture_fail("not as much was freed as was allocated", kind.name);
		if (whole && !kind.retired)
			torture_fail("none was ever retired", kind.name);
	}
}

static void stop_all(void)
{
	WRITE_ONCE(stopping, true);
	stop_taker();
	stop_travellers();
	stop_threads();
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
	drain();
	if (whole && stall && !stayed)
		torture_fail("the reader did not stay for as long as it should", "stall");
	print_kinds(whole && !flood);
	pr_info("memory: %lu MB available at the start, %lu MB at least\n", at_start, least);
	print_totals(atomic_read(&failures) ? "End of test: FAILURE: " : "End of test: SUCCESS: ");
	return wait_for_stop();
}

static void __init set_roles(void)
{
	unsigned int i;

	stallers = stall > 0;
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
	err = create_threads();
	if (!err && !flood)
		err = create_travellers();
	if (!err && pressure)
		err = create_taker();
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
	start_threads();
	if (travellers)
		start_travellers();
	if (taker)
		wake_up_process(taker);
	return 0;
}

static void __exit torture_exit(void)
{
	kthread_stop(conductor);
}

module_init(torture_init);
module_exit(torture_exit);
MODULE_DESCRIPTION("Torture test of krcu");
MODULE_LICENSE("GPL");
