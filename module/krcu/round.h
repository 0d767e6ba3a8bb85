/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round of waiting until all that the module has retired is destroyed: for
 * krcu::drain() (drain.c), and for the module's end (module.c).
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
#ifndef KRCU_ROUND_H
#define KRCU_ROUND_H

#include <linux/compiler.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <krcu/internal/shims.h>

extern spinlock_t krcu_ran_lock;	/* of counting and clearing */
extern unsigned long krcu_all_times;

/* Under the lock: how often any of those callbacks has been found to have run. */
static inline unsigned long krcu_count(struct krcu_ran *ran)
{
	if (READ_ONCE(ran->flag)) {
		WRITE_ONCE(ran->flag, false);
		ran->times++;
		krcu_all_times++;
	}
	return ran->times;
}

/*
 * Returns whether one of krcu's callbacks ran meanwhile. When the module goes, late
 * readers are waited for as well, and before the barriers, which are to be in time
 * for what these retire. The waiting is a part of the round: a destructor that runs
 * during it may make a domain and give it up, readers and all, for the next round
 * to wait for.
 */
static __always_inline bool drain_round(bool module_goes)
{
	unsigned long times = krcu_times_any_ran();
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
	return krcu_times_any_ran() != times;
}

#endif /* KRCU_ROUND_H */
