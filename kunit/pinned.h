/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_pinned's C half, pinned_main.c, and its C++ half, pinned.cpp. */
#ifndef PINNED_H
#define PINNED_H

#ifdef __cplusplus
extern "C" {
#endif

/* Process context. 0, or a negative errno. */
int pinned_make_domain(void);

/* Process context: reads in the domain until pinned_sleep() returns. */
void pinned_read(void);

/* Process context: destroys the domain. */
void pinned_destroy_domain(void);

/* The C half's: says that the reader is inside, and sleeps until it may leave. */
void pinned_sleep(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PINNED_H */
