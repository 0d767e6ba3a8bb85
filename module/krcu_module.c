// SPDX-License-Identifier: GPL-2.0
/*
 * The real entry points of every module with krcu objects.
 *
 * An RCU callback that runs after its module's text is gone jumps into freed
 * memory, so a module must call rcu_barrier() after its last call_rcu() and
 * before it goes: at exit, and also when its init fails. Nobody has to remember
 * it here. Kbuild.krcu compiles the module's own objects with init_module and
 * cleanup_module, the names behind module_init() and module_exit(), renamed to
 * krcu_user_init and krcu_user_exit, and links this file in, whose own
 * module_init() and module_exit() count instead.
 *
 * Two things it cannot know of: a callback that queues another one for ever, for
 * which exit waits for ever; and what a module parameter's set function retires
 * in a load that fails before init, for which the kernel calls neither of these.
 *
 * See Documentation/RCU/rcubarrier.rst ("Unloading Modules That Use call_rcu()").
 * kvfree_rcu() needs no barrier: no module text runs for it.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include <krcu/internal/shims.h>

int krcu_user_init(void);
void krcu_user_exit(void);

/* For a module without module_init() and module_exit() (a KUnit module, say). */
int __weak __init krcu_user_init(void)
{
	return 0;
}

/* scripts/check-module.sh stops the build where a module has an init of its own, but this exit. */
void __weak __exit krcu_user_exit(void)
{
}

bool krcu_callback_ran;

/*
 * One barrier waits for the callbacks there are, but a destructor may let go of
 * another box, and so queue another callback while the barrier waits: one of RCU's,
 * or of any domain's. So the barriers of RCU and of all domains are repeated, and no
 * domain is freed, until none of krcu's callbacks ran during a round: then none was
 * pending when it began, and nothing is left that could queue another.
 *
 * What runs a destructor, in the callback or in the work item behind it, sets a flag
 * afterwards. If what the destructor queued came behind the barrier's own callback
 * on that CPU, the barrier had begun by then, so the flag was clear already and the
 * setting is not lost. A domain's flag is cleared only as it is asked for, in
 * krcu_srcu_drain_all(), so that rcu_barrier() is repeated for what ran beside it.
 *
 * A callback that only frees (SlabCache's, before 6.12) need not set it: what
 * called call_rcu() was the module, before the first barrier, or a destructor,
 * which sets the flag for another one.
 */
static void end_all(void)
{
	bool srcu_callback_ran;

	do {
		WRITE_ONCE(krcu_callback_ran, false);
		rcu_barrier();
		krcu_reclaim_flush();
		srcu_callback_ran = krcu_srcu_drain_all();
	} while (srcu_callback_ran || READ_ONCE(krcu_callback_ran));
	krcu_srcu_free_all();
	/* Last, as all of these free objects. */
	krcu_caches_destroy();
}

static int __init krcu_init(void)
{
	int err = krcu_user_init();

	/* The kernel keeps a module whose init returns a positive number. */
	if (err < 0)
		end_all();
	return err;
}

static void __exit krcu_exit(void)
{
	krcu_user_exit();
	end_all();
}

module_init(krcu_init);
module_exit(krcu_exit);
