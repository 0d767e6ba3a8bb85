// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an SRCU domain: krcu::Srcu owns one, or wraps one that C code
 * owns; module/krcu/module.c ends those that are left when the module goes.
 *
 * No lock is held over a wait. Whoever waits for a domain that somebody else
 * may be ending counts as one of its users meanwhile, and its end waits for
 * those: it had the same readers and callbacks to wait for anyway.
 */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <krcu/internal/shims.h>

/*
 * What runs seldom is compiled for size, and so is what only that calls: by __cold,
 * but kernels define that to nothing before GCC 14, which does not align such
 * functions. Only patching of what they call (CALL_OPS) needs them aligned.
 */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_CALL_OPS
#define krcu_rare
#else
#define krcu_rare __attribute__((__cold__))
#endif

enum krcu_domain_state {
	HELD,		/* by a krcu::Srcu */
	DESTROYING,	/* that Srcu is being destroyed */
	ABANDONED,	/* and has given up waiting for a reader */
};

struct krcu_domain {
	struct srcu_struct *ssp;	/* the domain as C++ and the kernel know it: &own, or the C code's */
	struct krcu_srcu_tag *tag;
	unsigned long id;		/* grows along the list */
	unsigned int users;		/* those in visit_domains() */
	enum krcu_domain_state state;
	bool readers_left;		/* the late ones, when the module goes */
	struct list_head link;
	struct srcu_struct own;
};

static LIST_HEAD(domains);
static unsigned long last_id;
static bool module_goes;		/* or its init has failed */
static DEFINE_SPINLOCK(lock);		/* of all above; also taken where objects are retired (is_listed()) */
static DECLARE_WAIT_QUEUE_HEAD(unused);	/* a domain has lost its last user */

static struct krcu_domain *new_domain(struct krcu_srcu_tag *tag)
{
	struct krcu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (domain)
		domain->tag = tag;
	return domain;
}

static const struct krcu_srcu_ops srcu_ops;

static struct srcu_struct *add_domain(struct krcu_domain *domain, struct srcu_struct *ssp)
{
	domain->ssp = ssp;
	spin_lock_irq(&lock);
	WRITE_ONCE(krcu_srcu, &srcu_ops);
	domain->id = ++last_id;
	list_add_tail(&domain->link, &domains);
	spin_unlock_irq(&lock);
	if (KRCU_STATS)
		krcu_stats_add(KRCU_DOMAINS, 1);
	return ssp;
}

/* Readers of one kind had no function of their own to initialise their domain before 6.19. */
#ifndef SRCU_READ_FLAVOR_FAST_UPDOWN
#define __init_srcu_struct_fast __init_srcu_struct
#define init_srcu_struct_fast init_srcu_struct
#endif

krcu_rare struct srcu_struct *krcu_srcu_create(struct krcu_srcu_tag *tag)
{
	struct krcu_domain *domain = new_domain(tag);
	int err;

	if (!domain)
		return NULL;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	/* init_srcu_struct() would give every domain the one lock class of this line. */
	err = tag->fast ? __init_srcu_struct_fast(&domain->own, tag->name, tag->key) :
			  __init_srcu_struct(&domain->own, tag->name, tag->key);
#else
	err = tag->fast ? init_srcu_struct_fast(&domain->own) : init_srcu_struct(&domain->own);
#endif
	if (err) {
		kfree(domain);
		return NULL;
	}
	return add_domain(domain, &domain->own);
}

krcu_rare struct srcu_struct *krcu_srcu_wrap(struct krcu_srcu_tag *tag, struct srcu_struct *ssp)
{
	struct krcu_domain *domain = ssp ? new_domain(tag) : NULL;

	return domain ? add_domain(domain, ssp) : NULL;
}

/* Whether krcu owns it; else the C code that it was wrapped for does. */
static bool is_owned(const struct krcu_domain *domain)
{
	return domain->ssp == &domain->own;
}

#ifdef CONFIG_TINY_SRCU
static struct srcu_struct *cleaned;
static DEFINE_MUTEX(cleanup_lock);	/* of it */
static DECLARE_COMPLETION(cleanup_done);

