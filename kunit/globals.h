/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_globals's C half, globals_main.c, and its C++ half, globals.cpp and globals_last.cpp. */
#ifndef GLOBALS_H
#define GLOBALS_H

#ifdef __cplusplus
extern "C" {
#endif

/* The C++ half's. Process context. */

/* Fills the globals, and leaves a reader in the domain that is one. 0, or a negative errno. */
int globals_fill(void);
/* Retires objects whose destructors use globals; to be called in the module's exit, or before its init fails. */
void globals_retire(void);
/* A parameter's set function, which does the same, or returns -ENODEV if globals may not be used. */
int globals_write(void);

/* The C half's. Any context, except globals_late_thread() and globals_sleep_ms(). */

void globals_say(const char *text);
/* Whether that global is to come out empty. */
bool globals_is_to_be_empty(const char *name);
void globals_busy_ms(unsigned int ms);
void globals_sleep_ms(unsigned int ms);
/* Whether the module goes: since its exit began, or an init that fails. */
bool globals_end_has_begun(void);
/* Runs @run in a thread that nobody joins; returns when it has called globals_inside(). */
int globals_late_thread(void (*run)(void));
void globals_inside(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* GLOBALS_H */
