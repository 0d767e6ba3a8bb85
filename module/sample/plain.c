// SPDX-License-Identifier: GPL-2.0
/* The sample driver in C by hand, to compare with main.c and engine.cpp, which say what is what. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

static unsigned int rounds = 20;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "rounds of the work item and of the timer");

static unsigned int burst = 1000;
module_param(burst, uint, 0444);
MODULE_PARM_DESC(burst, "objects to retire in the very last moment before the module goes");

static bool fail_init;
module_param(fail_init, bool, 0444);
MODULE_PARM_DESC(fail_init, "fail the module's init after all is published, for tests");

static atomic_long_t reads, replaced, retired, destroyed, failed;
static bool stopped;

struct settings {
	struct rcu_head rcu;
	unsigned int generation;
	unsigned int limit;
};

struct session {
	union {
		struct rcu_head rcu;
		struct rcu_work work;	/* of one that another one owns */
	};
	struct session *next;
};

struct table {
	struct rcu_head rcu;
	unsigned int routes[16 * 1024];
};

struct waiters {
	struct rcu_head rcu;
	wait_queue_head_t queue;
};

struct note {
	struct rcu_head rcu;
};

static struct kmem_cache *settings_cache, *session_cache;
static struct workqueue_struct *workqueue;

static struct settings __rcu *settings;
static struct session __rcu *session;
static struct table __rcu *table;
static struct waiters __rcu *waiters;
DEFINE_STATIC_SRCU(journal);

/* Before its memory goes */
static void count_destroyed(void)
{
	/* Pairs with stop(): who sees it sees all that was retired. */
	if (atomic_long_inc_return(&destroyed) == atomic_long_read(&retired) && smp_load_acquire(&stopped))
		pr_info("exit: the last pending destructor has run, and only now may the module's text go\n");
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
static void free_settings(struct rcu_head *rcu)
{
	kmem_cache_free(settings_cache, container_of(rcu, struct settings, rcu));
}
#endif

static void retire_settings(struct settings *old)
{
	if (!old)
		return;
	atomic_long_inc(&replaced);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	kfree_rcu(old, rcu);
#else
	/* kmem_cache_destroy() does not wait for kfree_rcu(). */
	call_rcu(&old->rcu, free_settings);
#endif
}

static int renew_settings(gfp_t gfp)
{
	struct settings *fresh = kmem_cache_alloc(settings_cache, gfp);

	if (!fresh) {
		atomic_long_inc(&failed);
		return -ENOMEM;
	}
	fresh->generation = 1;
	fresh->limit = 2;
	retire_settings(unrcu_pointer(xchg(&settings, RCU_INITIALIZER(fresh))));
	return 0;
}

static void destroy_session(struct session *s);

static void session_work(struct work_struct *work)
{
	destroy_session(container_of(to_rcu_work(work), struct session, work));
}

static void destroy_session(struct session *s)
{
	if (s->next) {
		INIT_RCU_WORK(&s->next->work, session_work);
		queue_rcu_work(workqueue, &s->next->work);
	}
	count_destroyed();
	kmem_cache_free(session_cache, s);
}

static void session_callback(struct rcu_head *rcu)
{
	destroy_session(container_of(rcu, struct session, rcu));
}

static struct session *make_session(gfp_t gfp, struct session *next)
{
	struct session *fresh = kmem_cache_alloc(session_cache, gfp);

	if (!fresh)
		return NULL;
	fresh->next = next;
	atomic_long_inc(&retired);
	return fresh;
}

static int renew_session(gfp_t gfp)
{
	struct session *fresh = make_session(gfp, NULL), *old;

	if (!fresh) {
		atomic_long_inc(&failed);
		return -ENOMEM;
	}
	old = unrcu_pointer(xchg(&session, RCU_INITIALIZER(fresh)));
	if (old) {
		atomic_long_inc(&replaced);
		call_rcu(&old->rcu, session_callback);
	}
	return 0;
}

static void table_callback(struct rcu_head *rcu)
{
	count_destroyed();
	vfree(container_of(rcu, struct table, rcu));
}

static int renew_table(void)
{
	struct table *fresh = vzalloc(sizeof(*fresh)), *old;

	if (!fresh) {
		atomic_long_inc(&failed);
		return -ENOMEM;
	}
	atomic_long_inc(&retired);
	old = unrcu_pointer(xchg(&table, RCU_INITIALIZER(fresh)));
	if (old) {
		atomic_long_inc(&replaced);
		call_rcu(&old->rcu, table_callback);
	}
	return 0;
}

/* Whoever polls is told to leave, as by wake_up_pollfree(), which not every kernel exports to modules. */
static void retire_waiters(struct waiters *old)
{
	/* Without its lock, as nobody registers any more, and who leaves is a reader of RCU. */
	if (waitqueue_active(&old->queue)) {
		__wake_up(&old->queue, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | POLLFREE));
		/* As above */
		WARN_ON_ONCE(waitqueue_active(&old->queue));
	}
	kfree_rcu(old, rcu);
}

