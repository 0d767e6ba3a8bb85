/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel gives: RCU on two CPUs, SRCU domains, barriers, work items.
 *
 * A grace period waits for the readers that were inside when it began: a set, out
 * of which each goes when it leaves. Callbacks of a queue run one at a time, in
 * the order in which they came. A barrier puts a callback of its own behind what is
 * pending in a queue at that moment, and waits for that one; what comes later, the
 * barrier misses.
 */

/* Who reads or waits, as "me" in each process. */
#define READER		0
#define OTHER_READER	1
#define WORKER		2
#define WRITER		3
#define MODULE		4
#define OTHER_WORKER	5
#define NTASKS		6
#define BIT(i)		(1 << (i))

/* What is read: RCU, and the SRCU domains. A and B are there from the beginning. */
#define RCU	0
#define A	1
#define B	2
#define C	3		/* one that is made later, or B's second wrapper */
#define NDOMAINS 4

/* A queue of callbacks: RCU has one for each CPU, each domain has one. */
#define QUEUE(d)	((d) + 1)
#define DOMAIN(i)	((i < 2 -> RCU : i - 1))
#define NQUEUES		5
#define LENGTH		5

/* A callback: an object, or a barrier's with the number of who waits. An object has these, and how long
 * a chain of others it may retire, one by one. */
#define CHAIN		3
#define WORK		4	/* destroyed in the work item */
#define OLD_OBJECT	8	/* retired before drain() was called, or by such a one's destructor */
#define WRITERS		16	/* a parameter writer's, or retired by such a one's destructor */
#define BARRIER		32
#define BATCH		(BARRIER | USES_FIRST)	/* with a CPU: that of its list */
#define IS_BARRIER(what) (((what) & BARRIER) && !((what) & USES_FIRST))
#define IS_BATCH(what) (((what) & BARRIER) && ((what) & USES_FIRST))
#define USES_FIRST	64	/* its destructor uses the first of two globals */
#define USES_BOTH	128

typedef queue {
	byte n;
	byte what[LENGTH];
	byte readers[LENGTH];	/* those that each one's grace period waits for yet */
};

queue q[NQUEUES];
byte inside[NDOMAINS];		/* the readers in each */
bool freed[NDOMAINS];		/* the srcu_struct */
bool text_gone;			/* the module's text and data are freed */

byte gp_domain[NTASKS];		/* the grace period that a task waits for, */
byte gp_readers[NTASKS];	/* and the readers that it waits for yet */
byte barriers[NTASKS];		/* callbacks that a task's barrier waits for yet */
/* A work item for each CPU. Which of them a task waits for: 1 the first one's run, 2 the run that is pending; 3, 4 */
byte flushing[NTASKS];
#define RUN_OF(cpu)	((cpu) * 2 + 1)
#define PENDING_OF(cpu)	((cpu) * 2 + 2)
bool work_pending[2];
bool work_running[2];

byte locks[NTASKS];		/* mutexes that each task holds */

hidden byte i_, j_;		/* within a d_step */

/* Every wait is one of these. Spin locks are d_steps, in which Spin allows no wait. */
inline wait_until(condition)
{
	atomic { (condition) -> assert(locks[me] == 0 || without == LOCKS) }
}

inline enter(d)
{
	d_step {
		assert(!text_gone);
		assert(!freed[d]);
		inside[d] = inside[d] | BIT(me);
	}
}

inline forget_reader(i)
{
	j_ = 0;
	do
	:: j_ < LENGTH -> q[i].readers[j_] = q[i].readers[j_] & ~BIT(me); j_++
	:: else -> break
	od;
	j_ = 0
}

inline leave(d)
{
	d_step {
		assert(!text_gone);
		assert(!freed[d]);
		inside[d] = inside[d] & ~BIT(me);
		forget_reader(QUEUE(d));
		if
		:: d == RCU -> forget_reader(0)
		:: else
		fi;
		i_ = 0;
		do
		:: i_ < NTASKS && gp_domain[i_] == d -> gp_readers[i_] = gp_readers[i_] & ~BIT(me); i_++
		:: i_ < NTASKS && gp_domain[i_] != d -> i_++
		:: else -> break
		od;
		i_ = 0
	}
}

/* call_rcu() on a CPU, call_srcu(), and a barrier's callback, which needs no grace period of its own. */
inline enqueue(i, callback, readers_inside)
{
	assert(q[i].n < LENGTH);
	q[i].what[q[i].n] = callback;
	q[i].readers[q[i].n] = readers_inside;
	q[i].n++
}

inline call(i, object)
{
	d_step {
		assert(!freed[DOMAIN(i)]);
		enqueue(i, object, inside[DOMAIN(i)])
	}
}

inline dequeue(i)
{
	j_ = 1;
	do
	:: j_ < LENGTH -> q[i].what[j_ - 1] = q[i].what[j_]; q[i].readers[j_ - 1] = q[i].readers[j_]; j_++
	:: else -> break
	od;
	q[i].what[LENGTH - 1] = 0;
	q[i].readers[LENGTH - 1] = 0;
	q[i].n--
}

/* synchronize_rcu(), start_poll_synchronize_srcu() */
inline begin_grace_period(d)
{
	d_step {
		assert(!freed[d]);
		gp_domain[me] = d;
		gp_readers[me] = inside[d]
	}
}

#define grace_period_over (gp_readers[me] == 0)

/* Somebody has seen that it is over, or waits no longer. */
inline end_grace_period()
{
	d_step {
		assert(locks[me] == 0 || without == LOCKS);
		assert(!freed[gp_domain[me]]);
		gp_domain[me] = RCU;
		gp_readers[me] = 0
	}
}

inline wait_for_grace_period()
{
	atomic { grace_period_over -> end_grace_period() }
}

inline begin_barrier(i)
{
	d_step {
		assert(!freed[DOMAIN(i)]);
		if
		:: q[i].n > 0 ->
			enqueue(i, BARRIER | me, 0);
			barriers[me]++
		:: else
		fi
	}
}

inline rcu_barrier()
{
	begin_barrier(0);
	begin_barrier(1);
	wait_until(barriers[me] == 0)
}

inline srcu_barrier(d)
{
	begin_barrier(QUEUE(d));
	wait_until(barriers[me] == 0)
}

inline flush_work(cpu)
{
	d_step {
		if
		:: work_pending[cpu] -> flushing[me] = PENDING_OF(cpu)
		:: !work_pending[cpu] && work_running[cpu] -> flushing[me] = RUN_OF(cpu)
		:: else
		fi
	};
	wait_until(flushing[me] == 0)
}

/* What was flushing[i] == from becomes to, as the work item begins and ends. */
inline flushers(from, to)
{
	i_ = 0;
	do
	:: i_ < NTASKS && flushing[i_] == from -> flushing[i_] = to; i_++
	:: i_ < NTASKS && flushing[i_] != from -> i_++
	:: else -> break
	od;
	i_ = 0
}

/* cleanup_srcu_struct(), by krcu or by the C code that owns the domain */
inline free_srcu_struct(d)
{
	assert(!freed[d]);
	assert(inside[d] == 0 && q[QUEUE(d)].n == 0 && !freed[d]);
	freed[d] = true
}
