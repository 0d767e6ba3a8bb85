// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting until all that the module has retired is destroyed: krcu::drain(),
 * and the module's end (module/krcu/module.c).
 *
 * One barrier waits for the callbacks that are pending, but a destructor may drop
 * another box, and so queue another callback while the barrier waits: one of
 * RCU's, or of any domain's. So the barriers of RCU, of batches and of all
 * domains are repeated until none of krcu's callbacks ran during a round: then
 * none was pending when it began, and nothing is left that could queue another.
 *
 * What runs a destructor, in the callback or in the work item behind it, sets a
 * flag afterwards. If what the destructor queued came behind the barrier's own
 * callback on that CPU, the barrier had begun by then, so the flag was clear
 * already and the setting is not lost.
 *
 * Several may be waiting at once, and domains end at the same time. So whoever
 * finds a flag set clears it and counts that, and everybody looks at the count.
 *
 * A callback that only frees (SlabCache's, before 6.12) need not set a flag: what
 * called call_rcu() was the module, before the first barrier, or a destructor,
 * which sets the flag for another one.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <krcu/internal/shims.h>

struct krcu_ran krcu_rcu_ran;

static unsigned long all_times;
static DEFINE_SPINLOCK(lock);	/* of counting and clearing */

static unsigned long count(struct krcu_ran *ran)
{
	if (READ_ONCE(ran->flag)) {
		WRITE_ONCE(ran->flag, false);
		ran->times++;
		all_times++;
	}
	return ran->times;
}

/* How often any of those callbacks has been found to have run; it differs if one has since the last time. */
unsigned long krcu_times_ran(struct krcu_ran *ran)
{
	unsigned long times;

	spin_lock(&lock);
	times = count(ran);
	spin_unlock(&lock);
	return times;
}

static unsigned long __cold times_any_ran(void)
{
	const struct krcu_srcu_ops *srcu = READ_ONCE(krcu_srcu);
	unsigned long times;

	if (srcu)
		srcu->count();
	spin_lock(&lock);
	count(&krcu_rcu_ran);
	times = all_times;
	spin_unlock(&lock);
	return times;
}

/*
 * Returns whether one of krcu's callbacks ran meanwhile. When the module goes, late
 * readers are waited for as well, and before the barriers, which are to be in time
 * for what these retire. The waiting is a part of the round: a destructor that runs
 * during it may make a domain and give it up, readers and all, for the next round
 * to wait for.
 */
__attribute__((visibility("default"))) /* as module.c calls it, which is not merged */
bool __cold krcu_drain_round(bool module_goes)
{
	unsigned long times = times_any_ran();
	const struct krcu_reclaim_ops *reclaim;
	const struct krcu_srcu_ops *srcu;

	srcu = READ_ONCE(krcu_srcu);
	if (srcu && module_goes)
		srcu->wait_for_readers();
	/* What a callback is the first to need during this barrier is there in the next round. */
	reclaim = READ_ONCE(krcu_reclaim);
	if (reclaim)
		reclaim->wait();
	else
		rcu_barrier();
	srcu = READ_ONCE(krcu_srcu);
	if (srcu)
		srcu->barrier_all();
	return times_any_ran() != times;
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
	while (krcu_drain_round(false) && ++round < DRAIN_ROUNDS)
		;
}