static void cleanup(struct work_struct *work)
{
	cleanup_srcu_struct(cleaned);
	complete(&cleanup_done);
}

static DECLARE_WORK(cleanup_work, cleanup);

/*
 * Tiny SRCU's cleanup_srcu_struct() flushes a work item of the system's workqueue, which is without WQ_MEM_RECLAIM. The
 * kernel warns about that in a workqueue with it, such as reclaim.c's, whose destructors may end a domain: for work
 * items the system's workqueue does it.
 */
static void end_srcu_struct(struct srcu_struct *ssp)
{
	if (!current_work()) {
		cleanup_srcu_struct(ssp);
		return;
	}
	mutex_lock(&cleanup_lock);
	cleaned = ssp;
	schedule_work(&cleanup_work);
	wait_for_completion(&cleanup_done);
	mutex_unlock(&cleanup_lock);
}
#else
#define end_srcu_struct cleanup_srcu_struct
#endif

/* Waits until nobody in visit_domains() uses it any more, and frees it. It has no readers and no callbacks. */
static void free_domain(struct krcu_domain *domain)
{
	spin_lock_irq(&lock);
	list_del(&domain->link);
	spin_unlock_irq(&lock);
	if (KRCU_STATS)
		krcu_stats_add(KRCU_DOMAINS, -1);
	/* Pairs with put_domain(): what was done to it there comes before its memory goes. */
	wait_event_idle(unused, !smp_load_acquire(&domain->users));
	if (is_owned(domain))
		end_srcu_struct(&domain->own);
	kfree(domain);
}

/* By their ids, as the one that was visited may be gone from the list by now. */
static struct krcu_domain *get_domain_between(unsigned long id, unsigned long last)
{
	struct krcu_domain *domain, *next = NULL;

	spin_lock_irq(&lock);
	list_for_each_entry(domain, &domains, link) {
		if (domain->id > id && domain->id <= last) {
			domain->users++;
			next = domain;
			break;
		}
	}
	spin_unlock_irq(&lock);
	return next;
}

static void put_domain(struct krcu_domain *domain)
{
	spin_lock_irq(&lock);
	/* Pairs with free_domain(). */
	smp_store_release(&domain->users, domain->users - 1);
	wake_up_all(&unused);
	spin_unlock_irq(&lock);
}

/* Where domains come and go all the time, a walk ends with those there were; when the module goes, with the last. */
static unsigned long last_to_visit(void)
{
	unsigned long last;

	spin_lock_irq(&lock);
	last = module_goes ? ULONG_MAX : last_id;
	spin_unlock_irq(&lock);
	return last;
}

/* Calls @visit, which may wait, for each domain. */
static void visit_domains(void (*visit)(struct krcu_domain *domain))
{
	unsigned long id = 0, last = last_to_visit();
	struct krcu_domain *domain;

	while ((domain = get_domain_between(id, last))) {
		id = domain->id;
		visit(domain);
		put_domain(domain);
	}
}

/* Sleeps idle: a long wait is neither load nor a hung task. Returns whether it was over by the deadline. */
static bool wait_for_grace_period(struct srcu_struct *ssp, unsigned long cookie, unsigned long deadline)
{
	while (!poll_state_synchronize_srcu(ssp, cookie)) {
		if (time_after(jiffies, deadline))
			return false;
		schedule_timeout_idle(1);
	}
	return true;
}

static void wait_for_late_readers(struct srcu_struct *ssp, unsigned long cookie)
{
	while (!wait_for_grace_period(ssp, cookie, jiffies + HZ))
		;
}

/*
 * A grace period takes time even where nobody reads, and the more the busier
 * the machine is. So before a reader is said to be late, every CPU has been
 * scheduled on, and a domain that has no readers has had a grace period, too.
 */
