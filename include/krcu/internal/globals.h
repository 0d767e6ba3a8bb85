/* SPDX-License-Identifier: GPL-2.0 */
/* The section of a module that has a pointer to each of its globals, in the order of the link: from start to stop. */
#ifndef KRCU_INTERNAL_GLOBALS_H
#define KRCU_INTERNAL_GLOBALS_H

#include <krcu/internal/shims.h>

extern const struct krcu_global *const krcu_globals_start[];
extern const struct krcu_global *const krcu_globals_stop[];

#endif /* KRCU_INTERNAL_GLOBALS_H */
