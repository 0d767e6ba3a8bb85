// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of the target kernel that C++ has to know, taken from its headers at
 * build time. Kbuild.krcu compiles this to assembly and makes krcu-constants.h
 * of it, the way the kernel makes its asm-offsets.h. The file is never linked.
 *
 * All C++ waits for it, so it includes no more than it needs.
 */
#include <linux/kbuild.h>
#include <linux/capability.h> /* for uapi/linux/eventpoll.h of 6.1 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <uapi/linux/eventpoll.h>

#include <asm/page.h>

/* Kbuild.krcu compiles this as Kbuild does, without a path to krcu. */
#include "../../include/krcu/internal/shims.h"

/* The flags are unsigned __bitwise to C and to sparse. */
#define GFP(flag) DEFINE(KRCU_##flag, (__force unsigned int)(flag))
#define POLL(event) DEFINE(KRCU_##event, (__force unsigned int)(event))

int main(void)
{
	GFP(GFP_KERNEL);
	GFP(GFP_KERNEL_ACCOUNT);
	GFP(GFP_ATOMIC);
	GFP(GFP_NOWAIT);
	GFP(GFP_NOIO);
	GFP(GFP_NOFS);
	GFP(GFP_USER);
	GFP(__GFP_ZERO);
	GFP(__GFP_NOWARN);
	GFP(__GFP_NORETRY);
	GFP(__GFP_RETRY_MAYFAIL);
	GFP(__GFP_NOFAIL);
	GFP(__GFP_HIGH);
	GFP(__GFP_ACCOUNT);

	POLL(EPOLLIN);
	POLL(EPOLLPRI);
	POLL(EPOLLOUT);
	POLL(EPOLLERR);
	POLL(EPOLLHUP);
	POLL(EPOLLRDNORM);
	POLL(EPOLLWRNORM);
	POLL(EPOLLRDHUP);

	DEFINE(KRCU_HEAD_SIZE, sizeof(struct callback_head));
	DEFINE(KRCU_HEAD_ALIGN, __alignof__(struct callback_head));
	/* What kvfree_rcu() uses of an object that waits for its grace period */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	DEFINE(KRCU_KVFREE_HEAD_SIZE, sizeof(struct kvfree_rcu_head));
#else
	DEFINE(KRCU_KVFREE_HEAD_SIZE, sizeof(struct callback_head));
#endif
	DEFINE(KRCU_LOCK_CLASS_KEY_SIZE, sizeof(struct lock_class_key));
	DEFINE(KRCU_LOCK_CLASS_KEY_ALIGN, __alignof__(struct lock_class_key));
	DEFINE(KRCU_MUTEX_SIZE, sizeof(struct mutex));
	DEFINE(KRCU_MUTEX_ALIGN, __alignof__(struct mutex));
	/* Nothing in it where there is one CPU. */
	DEFINE(KRCU_SPINLOCK_SIZE, sizeof(spinlock_t));
	DEFINE(KRCU_SPINLOCK_ALIGN, __alignof__(spinlock_t));
	DEFINE(KRCU_LIST_LINK_SIZE, sizeof(struct krcu_list_link));
	DEFINE(KRCU_LIST_LINK_ALIGN, __alignof__(struct krcu_list_link));
	DEFINE(KRCU_XARRAY_SIZE, sizeof(struct xarray));
	DEFINE(KRCU_XARRAY_ALIGN, __alignof__(struct xarray));
	DEFINE(KRCU_WAIT_QUEUE_HEAD_SIZE, sizeof(struct wait_queue_head));
	DEFINE(KRCU_WAIT_QUEUE_HEAD_ALIGN, __alignof__(struct wait_queue_head));
	DEFINE(KRCU_KMALLOC_MINALIGN, ARCH_KMALLOC_MINALIGN);
	DEFINE(KRCU_KMALLOC_MAX_SIZE, KMALLOC_MAX_SIZE);
	DEFINE(KRCU_PAGE_SIZE, PAGE_SIZE);
	DEFINE(KRCU_HZ, HZ);
	DEFINE(KRCU_PRINTK, IS_ENABLED(CONFIG_PRINTK));
	DEFINE(KRCU_RATELIMIT_SIZE, sizeof(struct krcu_ratelimit));
	DEFINE(KRCU_RATELIMIT_ALIGN, __alignof__(struct krcu_ratelimit));
	/* Whether the use of a global that is not there is told. */
	DEFINE(KRCU_CHECKS_GLOBALS, IS_ENABLED(CONFIG_PROVE_RCU));
	/* Whether kmem_cache_destroy() waits for kvfree_rcu(). */
	DEFINE(KRCU_CACHE_DESTROY_WAITS, LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0));
	return 0;
}