static int renew_waiters(void)
{
	struct waiters *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL), *old;

	if (!fresh) {
		atomic_long_inc(&failed);
		return -ENOMEM;
	}
	init_waitqueue_head(&fresh->queue);
	old = unrcu_pointer(xchg(&waiters, RCU_INITIALIZER(fresh)));
	if (old) {
		atomic_long_inc(&replaced);
		retire_waiters(old);
	}
	return 0;
}

static void note_callback(struct rcu_head *rcu)
{
	count_destroyed();
	kfree(container_of(rcu, struct note, rcu));
}

static void note(gfp_t gfp)
{
	struct note *fresh = kmalloc(sizeof(*fresh), gfp);

	if (!fresh) {
		atomic_long_inc(&failed);
		return;
	}
	atomic_long_inc(&retired);
	call_rcu(&fresh->rcu, note_callback);
}

static void read_all(void)
{
	struct settings *s;
	struct waiters *w;
	struct table *t;

	rcu_read_lock();
	s = rcu_dereference(settings);
	if (s && s->limit == 2 * s->generation)
		atomic_long_inc(&reads);
	if (rcu_dereference(session))
		atomic_long_inc(&reads);
	t = rcu_dereference(table);
	if (t && t->routes[0] == 0)
		atomic_long_inc(&reads);
	w = rcu_dereference(waiters);
	if (w) {
		wake_up_poll(&w->queue, EPOLLIN | EPOLLRDNORM);
		atomic_long_inc(&reads);
	}
	rcu_read_unlock();
}

/* The work item is the only updater that copies, and the exit comes when it has ended. */
static void next_generation(void)
{
	struct settings *fresh = kmem_cache_alloc(settings_cache, GFP_KERNEL);
	const struct settings *s = rcu_dereference_protected(settings, true);

	if (!fresh) {
		atomic_long_inc(&failed);
		return;
	}
	fresh->generation = s ? s->generation + 1 : 1;
	fresh->limit = 2 * fresh->generation;
	retire_settings(unrcu_pointer(xchg(&settings, RCU_INITIALIZER(fresh))));
}

static void print_counts(const char *where, unsigned int n)
{
	pr_info("%s, %u rounds: %lu reads, %lu objects replaced, %lu retired, %lu destructors have run, %lu allocations failed\n",
		where, n, atomic_long_read(&reads), atomic_long_read(&replaced), atomic_long_read(&retired),
		atomic_long_read(&destroyed), atomic_long_read(&failed));
}

static void work_func(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, work_func);

static void work_func(struct work_struct *unused)
{
	static unsigned int n;
	int idx;

	read_all();
	next_generation();
	renew_table();
	renew_waiters();
	note(GFP_KERNEL);
	idx = srcu_read_lock(&journal);
	synchronize_rcu_expedited();
	atomic_long_inc(&reads);
	srcu_read_unlock(&journal, idx);
	synchronize_srcu(&journal);
	if (++n < rounds)
		schedule_delayed_work(&work, 1);
	else
		print_counts("work item", n);
}

