// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an SRCU domain: krcu::Srcu owns one, or wraps one that C code
 * owns; module/krcu_module.c ends those that are left when the module goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <krcu/internal/shims.h>

struct krcu_domain {
	struct srcu_struct *ssp;	/* the domain as C++ and the kernel know it: &own, or the C code's */
	const char *name;
	unsigned int timeout_ms;
	unsigned long cookie;		/* of the grace period that a late reader holds up */
	struct list_head link;
	struct srcu_struct own;
};

static LIST_HEAD(live);			/* domains that a krcu::Srcu holds */
static LIST_HEAD(abandoned);		/* domains whose Srcu gave up waiting for a reader */
static DEFINE_MUTEX(lists_lock);

bool krcu_srcu_callback_ran;
static bool ran_before;			/* what draining cleared above, since the module's exit asked last */
static DEFINE_MUTEX(drain_lock);	/* of clearing either, so that domains may end at the same time */

static struct krcu_domain *new_domain(const char *name, unsigned int timeout_ms)
{
	struct krcu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (domain) {
		domain->name = name;
		domain->timeout_ms = timeout_ms;
	}
	return domain;
}

static struct srcu_struct *add_domain(struct krcu_domain *domain, struct srcu_struct *ssp)
{
	domain->ssp = ssp;
	mutex_lock(&lists_lock);
	list_add(&domain->link, &live);
	mutex_unlock(&lists_lock);
	return ssp;
}

struct srcu_struct *krcu_srcu_create(const char *name, unsigned int timeout_ms, struct lock_class_key *key)
{
	struct krcu_domain *domain = new_domain(name, timeout_ms);
	int err;

	if (!domain)
		return NULL;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	/* init_srcu_struct() would give every domain the one lock class of this line. */
	err = __init_srcu_struct(&domain->own, name, key);
#else
	err = init_srcu_struct(&domain->own);
#endif
	if (err) {
		kfree(domain);
		return NULL;
	}
	return add_domain(domain, &domain->own);
}

struct srcu_struct *krcu_srcu_wrap(const char *name, unsigned int timeout_ms, struct srcu_struct *ssp)
{
	struct krcu_domain *domain = new_domain(name, timeout_ms);

	return domain ? add_domain(domain, ssp) : NULL;
}

/* Whether krcu owns it; else the C code that it was wrapped for does. */
static bool is_owned(const struct krcu_domain *domain)
{
	return domain->ssp == &domain->own;
}

/* Idle, so that waiting long is neither load nor a hung task. */
static bool readers_left_by(struct krcu_domain *domain, unsigned long deadline)
{
	while (!poll_state_synchronize_srcu(domain->ssp, domain->cookie)) {
		if (time_after(jiffies, deadline))
			return false;
		schedule_timeout_idle(1);
	}
	return true;
}

static void wait_for_late_readers(struct krcu_domain *domain)
{
	while (!readers_left_by(domain, jiffies + HZ))
		;
}

/*
 * Neither cleanup_srcu_struct() nor kfree() may come while a reader is inside, and
 * synchronize_srcu() would sleep for as long as one is: for ever if it was leaked.
 * So wait for a grace period by polling, and say so when it takes too long.
 */
static bool readers_left_in_time(struct krcu_domain *domain)
{
	domain->cookie = start_poll_synchronize_srcu(domain->ssp);
	if (readers_left_by(domain, jiffies + msecs_to_jiffies(domain->timeout_ms)))
		return true;
	pr_err("SRCU domain %s: a reader is still inside after %u ms; %s\n", domain->name, domain->timeout_ms,
	       is_owned(domain) ? "its memory and this module stay" :
				  "waiting for it, as the domain is not krcu's to keep");
	return false;
}

/*
 * Whether a callback has run since the last time. Asked by the holder of drain_lock.
 * One that runs between the two lines is one of those that the answer is about.
 */
static bool callback_ran(void)
{
	if (!READ_ONCE(krcu_srcu_callback_ran))
		return false;
	WRITE_ONCE(krcu_srcu_callback_ran, false);
	return true;
}

/*
 * A callback's destructor may let go of another box of the domain, so barriers
 * are repeated until none of krcu's callbacks ran during one, as at exit: see
 * module/krcu_module.c. A callback of another domain costs a barrier more.
 */
static void drain_domain(struct krcu_domain *domain)
{
	mutex_lock(&drain_lock);
	do {
		ran_before |= callback_ran();
		srcu_barrier(domain->ssp);
	} while (READ_ONCE(krcu_srcu_callback_ran));
	mutex_unlock(&drain_lock);
}

/* No readers and no callbacks are left, as cleanup_srcu_struct() wants it. */
static void free_domain(struct krcu_domain *domain)
{
	if (is_owned(domain))
		cleanup_srcu_struct(&domain->own);
	kfree(domain);
}

static void abandon_domain(struct krcu_domain *domain)
{
	mutex_lock(&lists_lock);
	list_add(&domain->link, &abandoned);
	mutex_unlock(&lists_lock);
	/* The late reader's srcu_read_unlock() and the domain's callbacks may be this module's text. */
	__module_get(THIS_MODULE);
}

static struct krcu_domain *find_domain(struct srcu_struct *ssp)
{
	struct krcu_domain *domain;

	/* Where one is wrapped more than once, either will do. */
	list_for_each_entry(domain, &live, link)
		if (domain->ssp == ssp)
			return domain;
	return NULL;
}

void krcu_srcu_destroy(struct srcu_struct *ssp)
{
	struct krcu_domain *domain;

	mutex_lock(&lists_lock);
	/* Holds because every Srcu has its entry, and is destroyed once. */
	domain = find_domain(ssp);
	list_del(&domain->link);
	mutex_unlock(&lists_lock);

	if (!readers_left_in_time(domain)) {
		if (is_owned(domain)) {
			abandon_domain(domain);
			return;
		}
		/* Its owner ends it when this returns. */
		wait_for_late_readers(domain);
	}
	drain_domain(domain);
	free_domain(domain);
}

/*
 * Waits, when the module goes, for the readers and callbacks of the domains that
 * are left; returns whether a callback of any domain has run since the last time.
 * Pinning the module would not help any more, neither here nor for a domain that
 * was abandoned before an init failed: whoever unloads it waits for late readers.
 */
bool krcu_srcu_drain_all(void)
{
	struct krcu_domain *domain;
	bool ran;

	mutex_lock(&drain_lock);
	mutex_lock(&lists_lock);
	list_for_each_entry(domain, &live, link) {
		if (!readers_left_in_time(domain))
			wait_for_late_readers(domain);
		srcu_barrier(domain->ssp);
	}
	list_for_each_entry(domain, &abandoned, link) {
		wait_for_late_readers(domain);
		srcu_barrier(domain->ssp);
	}
	mutex_unlock(&lists_lock);
	ran = callback_ran() || ran_before;
	ran_before = false;
	mutex_unlock(&drain_lock);
	return ran;
}

/* Then, when nothing of the module's runs any more. */
void krcu_srcu_free_all(void)
{
	struct krcu_domain *domain, *next;

	list_splice(&abandoned, &live);
	list_for_each_entry_safe(domain, next, &live, link)
		free_domain(domain);
}
