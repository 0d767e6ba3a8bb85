/* SPDX-License-Identifier: GPL-2.0 */
/* Between krcu_shown's C half, shown_main.c, and its C++ half, shown.cpp. */
#ifndef SHOWN_H
#define SHOWN_H

#ifdef __cplusplus
extern "C" {
#endif

/* Set by gdb when it has looked. */
extern bool shown_seen;

/* Process context: fills what is to be shown. 0, or -ENOMEM. */
int shown_fill(void);

/* Process context: has krcu warn. */
void shown_warn(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SHOWN_H */
