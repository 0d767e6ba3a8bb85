// SPDX-License-Identifier: GPL-2.0
/*
 * Pressure on memory: takes all pages there are for a moment, and releases them
 * before anybody is killed.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "run.h"

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

	while (order >= 0 && time_before(jiffies, end) && !tasks_stop()) {
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
	while (!tasks_stop()) {
		take_all();
		msleep(50);
		give_back();
		schedule_timeout_interruptible(2 * HZ);
	}
	return wait_for_stop();
}

int create_pressure(void)
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

void start_pressure(void)
{
	if (taker)
		wake_up_process(taker);
}

void stop_pressure(void)
{
	if (IS_ERR_OR_NULL(taker))
		return;
	kthread_stop(taker);
	unregister_oom_notifier(&out_of_memory_notifier);
}
