/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_misused's C half, misused_main.c, and its C++ half, misused.cpp. */
#ifndef MISUSED_H
#define MISUSED_H

struct mutex;
struct spinlock;

#ifdef __cplusplus
extern "C" {
#endif

/* Process context; sleeps. */
void misuse(unsigned int what);

/* krcu_exits's: the krcu::Srcu that it leaves to its exit. */
void *exits_domain(void);

/* Which mistake is to be made: set before globals are made. */
unsigned int misused_what(void);

/* Locks of C's, which it releases behind the back of a guard. */
struct mutex *misused_mutex(void);
void misused_lock_mutex(void);
void misused_unlock_mutex(void);
struct spinlock *misused_spinlock(void);
void misused_lock_spinlock(void);
void misused_unlock_spinlock(void);

/* Calls it as if in a non-maskable interrupt. */
void misused_run_in_nmi(void (*func)(void));

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* MISUSED_H */
