// SPDX-License-Identifier: GPL-2.0
/*
 * The real entry points of every module with krcu objects.
 *
 * An RCU callback that runs after its module's text is gone jumps into freed
 * memory, so a module must call rcu_barrier() after its last call_rcu() and
 * before it goes: at exit, and also when its init fails. Nobody has to remember
 * it here. Kbuild.krcu compiles the module's own objects with init_module and
 * cleanup_module, the names behind module_init() and module_exit(), renamed to
 * krcu_renamed_init_module and krcu_renamed_cleanup_module, and links this file in, whose own
 * module_init() and module_exit() count instead.
 *
 * The module's globals (KRCU_GLOBAL()) are made before its init, and end here, while all
 * that destructors may use is still there: see globals.h.
 *
 * What is still reading when the exit has returned, in RCU or in a domain, may
 * retire something yet, so readers are waited for before the barriers.
 *
 * That is not the end of it: parameter files can be written to until the kernel
 * removes them, which is after the exit, and a parameter that cannot be parsed
 * fails a load before init, when another one has been set. What a set function
 * retires is waited for in the free function of a parameter of krcu's own, which
 * the kernel calls when no set function can run any more, whether or not init
 * and exit ran. Domains and caches stay until then, as a set function may use
 * them; not so wrapped domains, which C code frees when the exit has returned. By
 * then the kernel no longer knows the module's text (its exception table, e.g.),
 * other modules may be gone and other parameters' strings freed. So the exit waits
 * for all that it can.
 *
 * A callback that queues another one for ever makes the module's end wait for ever.
 *
 * See Documentation/RCU/rcubarrier.rst ("Unloading Modules That Use call_rcu()").
 * kvfree_rcu() needs no barrier: no module text runs for it. docs/design.md has the
 * protocol as a whole.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <krcu/internal/shims.h>
#include <krcu/version.h>

#include "globals.h"
#include "round.h"

int krcu_renamed_init_module(void);
void krcu_renamed_cleanup_module(void);

/* For a module without module_init() and module_exit() (a KUnit module, say). */
int __weak __init krcu_renamed_init_module(void)
{
	return 0;
}

/* scripts/check-module.sh stops the build where a module has an init of its own, but this exit. */
void __weak __exit krcu_renamed_cleanup_module(void)
{
}

/* Those of srcu.c from the module's first domain on */
const struct krcu_srcu_ops *krcu_srcu;

/* That of reclaim.c, where the module has it */
const struct krcu_reclaim_ops *krcu_reclaim;

/* That of slab.c, from the module's first cache on */
void (*krcu_caches_end)(void);

struct krcu_ran krcu_rcu_ran;
unsigned long krcu_all_times;
DEFINE_SPINLOCK(krcu_ran_lock);

/* How often any callback of krcu's has been found to have run. */
unsigned long krcu_times_any_ran(void)
{
	const struct krcu_srcu_ops *srcu = READ_ONCE(krcu_srcu);
	unsigned long times;

	if (srcu)
		srcu->count();
	spin_lock(&krcu_ran_lock);
	krcu_count(&krcu_rcu_ran);
	times = krcu_all_times;
	spin_unlock(&krcu_ran_lock);
	return times;
}

/* Not inlined, nor is what calls it: what is pushed and popped takes unwinding tables, too. */
static noinline bool drain_round_behind_readers(void)
{
	return drain_round(true);
}

/* After so many rounds it may be a parameter file's writer who goes on retiring, or just a long chain of objects. */
#define WRITER_ROUNDS 32

/*
 * When it returns, nothing is left but what parameter files' writers may add to. The
 * lock keeps these out while the rest of a long chain goes. It is not taken before,
 * as a destructor may want it.
 */
static noinline void drain_at_exit(void)
{
	unsigned int round = 0;

	while (drain_round_behind_readers())
		if (++round == WRITER_ROUNDS)
			kernel_param_lock(THIS_MODULE);
	if (round >= WRITER_ROUNDS)
		kernel_param_unlock(THIS_MODULE);
}

/*
 * Each global ends when nothing is pending that could use it. What it leaves to RCU
 * may use those that were made before it, and so is waited for before these end.
 */
static void end_at_exit(void)
{
	const struct krcu_srcu_ops *srcu;

	globals_refuse();
	synchronize_rcu();
	do
		drain_at_exit();
	while (globals_end_last());
	srcu = READ_ONCE(krcu_srcu);
	if (srcu)
		srcu->destroy_wrapped();
	if (KRCU_STATS)
		krcu_stats_end();
}

static int __init krcu_init(void)
{
	int err;

	if (KRCU_STATS)
		krcu_stats_begin();
	err = globals_begin();
	if (!err)
		err = krcu_renamed_init_module();
	/* The kernel keeps a module whose init returns a positive number. */
	if (err < 0)
		end_at_exit();
	return err;
}

static void __exit krcu_exit(void)
{
	krcu_renamed_cleanup_module();
	end_at_exit();
}

module_init(krcu_init);
module_exit(krcu_exit);

static int no_such_parameter(const char *val, const struct kernel_param *kp)
{
	return -ENOENT;
}

static void drain_after_exit(void *unused)
{
	const struct krcu_srcu_ops *srcu;

	/* Set functions may have left readers, too. */
	synchronize_rcu();
	srcu = READ_ONCE(krcu_srcu);
	if (srcu)
		srcu->expect_readers();
	while (drain_round_behind_readers())
		;
	srcu = READ_ONCE(krcu_srcu);
	if (srcu)
		srcu->destroy_all();
	if (krcu_reclaim)
		krcu_reclaim->end();
	/* Last, as all of these free objects. Nothing is left that could, except kvfree_rcu()'s batches. */
	if (krcu_caches_end)
		krcu_caches_end();
}

/* Compilers like more alignment for what is that large. */
static const struct kernel_param_ops end_ops __aligned(sizeof(long)) = {
	.set = no_such_parameter,
	.free = drain_after_exit,
};

/* Drivers have copies of krcu: this tells which one is in a module. */
MODULE_INFO(krcu_version, KRCU_VERSION);

/* The last of their section, as this object is linked last: see globals.h. */
const struct krcu_global *const krcu_globals_stop[0] __used __section("krcu_globals");

/* It has no file. Linked last, so that the free functions of the module's own parameters run before. */
module_param_cb(krcu, &end_ops, NULL, 0);
