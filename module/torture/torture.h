/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_torture's C half and its C++ half. */
#ifndef TORTURE_H
#define TORTURE_H

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

/* Threads, timers and work items are tasks, numbered from 0: each has its own counts. */
#define TORTURE_TASKS	1024

/* SRCU domains that come and go */
#define TORTURE_SITES	4

/* Bugs to plant */
enum torture_bug {
	TORTURE_NO_BUG,
	TORTURE_EARLY_FREE,	/* an owner that readers rely on frees at once */
	TORTURE_LOST_OBJECT,	/* some objects are never retired */
	TORTURE_BUGS
};

struct torture_totals {
	unsigned long reads;	/* read-side critical sections */
	unsigned long updates;	/* objects published, taken, erased or submitted */
	unsigned long nomem;	/* updates that an allocation failure prevented */
	unsigned long retired;	/* objects that were retired */
	unsigned long pending;	/* pieces of memory that are published, or wait for their grace period */
};

/* One kind of object. In the end made is destroyed, and allocated is freed. */
struct torture_kind {
	const char *name;
	unsigned long retired;
	unsigned long made, destroyed;		/* objects with something to destroy */
	unsigned long allocated, freed;		/* pieces of memory */
	unsigned long nomem;
};

/*
 * Process context, once, before all others: 0, or a negative errno with nothing left behind.
 * Floods get ahead of grace periods unless they are paced.
 */
int torture_start(enum torture_bug bug, bool paced);

/* One step of a task: of a thread, except the last two */
void torture_read(unsigned int task);
void torture_update(unsigned int task);
void torture_update_waiting(unsigned int task);
void torture_check_waits(unsigned int task);	/* one task only */
void torture_own_domain(unsigned int task);
void torture_visit_domain(unsigned int task);
void torture_visit_steady(unsigned int task);	/* the domain that is there all the time */
void torture_flood_kvfree(unsigned int task);
void torture_flood_call(unsigned int task);
void torture_flood_srcu(unsigned int task);
void torture_stall(unsigned int task);		/* a reader that spins while torture_stays() */
void torture_work(unsigned int task);		/* in a work item */
void torture_tick(unsigned int task);		/* in softirq */

/* Process context, when no step runs any more: retires everything, and waits until it is destroyed. */
void torture_stop(void);

/* The same, in the module's exit: leaves objects to the end of the globals, published and retired ones. */
void torture_leave(void);

/* Any context: what torture_start() was given. */
enum torture_bug torture_planted(void);

/* Any context. The kinds are 0, 1, ... until it returns false. */
void torture_sum(struct torture_totals *totals);
bool torture_count(unsigned int i, struct torture_kind *kind);

/* Fails where not all is destroyed and freed. */
void torture_check_balance(void);

/* Of the C half */
void torture_fail(const char *what, const char *where);
unsigned int torture_cpu(void);
bool torture_stays(void);
void torture_sleep_us(unsigned int us);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TORTURE_H */
