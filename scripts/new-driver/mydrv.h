/* SPDX-License-Identifier: GPL-2.0 */
/* Between the C half, main.c, and the C++ half, engine.cpp. */
#ifndef MYDRV_H
#define MYDRV_H

#define MYDRV_LONGEST 255

#ifdef __cplusplus
#include <cstddef>
extern "C" {
#else
#include <linux/types.h>
#endif

/* Any context: copies the text to @to, which has room for MYDRV_LONGEST bytes, and returns its length. */
size_t mydrv_get(char *to);

/* Process context, may sleep: makes @length bytes the text. 0, -ENOMEM, or -ENODEV while there are no globals. */
int mydrv_set(const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif /* MYDRV_H */
