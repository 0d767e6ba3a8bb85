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

static unsigned int made;	/* so many of them are there, from the first */

/* They are one array to the linker alone. */
static const struct krcu_global *const *all_globals(void)
{
	const struct krcu_global *const *globals = krcu_globals_start;

	OPTIMIZER_HIDE_VAR(globals);
	return globals;
}

/* A set function that was told otherwise is over when it returns. */
static void __cold set_usable(bool usable)
{
	/* Who has no globals waits for nobody; what reclaim.c has there is none that set functions could use. */
	if (all_globals() + !!krcu_reclaim == krcu_globals_stop)
		return;
	kernel_param_lock(THIS_MODULE);
	WRITE_ONCE(krcu_globals_usable, usable);
	kernel_param_unlock(THIS_MODULE);
}

/* Makes them until one fails. 0, or a negative errno. */
static int __cold globals_begin(void)
{
	const struct krcu_global *const *globals = all_globals();

	for (; globals + made != krcu_globals_stop; made++) {
		int err = globals[made]->begin(globals[made]->object);

		if (err)
			return err;
	}
	set_usable(true);
	return 0;
}

/* When the module goes: parameter files' writers must not use them any more. */
static void __cold globals_refuse(void)
{
	set_usable(false);
}

/* Ends the last one that is there and needs an end, and returns whether there was one. */
static bool __cold globals_end_last(void)
{
	while (made) {
		const struct krcu_global *global = all_globals()[--made];

		if (global->end) {
			global->end(global->object);
			return true;
		}
	}
	return false;
}

#endif /* KRCU_GLOBALS_H */
