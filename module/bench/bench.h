/* SPDX-License-Identifier: GPL-2.0 */
/* What the two sides have: objects to do it with, and the operations. */
#ifndef BENCH_H
#define BENCH_H

struct callback_head;

#ifdef __cplusplus
extern "C" {
#endif

/* An object is known by its rcu_head, which it begins with on both sides. */
enum bench_kind {
	NOTHING,	/* the operation takes none */
	PLAIN,
	SELF_CLEANING,
	DESTRUCTED,
	OF_DOMAIN,
	SLEEPER,
	HASHED,
	LISTED,
};

/* What both sides have in their containers, for as long as the module is there */
#define BENCH_ENTRIES 60
#define BENCH_LISTED 8

/* 0, or a negative errno. What krcu has ends by itself. */
int c_begin(void);
int cxx_begin(void);
void c_end(void);

/* NULL where memory is short; and the end of one that is still the caller's */
struct callback_head *c_make(enum bench_kind kind, int value);
struct callback_head *cxx_make(enum bench_kind kind, int value);
void c_discard(enum bench_kind kind, struct callback_head *object);
void cxx_discard(enum bench_kind kind, struct callback_head *object);

/* Waits until all that was retired has ended. */
void c_settle(void);
void cxx_settle(void);

/* Where readers leave what they have read; a key, and a length, that compilers do not know */
extern int bench_sink, bench_key;
extern unsigned long bench_tail;

/* Where an object ends; its destructor is to take no more than it has to. They end one after the other, on one CPU. */
extern unsigned int bench_left;
void bench_all_ended(void);

static inline void bench_ended(void)
{
	if (!--bench_left)
		bench_all_ended();
}

/* Of the type of RCU's callbacks, which are called in place of their operations. */
#define OPERATION(name, ...) void c_##name(struct callback_head *object), cxx_##name(struct callback_head *object)
#include "operations.h"
#undef OPERATION

#ifdef __cplusplus
}
#endif

#endif /* BENCH_H */
