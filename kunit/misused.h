/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_misused's C half, misused_main.c, and its C++ half, misused.cpp. */
#ifndef MISUSED_H
#define MISUSED_H

#ifdef __cplusplus
extern "C" {
#endif

/* Process context; sleeps. */
void misuse(unsigned int what);

/* krcu_exits's: the krcu::Srcu that it leaves to its exit. */
void *exits_domain(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* MISUSED_H */
