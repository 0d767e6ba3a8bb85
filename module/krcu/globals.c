// SPDX-License-Identifier: GPL-2.0
/* The first object of a module, which begins the section of its globals: see module/krcu/globals.h. */
#include <linux/compiler.h>

#include <krcu/internal/shims.h>

const struct krcu_global *const krcu_globals_start[0] __used __section("krcu_globals");

/* What a parameter's set or get function asks, under the lock that those functions hold. */
bool krcu_globals_usable;
