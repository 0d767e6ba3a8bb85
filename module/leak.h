/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_leak's C half, leak_main.c, and its C++ half, leak.cpp. */
#ifndef LEAK_H
#define LEAK_H

#ifdef __cplusplus
extern "C" {
#endif

/* Process context. 0, or a negative errno. */
int leak_make_domain(void);

/* Process context: reads in the domain until leak_sleep() returns. */
void leak_read(void);

/* Process context: destroys the domain. */
void leak_destroy_domain(void);

/* The C half's: says that the reader is inside, and sleeps until it may leave. */
void leak_sleep(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LEAK_H */