static void wait_for_grace_period_without_readers(void)
{
	struct srcu_struct *ssp = kzalloc(sizeof(*ssp), GFP_KERNEL);

	synchronize_rcu();
	/* Of a module that the kernel has begun to free, lockdep takes no lock class. */
	if (ssp && THIS_MODULE->state != MODULE_STATE_UNFORMED && !init_srcu_struct(ssp)) {
		wait_for_late_readers(ssp, start_poll_synchronize_srcu(ssp));
		end_srcu_struct(ssp);
	} else {
		schedule_timeout_idle(HZ);
	}
	kfree(ssp);
}

/* Before 7.3 a module cannot tell. */
static bool may_have_readers(struct srcu_struct *ssp)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	return srcu_readers_active(ssp);
#else
	return true;
#endif
}

/*
 * Neither cleanup_srcu_struct() nor kfree() may come while a reader is inside, and
 * synchronize_srcu() would sleep for as long as one is: for ever if it was leaked.
 * So wait for a grace period by polling, and say so when it takes too long.
 */
static bool readers_left_in_time(struct krcu_domain *domain, unsigned long cookie)
{
	struct krcu_srcu_tag *tag = domain->tag;

	while (!wait_for_grace_period(domain->ssp, cookie, jiffies + msecs_to_jiffies(tag->timeout_ms))) {
		wait_for_grace_period_without_readers();
		/* If it is only late, it gets as much time again; and then it may be a reader after all. */
		if (poll_state_synchronize_srcu(domain->ssp, cookie) || !may_have_readers(domain->ssp))
			continue;
		/* Not by KBUILD_MODNAME: the modules of a directory share this object. */
		pr_err("%s: SRCU domain %s: a reader is still inside after %u ms; %s\n",
		       THIS_MODULE->name, tag->name, tag->timeout_ms,
		       READ_ONCE(module_goes) || !module_is_live(THIS_MODULE) ? "the module's end waits for it" :
		       is_owned(domain) ? "its memory and this module stay" :
					  "waiting for it, as the domain is not krcu's to keep");
		return false;
	}
	return true;
}

/*
 * A callback's destructor may drop another box of the domain, so barriers
 * are repeated until none of krcu's callbacks ran during one, as at exit: see
 * module/krcu/round.h. A callback of another domain of the same tag costs a
 * barrier more.
 */
static void drain_domain(struct krcu_domain *domain)
{
	unsigned long times;

	do {
		times = krcu_times_ran(&domain->tag->ran);
		srcu_barrier(domain->ssp);
	} while (krcu_times_ran(&domain->tag->ran) != times);
}

static void abandon_domain(struct krcu_domain *domain)
{
	spin_lock_irq(&lock);
	WRITE_ONCE(domain->state, ABANDONED);
	spin_unlock_irq(&lock);
	if (KRCU_STATS)
		krcu_stats_add(KRCU_ABANDONED, 1);
	/*
	 * The late reader's srcu_read_unlock() and the domain's callbacks may be this module's text. Once
	 * the module goes that does not hold it any more, and its exit waits for the reader instead.
	 */
	__module_get(THIS_MODULE);
}

/* Where one is wrapped more than once under the same tag, either will do. */
static struct krcu_domain *begin_destroying(struct srcu_struct *ssp, const struct krcu_srcu_tag *tag)
{
	struct krcu_domain *domain, *found = NULL;

	spin_lock_irq(&lock);
	list_for_each_entry(domain, &domains, link) {
		if (domain->ssp == ssp && domain->tag == tag && domain->state == HELD) {
			WRITE_ONCE(domain->state, DESTROYING);
			found = domain;
			break;
		}
	}
	spin_unlock_irq(&lock);
	return found;
}

void krcu_rare krcu_srcu_destroy(struct srcu_struct *ssp, struct krcu_srcu_tag *tag)
{
	struct krcu_domain *domain = begin_destroying(ssp, tag);
	unsigned long cookie;

	if (WARN_ONCE(!domain,
		      "krcu: an Srcu is dropped in another module than it was made in, or too late: it stays\n"))
		return;
	cookie = start_poll_synchronize_srcu(ssp);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	if (is_owned(domain))
		srcu_expedite_current(ssp);
#endif
	if (!readers_left_in_time(domain, cookie)) {
		if (is_owned(domain)) {
			abandon_domain(domain);
			return;
		}
		/* Its owner ends it when this returns. */
		wait_for_late_readers(ssp, cookie);
	}
	drain_domain(domain);
	free_domain(domain);
}

