// SPDX-License-Identifier: GPL-2.0
/*
 * The life of an SRCU domain: krcu::Srcu owns one, module/krcu_module.c ends
 * those that are left when the module goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include <krcu/internal/shims.h>

struct krcu_domain {
	struct srcu_struct srcu;	/* first: the domain as C++ and the kernel know it */
	const char *name;
	unsigned int timeout_ms;
	unsigned long cookie;		/* of the grace period that a late reader holds up */
	struct list_head link;
};

static LIST_HEAD(live);			/* domains that somebody owns */
static LIST_HEAD(abandoned);		/* domains whose owner gave up waiting for a reader */
static DEFINE_MUTEX(lists_lock);

struct srcu_struct *krcu_srcu_create(const char *name, unsigned int timeout_ms, struct lock_class_key *key)
{
	struct krcu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	int err;

	if (!domain)
		return NULL;
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	/* init_srcu_struct() would give every domain the one lock class of this line. */
	err = __init_srcu_struct(&domain->srcu, name, key);
#else
	err = init_srcu_struct(&domain->srcu);
#endif
	if (err) {
		kfree(domain);
		return NULL;
	}
	domain->name = name;
	domain->timeout_ms = timeout_ms;
	mutex_lock(&lists_lock);
	list_add(&domain->link, &live);
	mutex_unlock(&lists_lock);
	return &domain->srcu;
}

/* Idle, so that waiting long is neither load nor a hung task. */
static bool readers_left_by(struct krcu_domain *domain, unsigned long deadline)
{
	while (!poll_state_synchronize_srcu(&domain->srcu, domain->cookie)) {
		if (time_after(jiffies, deadline))
			return false;
		schedule_timeout_idle(1);
	}
	return true;
}

/* No readers are left: cleanup_srcu_struct() wants no callbacks either. */
static void free_domain(struct krcu_domain *domain)
{
	srcu_barrier(&domain->srcu);
	cleanup_srcu_struct(&domain->srcu);
	kfree(domain);
}

/*
 * cleanup_srcu_struct() must not be called, nor the memory freed, while a reader
 * is inside, and synchronize_srcu() would sleep for as long as one is: for ever
 * if it was leaked. So wait for a grace period by polling, and give up.
 */
void krcu_srcu_destroy(struct srcu_struct *ssp)
{
	struct krcu_domain *domain = container_of(ssp, struct krcu_domain, srcu);
	bool left;

	domain->cookie = start_poll_synchronize_srcu(&domain->srcu);
	left = readers_left_by(domain, jiffies + msecs_to_jiffies(domain->timeout_ms));

	mutex_lock(&lists_lock);
	if (left)
		list_del(&domain->link);
	else
		list_move(&domain->link, &abandoned);
	mutex_unlock(&lists_lock);

	if (left) {
		free_domain(domain);
		return;
	}
	pr_err("SRCU domain %s: a reader is still inside after %u ms; its memory and this module stay\n",
	       domain->name, domain->timeout_ms);
	/* The late reader's srcu_read_unlock() and the domain's callbacks may be this module's text. */
	__module_get(THIS_MODULE);
}

/*
 * Ends a domain that is left when the module goes; returns whether there was one.
 * One that is abandoned now, or was before a failed init, can pin the module no
 * more: whoever unloads it waits here for the late reader instead.
 */
bool krcu_srcu_end_one(void)
{
	struct krcu_domain *domain;

	domain = list_first_entry_or_null(&live, struct krcu_domain, link);
	if (domain) {
		krcu_srcu_destroy(&domain->srcu);
		return true;
	}
	domain = list_first_entry_or_null(&abandoned, struct krcu_domain, link);
	if (!domain)
		return false;
	while (!readers_left_by(domain, jiffies + HZ))
		;
	list_del(&domain->link);
	free_domain(domain);
	return true;
}
