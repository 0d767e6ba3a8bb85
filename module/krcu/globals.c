// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a module's globals: KRCU_GLOBAL() defines one, module/krcu/module.c has all
 * of them made before the module's init, and ended when its exit has returned.
 *
 * Each has a pointer in the section krcu_globals, where the linker puts what it finds in
 * the order in which it finds it. This object is the first of a module, and module.c's the
 * last; so what they have in that section is before and behind all pointers.
 * scripts/check-module.sh stops the build where it is not.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <krcu/internal/globals.h>
#include <krcu/internal/shims.h>

const struct krcu_global *const krcu_globals_start[0] __used __section("krcu_globals");

static unsigned int made;	/* so many of them are there, from the first */

/* What a parameter's set or get function asks, under the lock that those functions hold. */
bool krcu_globals_usable;

/* They are one array to the linker alone. */
static const struct krcu_global *const *all_globals(void)
{
	const struct krcu_global *const *globals = krcu_globals_start;

	OPTIMIZER_HIDE_VAR(globals);
	return globals;
}

/* A set function that was told otherwise is over when it returns. */
static void set_usable(bool usable)
{
	/* Who has no globals waits for nobody. */
	if (all_globals() == krcu_globals_stop)
		return;
	kernel_param_lock(THIS_MODULE);
	WRITE_ONCE(krcu_globals_usable, usable);
	kernel_param_unlock(THIS_MODULE);
}

/* Makes them until one fails. 0, or a negative errno. */
int krcu_globals_begin(void)
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
void krcu_globals_refuse(void)
{
	set_usable(false);
}

/* Ends the last one that is there and needs an end, and returns whether there was one. */
bool krcu_globals_end_last(void)
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

/* For kernels that check such things. */
void krcu_global_is_not_there(void)
{
	WARN_ONCE(true, "krcu: a global is used before it is made, or when it has ended\n");
}