static bool is_listed(struct srcu_struct *ssp)
{
	struct krcu_domain *domain;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&lock, flags);
	list_for_each_entry(domain, &domains, link)
		found |= domain->ssp == ssp;
	spin_unlock_irqrestore(&lock, flags);
	return found;
}

/* For kernels that check such things: this module's exit waits for the callbacks of its own domains only. */
bool krcu_srcu_may_retire_into(struct srcu_struct *ssp)
{
	return !WARN_ONCE(!is_listed(ssp),
			  "krcu: an object of an SRCU domain that is gone, or is another module's (wrap it here), is leaked\n");
}

static void krcu_rare wait_for_its_readers(struct krcu_domain *domain)
{
	unsigned long cookie;

	if (domain->readers_left)
		return;
	cookie = start_poll_synchronize_srcu(domain->ssp);
	if (!readers_left_in_time(domain, cookie))
		wait_for_late_readers(domain->ssp, cookie);
	domain->readers_left = true;
}

static void krcu_rare expect_its_readers(struct krcu_domain *domain)
{
	domain->readers_left = false;
}

/* Has wait_for_readers() wait for the readers of all domains once more. */
static void krcu_rare expect_readers(void)
{
	visit_domains(expect_its_readers);
}

/*
 * When the module goes: waits for the readers of all domains, once each, as nobody
 * enters any more but destructors. Pinning the module would not help by now.
 */
static void krcu_rare wait_for_readers(void)
{
	WRITE_ONCE(module_goes, true);
	visit_domains(wait_for_its_readers);
}

static void krcu_rare count_callbacks(struct krcu_domain *domain)
{
	krcu_times_ran(&domain->tag->ran);
}

/* Has the callbacks of all domains counted: see module/krcu/round.h. */
static void krcu_rare count(void)
{
	visit_domains(count_callbacks);
}

static void krcu_rare wait_for_its_callbacks(struct krcu_domain *domain)
{
	/* Behind a reader who may never leave; the module's exit waits for that one first. */
	if (READ_ONCE(domain->state) == ABANDONED && !domain->readers_left)
		return;
	RCU_LOCKDEP_WARN(srcu_read_lock_held(domain->ssp), "krcu: drain() in a reader of an SRCU domain");
	srcu_barrier(domain->ssp);
}

/* Waits for the callbacks that are pending in any domain. */
static void krcu_rare barrier_all(void)
{
	visit_domains(wait_for_its_callbacks);
}

/* A domain that is left and that C code owns, or any that is left; the caller frees it. */
static struct krcu_domain *begin_destroying_left(bool any)
{
	struct krcu_domain *domain, *found = NULL;

	spin_lock_irq(&lock);
	list_for_each_entry(domain, &domains, link) {
		if (domain->state != DESTROYING && (any || !is_owned(domain))) {
			WRITE_ONCE(domain->state, DESTROYING);
			found = domain;
			break;
		}
	}
	spin_unlock_irq(&lock);
	return found;
}

static void destroy_left(bool any)
{
	struct krcu_domain *domain;

	while ((domain = begin_destroying_left(any))) {
		drain_domain(domain);
		free_domain(domain);
	}
}

/* When the module goes and no readers are left: destroys the wrappers, as C code may free its domains next. */
static void krcu_rare destroy_wrapped(void)
{
	destroy_left(false);
}

/* Last: destroys all that are left. */
static void krcu_rare destroy_all(void)
{
	destroy_left(true);
#ifdef CONFIG_TINY_SRCU
	/* Who waited for it may have gone on while it returns. */
	flush_work(&cleanup_work);
#endif
}

static const struct krcu_srcu_ops srcu_ops = {
	.count = count,
	.wait_for_readers = wait_for_readers,
	.expect_readers = expect_readers,
	.barrier_all = barrier_all,
	.destroy_wrapped = destroy_wrapped,
	.destroy_all = destroy_all,
};