static void timer_func(struct timer_list *timer)
{
	static unsigned int n;

	read_all();
	renew_session(GFP_ATOMIC);
	note(GFP_ATOMIC);
	if (++n < rounds)
		mod_timer(timer, jiffies + 1);
	else
		print_counts("timer", n);
}

static DEFINE_TIMER(timer, timer_func);

static void stop(void)
{
	const unsigned int batch = 8192;
	struct session *chain = NULL;
	unsigned long cookie = 0;
	unsigned int i;

	/* At most two batches wait for a grace period. */
	for (i = 1; i <= burst; i++) {
		renew_session(GFP_KERNEL);
		renew_settings(GFP_KERNEL);
		if (i % batch)
			continue;
		if (i > batch)
			cond_synchronize_rcu(cookie);
		cookie = start_poll_synchronize_rcu();
	}

	/* Ten that own each other */
	for (i = 0; i < 10; i++) {
		struct session *fresh = make_session(GFP_KERNEL, chain);

		if (!fresh)
			break;
		chain = fresh;
	}
	/* Pairs with count_destroyed(). */
	smp_store_release(&stopped, true);
	pr_info("exit: %lu objects retired in all, %lu destructors still pending; the exit waits for them\n",
		atomic_long_read(&retired), atomic_long_read(&retired) - atomic_long_read(&destroyed));
	if (chain) {
		INIT_RCU_WORK(&chain->work, session_work);
		queue_rcu_work(workqueue, &chain->work);
	}
}

/* Nobody reads or updates any more. What is pending may queue work, whose destructors may queue more. */
static void end(void)
{
	struct settings *last_settings = rcu_replace_pointer(settings, NULL, true);
	struct session *last_session = rcu_replace_pointer(session, NULL, true);
	struct waiters *last_waiters = rcu_replace_pointer(waiters, NULL, true);
	struct table *last_table = rcu_replace_pointer(table, NULL, true);

	retire_settings(last_settings);
	if (last_session)
		call_rcu(&last_session->rcu, session_callback);
	if (last_waiters)
		retire_waiters(last_waiters);
	if (last_table)
		call_rcu(&last_table->rcu, table_callback);
	do {
		rcu_barrier();
		flush_workqueue(workqueue);
	} while (atomic_long_read(&destroyed) != atomic_long_read(&retired));
	/* For the one that has counted itself as the last */
	rcu_barrier();
	destroy_workqueue(workqueue);
	kmem_cache_destroy(session_cache);
	kmem_cache_destroy(settings_cache);
}

static int __init sample_init(void)
{
	int err = -ENOMEM;

	settings_cache = kmem_cache_create("plain_settings", sizeof(struct settings), 0, 0, NULL);
	if (!settings_cache)
		return err;
	session_cache = kmem_cache_create("plain_session", sizeof(struct session), 0, 0, NULL);
	if (!session_cache)
		goto no_session_cache;
	workqueue = alloc_workqueue("plain_sample", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!workqueue)
		goto no_workqueue;
	err = renew_settings(GFP_KERNEL) ?: renew_session(GFP_KERNEL) ?: renew_table() ?: renew_waiters();
	if (err)
		goto end;
	if (fail_init) {
		stop();
		err = -ECANCELED;
		goto end;
	}
	pr_info("init: settings, session, table, waiters and journal are published\n");
	schedule_delayed_work(&work, 1);
	mod_timer(&timer, jiffies + 1);
	return 0;

end:
	end();
	return err;
no_workqueue:
	kmem_cache_destroy(session_cache);
no_session_cache:
	kmem_cache_destroy(settings_cache);
	return err;
}

static void __exit sample_exit(void)
{
	cancel_delayed_work_sync(&work);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	timer_shutdown_sync(&timer);
#else
	del_timer_sync(&timer);
#endif
	stop();
	end();
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Sample driver for krcu, in C by hand");
MODULE_LICENSE("GPL");
