// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim in process context (krcu::reclaim::Work), a batch at a time: what is
 * retired is pushed on a list of the CPU, one grace period is for all of a list,
 * and a work item destroys what was on it, in the order in which it came.
 *
 * It takes no memory: the rcu_head of what is retired holds the link of the list
 * and the function to call.
 *
 * A CPU's list is busy when a callback of RCU is on its way, and the work item
 * behind it looks at the list again. Else it is empty, or whoever pushed is about to
 * come to krcu_reclaim_kick(). So an object that comes while a grace period elapses
 * waits for the rest of that one, for one of its own, and until the batch before it is
 * destroyed.
 *
 * Any CPU may push on any list, and any may close it. So a task may be preempted
 * anywhere, and nothing is to be done when a CPU goes offline: its callback moves to
 * another CPU by itself, and the work item is bound to none.
 */
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <krcu/internal/shims.h>

/* See shims.c. */
#define krcu_shim __always_inline

/* So many on one CPU are many: as for call_rcu(), where it is rcutree.qhimark. */
#define MANY 10000

struct retired {
	struct callback_head *open;	/* since it was last closed, the latest first */
	int left;			/* how many more until these are many; about right is enough */
	bool busy;

	raw_spinlock_t lock;		/* of all below, of closing the list, and of setting busy */
	bool over;			/* the grace period; for the work item */
	bool hurry;			/* it is to expedite one */
	struct callback_head *closed;	/* what the grace period is for */
	int closed_n;			/* how many these are */
	int waiting;			/* these, and what is being destroyed */
	struct rcu_head gp;
	struct work_struct work;
	struct work_struct early;	/* see queue() */
};

static DEFINE_PER_CPU(struct retired, all_retired) = {
	.left = MANY,
	.lock = __RAW_SPIN_LOCK_UNLOCKED(all_retired.lock),
};

static struct workqueue_struct *workqueue;
static DECLARE_WAIT_QUEUE_HEAD(waiters);

static void kick(struct retired *retired);

static int pending(struct retired *retired)
{
	return MANY - READ_ONCE(retired->left) + READ_ONCE(retired->waiting);
}

/*
 * Set functions of parameters, and whatever else runs before the module's init, may retire before there is a workqueue:
 * that is for the system's, and has a work item of its own. One that is on two workqueues may run twice at once, and
 * flush_work() waits for one of these.
 */
static void queue(struct retired *retired)
{
	struct workqueue_struct *own = READ_ONCE(workqueue);

	if (own)
		queue_work(own, &retired->work);
	else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
		queue_work(system_dfl_wq, &retired->early);
#else
		queue_work(system_unbound_wq, &retired->early);
#endif
}

static void grace_period_over(struct rcu_head *gp)
{
	struct retired *retired = container_of(gp, struct retired, gp);
	unsigned long flags;

	raw_spin_lock_irqsave(&retired->lock, flags);
	retired->over = true;
	raw_spin_unlock_irqrestore(&retired->lock, flags);
	queue(retired);
}

/* Under the lock: what has been retired so far. */
static struct callback_head *close(struct retired *retired, int *n)
{
	/* A full barrier: a grace period that begins behind it is one for all who can see any of these. */
	struct callback_head *latest = xchg(&retired->open, NULL);

	*n = latest ? MANY - READ_ONCE(retired->left) : 0;
	WRITE_ONCE(retired->left, MANY);
	WRITE_ONCE(retired->waiting, retired->waiting + *n);
	return latest;
}

/* Under the lock, when no callback is on its way. */
static void start_batch(struct retired *retired)
{
	/* Whoever pushes too late for this batch then finds that it is not busy, or that it is so again. */
	smp_store_mb(retired->busy, false); /* pairs with the push in krcu_reclaim_retire() */
	retired->closed = close(retired, &retired->closed_n);
	if (!retired->closed)
		return;
	WRITE_ONCE(retired->busy, true);
	call_rcu(&retired->gp, grace_period_over);
	if (KRCU_STATS)
		krcu_stats_add(KRCU_BATCHES, 1);
}

/* Behind the last one: so there need not be two tests, as nobody's func is there. */
static struct callback_head end;

static struct callback_head *in_order(struct callback_head *a)
{
	struct callback_head *b = &end, *c;

	/* Three at a time, so that no pointer moves from one variable to another. */
	for (;;) {
		if (!a)
			return b;
		c = a->next;
		a->next = b;
		if (!c)
			return a;
		b = c->next;
		c->next = a;
		if (!b)
			return c;
		a = b->next;
		b->next = c;
		cond_resched();
	}
}

static void free_all(struct krcu_bulk *bulk)
{
	if (bulk->room != KRCU_BULK)
		bulk->free(KRCU_BULK - bulk->room, bulk->objects + bulk->room);
	bulk->room = KRCU_BULK;
}

