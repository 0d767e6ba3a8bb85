// SPDX-License-Identifier: GPL-2.0
/*
 * krcu_misused: mistakes that a debug kernel must say something about, one for each
 * value of the parameter "what". For scripts/guests/misused.sh.
 */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

#include "misused.h"

static unsigned int what;
module_param(what, uint, 0444);
MODULE_PARM_DESC(what, "which mistake to make: see misused.cpp");

unsigned int misused_what(void)
{
	return what;
}

static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(spinlock);

struct mutex *misused_mutex(void)
{
	return &mutex;
}

void misused_lock_mutex(void)
{
	mutex_lock(&mutex);
}

void misused_unlock_mutex(void)
{
	mutex_unlock(&mutex);
}

struct spinlock *misused_spinlock(void)
{
	return &spinlock;
}

void misused_lock_spinlock(void)
	__acquires(&spinlock)
{
	spin_lock(&spinlock);
}

void misused_unlock_spinlock(void)
	__releases(&spinlock)
{
	spin_unlock(&spinlock);
}

/* What in_nmi() looks at; not nmi_enter(), which would have its own say. */
void misused_run_in_nmi(void (*func)(void))
{
	unsigned long flags;

	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET);
	func();
	__preempt_count_sub(NMI_OFFSET);
	local_irq_restore(flags);
}

static int __init misused_init(void)
{
	misuse(what);
	return 0;
}

static void __exit misused_exit(void)
{
}

module_init(misused_init);
module_exit(misused_exit);
MODULE_DESCRIPTION("Mistakes that a debug kernel tells of");
MODULE_LICENSE("GPL");
