// SPDX-License-Identifier: GPL-2.0
/* krcu::drain(): waits until all that the module has retired is destroyed. See round.h. */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include <krcu/internal/shims.h>

#include "round.h"

/* How often any of those callbacks has been found to have run; it differs if one has since the last time. */
unsigned long krcu_times_ran(struct krcu_ran *ran)
{
	unsigned long times;

	spin_lock(&krcu_ran_lock);
	times = krcu_count(ran);
	spin_unlock(&krcu_ran_lock);
	return times;
}

/* Each round reaches one object further down a chain of those that own each other. */
#define DRAIN_ROUNDS 32

void krcu_drain(void)
{
	unsigned int round = 0;

	might_sleep();
	if (WARN_ONCE(krcu_reclaim_is_current(), "krcu: drain() in a destructor, which would wait for itself\n"))
		return;
	/* Who retires without end must not keep it from returning: hence the limit. */
	while (drain_round(false) && ++round < DRAIN_ROUNDS)
		;
}