size_t krcu_reclaim_bulk(struct krcu_bulk *bulk, krcu_free_bulk_t *free)
{
	if (bulk->free != free || !bulk->room)
		free_all(bulk);
	bulk->free = free;
	return bulk->room;
}

krcu_shim struct callback_head *krcu_reclaim_next(struct callback_head *head)
{
	cond_resched();
	return head->next;
}

krcu_shim bool krcu_reclaim_is_for(struct callback_head *head, krcu_destroy_t *destroy)
{
	return likely(head->func == (void *)destroy);
}

static void destroy(struct retired *retired, struct callback_head *latest, int n)
{
	struct callback_head *head = in_order(latest);
	struct krcu_bulk bulk;

	bulk.free = NULL;
	bulk.room = KRCU_BULK;
	/* Holds because krcu_reclaim_retire() has put a function of that type there. */
	while (head != &end)
		head = ((krcu_destroy_t *)(void *)head->func)(head, &bulk);
	free_all(&bulk);

	raw_spin_lock_irq(&retired->lock);
	WRITE_ONCE(retired->waiting, retired->waiting - n);
	raw_spin_unlock_irq(&retired->lock);
	if (wq_has_sleeper(&waiters))
		wake_up_all(&waiters);
}

static void reclaim(struct retired *retired)
{
	struct callback_head *over = NULL, *closed = NULL, *open = NULL;
	int over_n = 0, closed_n = 0, open_n = 0;

	raw_spin_lock_irq(&retired->lock);
	if (retired->over) {
		retired->over = false;
		over = retired->closed;
		over_n = retired->closed_n;
		/* The next grace period elapses beside the destructors. */
		start_batch(retired);
		if (KRCU_STATS)
			krcu_stats_add(KRCU_BATCHES, -1);
	}
	if (retired->hurry) {
		retired->hurry = false;
		/* The callback that is on its way then finds nothing to do, but to start the next batch. */
		closed = retired->closed;
		closed_n = retired->closed_n;
		retired->closed = NULL;
		retired->closed_n = 0;
		open = close(retired, &open_n);
	}
	raw_spin_unlock_irq(&retired->lock);

	destroy(retired, over, over_n);
	if (closed || open) {
		synchronize_rcu_expedited();
		destroy(retired, closed, closed_n);
		destroy(retired, open, open_n);
	}
	/* After the destructors, which may have retired something, and after the start of a batch. */
	krcu_callback_ran(&krcu_rcu_ran);
}

static void reclaim_work(struct work_struct *work)
{
	reclaim(container_of(work, struct retired, work));
}

static void reclaim_early(struct work_struct *work)
{
	reclaim(container_of(work, struct retired, early));
}

static void hurry(struct retired *retired)
{
	unsigned long flags;
	bool first;

	raw_spin_lock_irqsave(&retired->lock, flags);
	/* Where it is not busy, somebody is about to start a batch, or nothing waits. */
	first = retired->busy && !retired->hurry;
	if (first)
		retired->hurry = true;
	raw_spin_unlock_irqrestore(&retired->lock, flags);
	if (first)
		queue(retired);
}

/* The module's end, and drain(): rcu_barrier(), and whatever else is pending. */
static void reclaim_wait(void)
{
	unsigned int cpu;

	/* Who has set busy is not at call_rcu() yet, perhaps; others have seen it busy by then, and returned. */
	for_each_possible_cpu(cpu)
		kick(per_cpu_ptr(&all_retired, cpu));
	rcu_barrier();
	for_each_possible_cpu(cpu) {
		struct retired *retired = per_cpu_ptr(&all_retired, cpu);

		flush_work(&retired->early);
		flush_work(&retired->work);
	}
}

/* Memory is short: grace periods are what stands between it and what waits here. */
static unsigned long count_pending(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned long n = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		n += max(pending(per_cpu_ptr(&all_retired, cpu)), 0);
	return n ?: SHRINK_EMPTY;
}

