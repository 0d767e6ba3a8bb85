// SPDX-License-Identifier: GPL-2.0
/*
 * Runs each operation, in C by hand and with krcu, and says how many instructions it took. That is what cycles are
 * where QEMU counts instructions (-icount shift=0,sleep=off), and nowhere else; scripts/bench/report.py checks it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/smp.h>
#include <linux/timex.h>
#include <linux/types.h>

#include "bench.h"

#define IRQS_OFF	BIT(0)	/* nothing else runs meanwhile */
#define RETIRES		BIT(1)	/* the objects are gone afterwards */
#define CALLBACK	BIT(2)	/* not the operation, but what RCU calls a grace period after it */
#define WAITS		BIT(3)	/* and all that comes later, until all of the objects have ended */

struct operation {
	const char *name;
	enum bench_kind kind;
	unsigned int burst;
	unsigned int flags;
	const char *what;
	rcu_callback_t c, cxx;
};

struct side {
	struct rcu_head *(*make)(enum bench_kind kind, int value);
	void (*discard)(enum bench_kind kind, struct rcu_head *object);
	void (*settle)(void);
};

static const struct side c = { c_make, c_discard, c_settle };
static const struct side cxx = { cxx_make, cxx_discard, cxx_settle };

int bench_sink, bench_key = 1;
unsigned long bench_tail = 8;

static struct rcu_head *objects[20000];
static DECLARE_COMPLETION(all_ended);

unsigned int bench_left;

void bench_all_ended(void)
{
	complete(&all_ended);
}

static void nothing(struct rcu_head *object)
{
}

static noinline cycles_t loop(rcu_callback_t f, unsigned int n)
{
	cycles_t begin = get_cycles();
	unsigned int i;

	for (i = 0; i < n; i++)
		f(objects[i]);
	return get_cycles() - begin;
}

/* More than the loop below takes for a round, and less than anything that the scheduler can put in between. */
#define ROUND 100

/*
 * All that the CPU executes until the objects have ended. Where it has nothing to do it is in this loop, whose rounds
 * do not count: not every kernel knows how long it was idle.
 */
static cycles_t measure_until_ended(const struct operation *op, rcu_callback_t f)
{
	cycles_t begin = get_cycles(), now, last, in_loop = 0;
	bool over = false;

	loop(f, op->burst);
	/* Whatever has something to do goes first. */
	sched_set_normal(current, MAX_NICE);
	for (last = get_cycles(); !over; last = now) {
		over = completion_done(&all_ended);
		cond_resched();
		now = get_cycles();
		if (now - last < ROUND)
			in_loop += now - last;
	}
	sched_set_normal(current, 0);
	return last - begin - in_loop;
}

/* Begins behind a tick of the clock, so that the next one is as far away as it can be. */
static cycles_t measure(const struct operation *op, rcu_callback_t f)
{
	unsigned long tick = jiffies, flags;
	cycles_t cycles;

	while (READ_ONCE(jiffies) == tick)
		cpu_relax();
	if (op->flags & WAITS)
		return measure_until_ended(op, f);
	/* On PREEMPT_RT locks sleep, and so do allocations. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return loop(f, op->burst);
	if (op->flags & IRQS_OFF) {
		local_irq_save(flags);
		cycles = loop(f, op->burst);
		local_irq_restore(flags);
	} else {
		preempt_disable();
		cycles = loop(f, op->burst);
		preempt_enable();
	}
	return cycles;
}

static struct rcu_head *make(const struct operation *op, const struct side *side, int value)
{
	return op->kind == NOTHING ? NULL : side->make(op->kind, value);
}

/* What RCU is going to call for an object: it is in the rcu_head. */
static rcu_callback_t callback(const struct operation *op, const struct side *side, rcu_callback_t retire)
{
	struct rcu_head *object = make(op, side, 0);
	rcu_callback_t f = NULL;
	unsigned long flags;

	if (!object)
		return NULL;
	local_irq_save(flags);
	retire(object);
	f = object->func;
	local_irq_restore(flags);
	return f;
}

/* Whether kvfree_rcu() has got its objects, of which it keeps some for five seconds. */
static bool leaves_memory(const struct operation *op)
{
	return op->flags & RETIRES && op->kind != DESTRUCTED && op->kind != OF_DOMAIN && op->kind != SLEEPER;
}

/* The least of several times: then all is in its cache, and the allocator has got what it needs. */
static int run(const struct operation *op, const struct side *side, rcu_callback_t f, cycles_t *least)
{
	unsigned int i, round;
	int err = 0;

	*least = ~(cycles_t)0;
	for (round = 0; round < 3 && !err; round++) {
		rcu_callback_t timed = op->flags & CALLBACK ? callback(op, side, f) : f;

		if (round && leaves_memory(op))
			ssleep(6);
		side->settle();
		bench_left = op->burst;
		reinit_completion(&all_ended);
		for (i = 0; i < op->burst; i++) {
			objects[i] = make(op, side, i);
			if (!objects[i] && op->kind != NOTHING)
				err = -ENOMEM;
		}
		if (!timed)
			err = -ENOMEM;
		if (!err)
			*least = min(*least, measure(op, timed));
		for (i = 0; i < op->burst && (err || !(op->flags & RETIRES)); i++)
			if (objects[i])
				side->discard(op->kind, objects[i]);
	}
	side->settle();
	return err;
}

/* What one cycle is can be seen from a known number of instructions. */
static void calibrate(void)
{
	unsigned long flags;
	cycles_t before, between, after;

	local_irq_save(flags);
	before = get_cycles();
	between = get_cycles();
	asm volatile(".rept 100000\n nop\n .endr");
	after = get_cycles();
	local_irq_restore(flags);
	pr_info("krcu-bench: 100000 nops: %llu cycles\n", (u64)after - between - (between - before));
}

/* Does nothing if something has failed before. */
static void __init compare(int *err, const struct operation *op)
{
	struct operation none = *op;
	cycles_t by_hand, with_krcu, empty;

	*err = *err ?: run(op, &c, op->c, &by_hand) ?: run(op, &cxx, op->cxx, &with_krcu);
	if (*err)
		return;
	none.flags &= ~WAITS;
	empty = measure(&none, nothing);
	pr_info("krcu-bench: %s%s: burst %u irqs %s empty %llu c %llu krcu %llu: %s\n",
		op->name, op->flags & CALLBACK ? "_callback" : op->flags & WAITS ? "_until_ended" : "",
		op->burst, op->flags & IRQS_OFF ? "off" : "on",
		(u64)empty, (u64)by_hand, (u64)with_krcu, op->what);
}

static int __init bench_init(void)
{
	int err = c_begin();

	if (err)
		return err;
	err = cxx_begin();
	calibrate();
#define OPERATION(name, kind, burst, flags, what) \
	compare(&err, &(const struct operation){ #name, kind, burst, flags, what, c_##name, cxx_##name })
#include "operations.h"
#undef OPERATION
	if (err)
		c_end();
	return err;
}

static void __exit bench_exit(void)
{
	c_end();
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("What krcu's operations cost, beside C by hand");
MODULE_LICENSE("GPL");
