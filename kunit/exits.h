/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_exits's C half, exits_main.c, and its C++ half, exits.cpp. */
#ifndef EXITS_H
#define EXITS_H

#ifdef __cplusplus
extern "C" {
#endif

struct srcu_struct;

/* The C++ half's. Process context. */

/* Begins the scenario of that name. 0, or a negative errno; -ENOENT if there is none. */
int exits_begin(const char *name);
/* What the scenario does in the module's exit, if anything. */
void exits_end(void);
/* Keeps RCU's callbacks from running early. 0, or a negative errno. */
int exits_hold_callbacks_up(void);
/* Retires objects that retire others, and calls exits_inside(). */
void exits_retire_all(void);
/* Retires one object more. */
void exits_retire_one(void);
/* The krcu::Srcu of the scenario domain_shared. Any context. */
void *exits_shared_domain(void);

/* The C half's. Process context, except exits_busy_ms(), exits_say() and exits_have_begun(). */

/* That krcu::Srcu, for krcu_misused. Any context. */
void *exits_domain(void);

/* Runs @run on another CPU, in a thread that nobody joins; returns when it has called exits_inside(). */
int exits_late_thread(void (*run)(void));
void exits_inside(void);
void exits_sleep_ms(unsigned int ms);
void exits_busy_ms(unsigned int ms);
void exits_say(const char *text);
/* Whether the module goes: since its exit began, or an init that fails. */
bool exits_have_begun(void);
/* A domain of C code, which ends with the module. */
struct srcu_struct *exits_c_domain(void);
/* A reader of it, and a callback in it. */
int exits_c_read_lock(void);
void exits_c_read_unlock(int idx);
void exits_c_call(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* EXITS_H */