static unsigned long hurry_all(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		hurry(per_cpu_ptr(&all_retired, cpu));
	return SHRINK_STOP;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct shrinker *shrinker;

static int begin_shrinker(void)
{
	shrinker = shrinker_alloc(0, "krcu:%s", THIS_MODULE->name);
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count_pending;
	shrinker->scan_objects = hurry_all;
	shrinker_register(shrinker);
	return 0;
}

static void end_shrinker(void)
{
	shrinker_free(shrinker);
}
#else
static struct shrinker shrinker = {
	.count_objects = count_pending,
	.scan_objects = hurry_all,
	.seeks = DEFAULT_SEEKS,
};

static int begin_shrinker(void)
{
	return register_shrinker(&shrinker, "krcu:%s", THIS_MODULE->name);
}

static void end_shrinker(void)
{
	unregister_shrinker(&shrinker);
}
#endif

/* When nothing is pending any more. */
static void __cold reclaim_end(void)
{
	unsigned int cpu;

	/* Both or none are there. */
	if (!workqueue)
		return;
	end_shrinker();
	/* It may have begun to queue this before there was a workqueue. */
	for_each_possible_cpu(cpu)
		if (per_cpu_ptr(&all_retired, cpu)->early.func)
			flush_work(&per_cpu_ptr(&all_retired, cpu)->early);
	destroy_workqueue(workqueue);
}

static int reclaim_begin(void *unused);

static const struct krcu_global global = { .begin = reclaim_begin };
/* The first one, as it is linked first. GCC else reverses the order of a section. */
#ifndef __clang__
__attribute__((__no_reorder__))
#endif
static const struct krcu_global *const pointer_to_global __section("krcu_globals") = &global;

static const struct krcu_reclaim_ops ops = {
	.wait = reclaim_wait,
	.end = reclaim_end,
	/* Nobody else names it, and it is to be in modules that have what is above, and in no others. */
	.begins = &pointer_to_global,
};

/*
 * As the module's globals begin, before its init: 0, or a negative errno and the module is not loaded. The end comes
 * later than theirs, as set functions of parameters may retire after the exit.
 */
static int __cold reclaim_begin(void *unused)
{
	struct workqueue_struct *own;
	int err;

	WRITE_ONCE(krcu_reclaim, &ops);
	/*
	 * Bound to no CPU, as destructors may take long; with a rescuer, for when there is no memory for a worker; and
	 * before other tasks, as softirqs are: else they share the CPU with who retires at full speed, and fall behind.
	 */
	own = alloc_workqueue("krcu:%.16s", WQ_MEM_RECLAIM | WQ_UNBOUND | WQ_HIGHPRI, 0, THIS_MODULE->name);
	if (!own)
		return -ENOMEM;
	err = begin_shrinker();
	if (err) {
		destroy_workqueue(own);
		return err;
	}
	WRITE_ONCE(workqueue, own);
	return 0;
}

/* Starts a batch, if no callback is on its way. */
static noinline void kick(struct retired *retired)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&retired->lock, flags);
	if (!retired->busy) {
		if (!retired->work.func) {
			INIT_WORK(&retired->early, reclaim_early);
			INIT_WORK(&retired->work, reclaim_work);
			/* Before whoever waits for what is retired looks. */
			WRITE_ONCE(krcu_reclaim, &ops);
		}
		start_batch(retired);
	}
	raw_spin_unlock_irqrestore(&retired->lock, flags);
}

krcu_shim void krcu_reclaim_retire(struct callback_head *head, krcu_destroy_t *destroy)
{
	/* Any CPU's would do. */
	struct retired *retired = raw_cpu_ptr(&all_retired);
	struct callback_head *latest = READ_ONCE(retired->open);

	/* Interrupted while it has the lock, this would wait for itself: better a leak, and a warning. */
	if (IS_ENABLED(CONFIG_PROVE_RCU) && WARN_ONCE(in_nmi(), "krcu: reclaim::Work: an object is retired in NMI\n"))
		return;
	/* Called as what it is: see above. */
	head->func = (void *)destroy;
	do
		head->next = latest;
	while (!try_cmpxchg(&retired->open, &latest, head));
	/*
	 * The full barrier in between pairs with start_batch()'s. Not READ_ONCE(), which takes compilers a register and
	 * an instruction more: a byte is true or false, whatever a race makes of it.
	 */
	if (unlikely(!data_race(retired->busy)))
		kick(retired);
	else if (unlikely(!data_race(--retired->left))) /* see struct retired */
		hurry(retired);
}

/* Whether the caller is such a destructor. */
bool krcu_reclaim_is_current(void)
{
	struct work_struct *work = current_work();
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct retired *retired = per_cpu_ptr(&all_retired, cpu);

		if (work == &retired->work || work == &retired->early)
			return true;
	}
	return false;
}

bool krcu_reclaim_wait(void)
{
	struct retired *retired = raw_cpu_ptr(&all_retired);
	bool many = pending(retired) >= MANY;

	might_sleep();
	/* Checkers say so also where it would not hang today. */
	if ((many || IS_ENABLED(CONFIG_PROVE_RCU)) &&
	    WARN_ONCE(krcu_reclaim_is_current(),
		      "krcu: reclaim::wait() in a destructor, which would wait for itself\n"))
		return false;
	if (!many)
		return true;
	/* For one that nobody pushes on: a count that a race got wrong is right again. */
	kick(retired);
	hurry(retired);
	return wait_event_timeout(waiters, pending(retired) < MANY, HZ);
}
