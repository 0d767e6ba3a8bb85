// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim in process context: objects whose destructor may sleep come here from
 * their RCU callback, and a work item destroys them (krcu::reclaim::Work).
 *
 * It takes no memory: when an rcu_head's callback runs, the rcu_head is free for
 * other use, so it holds the list link and the function to call. That is why it is
 * not queue_rcu_work(): see docs/design.md.
 */
#include <linux/build_bug.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <krcu/internal/shims.h>

static LLIST_HEAD(waiting);

static void reclaim_waiting(struct work_struct *unused)
{
	struct llist_node *link, *next;

	llist_for_each_safe(link, next, llist_reverse_order(llist_del_all(&waiting))) {
		struct callback_head *head = (struct callback_head *)link;

		head->func(head);
		cond_resched();
	}
}

static DECLARE_WORK(reclaim_work, reclaim_waiting);

void krcu_reclaim_in_work(struct callback_head *head, void (*func)(struct callback_head *head))
{
	/* The casts between the two hold because of this. */
	static_assert(sizeof(struct llist_node) <= offsetof(struct callback_head, func));

	/* Before whoever waits for this callback looks. */
	WRITE_ONCE(krcu_reclaim_work, &reclaim_work);
	head->func = func;
	llist_add((struct llist_node *)head, &waiting);
	/*
	 * Even where the list was not empty: who added to it first may not have come to this line yet, and
	 * flush_work() would find nothing to wait for.
	 */
	schedule_work(&reclaim_work);
}

/* Whether the caller is such a destructor. */
bool krcu_reclaim_is_current(void)
{
	return current_work() == &reclaim_work;
}
