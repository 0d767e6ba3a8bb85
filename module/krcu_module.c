// SPDX-License-Identifier: GPL-2.0
/*
 * The real entry points of every module with krcu objects.
 *
 * An RCU callback that runs after its module's text is gone jumps into freed
 * memory, so a module must call rcu_barrier() after its last call_rcu() and
 * before it goes: at exit, and also when its init fails. Nobody has to remember
 * it here. Kbuild.krcu compiles the module's own objects with init_module and
 * cleanup_module renamed to krcu_user_init and krcu_user_exit, and links this
 * file in, whose init_module() and cleanup_module() the kernel calls instead.
 *
 * See Documentation/RCU/rcubarrier.rst ("Unloading Modules That Use call_rcu()").
 * kvfree_rcu() needs no barrier: no module text runs for it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

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

int __init init_module(void)
{
	int err = krcu_user_init();

	if (err)
		rcu_barrier();
	return err;
}

void __exit cleanup_module(void)
{
	krcu_user_exit();
	rcu_barrier();
}
