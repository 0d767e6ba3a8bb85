/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a module's globals: KRCU_GLOBAL() defines one, module/krcu/module.c has all
 * of them made before the module's init, and ended when its exit has returned.
 *
 * Each has a pointer in the section krcu_globals, where the linker puts what it finds in
 * the order in which it finds it. module/krcu/globals.c is the first object of a module,
 * and module.c the last; so what they have in that section is before and behind all
 * pointers. scripts/check-module.sh stops the build where it is not. What reclaim.c needs begins with them.
 */
#ifndef KRCU_GLOBALS_H
#define KRCU_GLOBALS_H

#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <krcu/internal/shims.h>

/* Behind the last one that is there */
static const struct krcu_global *const *made = krcu_globals_start;

/* They are one array to the linker alone. */
static bool all_are_before(const struct krcu_global *const *global)
{
	OPTIMIZER_HIDE_VAR(global);
	return global == krcu_globals_stop;
}

/*
 * A set function that was told otherwise is over when it returns. Inlined, as a
 * parameter would have to be kept, with unwinding tables for that.
 */
static __always_inline void set_usable(bool usable)
{
	kernel_param_lock(THIS_MODULE);
	WRITE_ONCE(krcu_globals_usable, usable);
	kernel_param_unlock(THIS_MODULE);
}

/* Makes them until one fails. 0, or a negative errno. */
static int globals_begin(void)
{
	for (; !all_are_before(made); made++) {
		int err = (*made)->begin((*made)->object);

		if (err)
			return err;
	}
	/* Who has no globals waits for nobody; what reclaim.c has there is none that set functions could use. */
	if (made - !!krcu_reclaim != krcu_globals_start)
		set_usable(true);
	return 0;
}

/* When the module goes: parameter files' writers must not use them any more. */
static void globals_refuse(void)
{
	if (krcu_globals_usable)
		set_usable(false);
}

/* Ends the last one that is there and needs an end, and returns whether there was one. */
static bool globals_end_last(void)
{
	const struct krcu_global *const *last = made;

	while (last != krcu_globals_start) {
		const struct krcu_global *global = *--last;

		if (global->end) {
			made = last;
			global->end(global->object);
			return true;
		}
	}
	return false;
}

#endif /* KRCU_GLOBALS_H */
