// SPDX-License-Identifier: GPL-2.0
/*
 * The torture's tasks: threads, and timers and work items on all CPUs.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "run.h"
#include "torture.h"

/* All tasks stop at once: one after the other, the last would get little time to notice. */
static bool stopping;

bool tasks_stop(void)
{
	return READ_ONCE(stopping);
}

/* Tasks are numbered through: first the threads, then a timer and a work item for each CPU. */
static unsigned int tasks;

static struct thread {
	struct task_struct *task;
	void (*step)(unsigned int task);
} threads[TORTURE_TASKS];

int wait_for_stop(void)
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
	while (!tasks_stop()) {
		thread->step(thread - threads);
		cond_resched();
	}
	return wait_for_stop();
}

int create_threads(const char *name, void (*step)(unsigned int task), unsigned int count, int nice)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < count; i++, tasks++) {
		threads[tasks].step = step;
		task = kthread_create(thread_main, &threads[tasks], "krcu_%s/%u", name, i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		if (nice)
			set_user_nice(task, nice);
		threads[tasks].task = task;
	}
	return 0;
}

static void stop_threads(void)
{
	struct thread *thread;

	for (thread = threads; thread < threads + TORTURE_TASKS; thread++)
		if (thread->task)
			kthread_stop(thread->task);
}

/* Each timer and work item goes from CPU to CPU, around all that are online. */
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
	if (tasks_stop())
		return;
	/* A tenth of the time at most, however slow the kernel: threads want some too. */
	timer->expires = jiffies + max(usecs_to_jiffies(9 * ktime_us_delta(ktime_get(), begin)), 1ul);
	add_timer_on(timer, next_cpu());
}

static void work_func(struct work_struct *work)
{
	struct traveller *traveller = container_of(to_delayed_work(work), struct traveller, work);

	torture_work(traveller->work_task);
	if (!tasks_stop())
		schedule_delayed_work_on(next_cpu(), &traveller->work, 1);
}

int create_travellers(void)
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

void start_tasks(void)
{
	struct traveller *traveller;
	struct thread *thread;

	for (thread = threads; thread < threads + TORTURE_TASKS; thread++)
		if (thread->task)
			wake_up_process(thread->task);
	if (!travellers)
		return;
	for (traveller = travellers; traveller < travellers + nr_cpu_ids; traveller++) {
		mod_timer(&traveller->timer, jiffies + 1);
		schedule_delayed_work(&traveller->work, 1);
	}
}

void stop_tasks(void)
{
	WRITE_ONCE(stopping, true);
	stop_travellers();
	stop_threads();
}
