// SPDX-License-Identifier: GPL-2.0
/*
 * The shims behind krcu's C++ headers: thin wrappers of documented kernel
 * functions. Those that do more say why. Kbuild.krcu links one copy into every
 * module that has C++ objects; see include/krcu/internal/shims.h.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/poison.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <krcu/internal/shims.h>

/*
 * Inlined into C++ wherever it is called, however large it looks: kmalloc()
 * folds to its size class only then. The kernel's inline is gnu_inline, so each
 * is emitted out of line too, for KRCU_INLINE=0.
 */
#define krcu_shim __always_inline

/* What a reader holds, in the words of newer kernels; older ones know no difference. */
#ifndef __acquires_shared
#define __acquires_shared(what) __acquires(what)
#define __releases_shared(what) __releases(what)
#endif

/* RCU */

krcu_shim void krcu_read_lock(void)
	__acquires_shared(RCU)
{
	rcu_read_lock();
}

krcu_shim void krcu_read_unlock(void)
	__releases_shared(RCU)
{
	rcu_read_unlock();
}

krcu_shim void krcu_synchronize_rcu(void)
{
	synchronize_rcu();
}

krcu_shim void krcu_synchronize_rcu_expedited(void)
{
	synchronize_rcu_expedited();
}

krcu_shim void krcu_rcu_barrier(void)
{
	rcu_barrier();
}

krcu_shim unsigned long krcu_start_poll_synchronize_rcu(void)
{
	return start_poll_synchronize_rcu();
}

krcu_shim unsigned long krcu_start_poll_synchronize_rcu_expedited(void)
{
	return start_poll_synchronize_rcu_expedited();
}

krcu_shim unsigned long krcu_get_state_synchronize_rcu(void)
{
	return get_state_synchronize_rcu();
}

krcu_shim bool krcu_poll_state_synchronize_rcu(unsigned long cookie)
{
	return poll_state_synchronize_rcu(cookie);
}

krcu_shim void krcu_cond_synchronize_rcu(unsigned long cookie)
{
	/* As cond_synchronize_rcu(), which does nothing in TINY_RCU, where the cookie then stays as it was. */
	if (!poll_state_synchronize_rcu(cookie))
		synchronize_rcu();
}

krcu_shim void krcu_cond_synchronize_rcu_expedited(unsigned long cookie)
{
	if (!poll_state_synchronize_rcu(cookie)) /* as above */
		synchronize_rcu_expedited();
}

krcu_shim void krcu_call_rcu_hurry(struct callback_head *head, void (*func)(struct callback_head *head))
{
	/* Before 6.2 call_rcu() was never lazy. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	call_rcu_hurry(head, func);
#else
	call_rcu(head, func);
#endif
}

krcu_shim void krcu_call_rcu(struct callback_head *head, void (*func)(struct callback_head *head))
{
	call_rcu(head, func);
}

/* kvfree_rcu() finds the allocation from the offset of its rcu_head: 0 in every krcu object. */
struct krcu_object {
	struct rcu_head rcu;
};

krcu_shim void krcu_kvfree_rcu(struct callback_head *head)
{
	/* The cast holds because every krcu object begins with its rcu_head. */
	struct krcu_object *object = (struct krcu_object *)head;

	kvfree_rcu(object, rcu);
}

/* An RCU-protected pointer */

/* The slots are void * in C++, which has no sparse address spaces: hence the __force. */

krcu_shim void *krcu_rcu_dereference(void *const *slot)
{
	return rcu_dereference(*(void __rcu *const __force *)slot);
}

krcu_shim void *krcu_rcu_access_pointer(void *const *slot)
{
	return rcu_access_pointer(*(void __rcu *const __force *)slot);
}

krcu_shim void *krcu_rcu_replace(void **slot, void *new_ptr)
{
	/* A full barrier, so it publishes as rcu_assign_pointer() does; and no two updaters get one old pointer. */
	return xchg(slot, new_ptr);
}

krcu_shim void *krcu_rcu_compare_exchange(void **slot, void *old_ptr, void *new_ptr)
{
	/* A full barrier if it exchanges, as above. */
	return cmpxchg(slot, old_ptr, new_ptr);
}

krcu_shim void *krcu_rcu_dereference_under_mutex(void *const *slot, struct mutex *lock)
{
	return rcu_dereference_protected(*(void __rcu *const __force *)slot, lockdep_is_held(lock));
}

krcu_shim void *krcu_rcu_dereference_under_spinlock(void *const *slot, struct spinlock *lock)
{
	return rcu_dereference_protected(*(void __rcu *const __force *)slot, lockdep_is_held(lock));
}

/* References: C++ knows a refcount_t as the int that it is. */

static_assert(sizeof(refcount_t) == sizeof(int) && __alignof__(refcount_t) == __alignof__(int));

krcu_shim void krcu_refcount_set(int *count, int n)
{
	refcount_set((refcount_t *)count, n);
}

krcu_shim void krcu_refcount_inc(int *count)
{
	refcount_inc((refcount_t *)count);
}

krcu_shim bool krcu_refcount_inc_not_zero(int *count)
{
	return refcount_inc_not_zero((refcount_t *)count);
}

krcu_shim bool krcu_refcount_dec_and_test(int *count)
{
	return refcount_dec_and_test((refcount_t *)count);
}

/* Atomic numbers: C++ knows an atomic_t as the int that it is, and an atomic64_t as its s64. */

static_assert(sizeof(atomic_t) == sizeof(int) && __alignof__(atomic_t) == sizeof(int));
static_assert(sizeof(atomic64_t) == sizeof(long long) && __alignof__(atomic64_t) <= sizeof(long long));

#define NUMBER int
#define ATOMIC_T atomic_t
#define KERNEL(function) atomic_##function
#define SHIM(function) krcu_atomic_##function
#include "atomic.h"
#undef NUMBER
#undef ATOMIC_T
#undef KERNEL
#undef SHIM

#define NUMBER s64
#define ATOMIC_T atomic64_t
#define KERNEL(function) atomic64_##function
#define SHIM(function) krcu_atomic64_##function
#include "atomic.h"

/* User space's memory; an address is a number in C++, which has no sparse address spaces. */

krcu_shim int krcu_copy_from_user(void *to, unsigned long from, size_t n)
{
	return copy_from_user(to, (const void __user *)from, n) ? -EFAULT : 0;
}

krcu_shim int krcu_copy_to_user(unsigned long to, const void *from, size_t n)
{
	return copy_to_user((void __user *)to, from, n) ? -EFAULT : 0;
}

/* Globals */

/* For kernels that check for it */
void krcu_global_is_not_there(void)
{
	WARN_ONCE(true, "krcu: a global is used before it is made, or when it has ended\n");
}

/* The kernel's log */

/* As DEFINE_RATELIMIT_STATE(), which is not C++: the first to come makes it; others who come meanwhile do not print. */
bool krcu_ratelimit(void *state, const char *function)
{
	struct krcu_ratelimit *limit = state;
	int made = atomic_read_acquire(&limit->made);

	if (!made && atomic_try_cmpxchg(&limit->made, &made, 1)) {
		ratelimit_state_init(&limit->state, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
		made = 2;
		atomic_set_release(&limit->made, made);
	}
	return made == 2 && ___ratelimit(&limit->state, function);
}

/* Time */

krcu_shim unsigned long krcu_jiffies(void)
{
	return jiffies;
}

krcu_shim unsigned long krcu_msecs_to_jiffies(unsigned int ms)
{
	return msecs_to_jiffies(ms);
}

krcu_shim unsigned int krcu_jiffies_to_msecs(unsigned long j)
{
	return jiffies_to_msecs(j);
}

krcu_shim unsigned long long krcu_ktime_get_ns(void)
{
	return ktime_get_ns();
}

/* Waiting for all that the module has retired */

krcu_shim void krcu_callback_ran(struct krcu_ran *ran)
{
	/* After the destructor, which may have queued another callback. */
	barrier();
	/*
	 * Tested first, so that the CPUs share the cache line; and not by READ_ONCE(), which takes compilers a register
	 * and an instruction more. Whatever a race makes of a byte, it is true or false.
	 */
	if (!data_race(ran->flag))
		WRITE_ONCE(ran->flag, true);
}

/* Memory */

krcu_shim void *krcu_kmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

krcu_shim void krcu_kfree(void *ptr)
{
	kfree(ptr);
}

krcu_shim void krcu_kfree_bulk(size_t n, void **ptrs)
{
	kfree_bulk(n, ptrs);
}

krcu_shim void *krcu_vmalloc(size_t size, gfp_t gfp)
{
	return __vmalloc(size, gfp);
}

krcu_shim void krcu_vfree(void *ptr)
{
	vfree(ptr);
}

krcu_shim void *krcu_kvmalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp);
}

krcu_shim void krcu_kvfree(void *ptr)
{
	kvfree(ptr);
}

krcu_shim void *krcu_kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	/* In other kernels it crashes, as in C. */
	if (IS_ENABLED(CONFIG_PROVE_RCU) && WARN_ONCE(!cache, "krcu: SlabCache: a box is made before create()\n"))
		return NULL;
	return kmem_cache_alloc(cache, gfp);
}

krcu_shim void krcu_kmem_cache_free(struct kmem_cache *cache, void *ptr)
{
	kmem_cache_free(cache, ptr);
}

krcu_shim void krcu_kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **ptrs)
{
	kmem_cache_free_bulk(cache, n, ptrs);
}

/* SRCU; module/krcu/srcu.c has a domain's beginning and end */

krcu_shim int krcu_srcu_read_lock(struct srcu_struct *ssp)
	__acquires_shared(ssp)
{
	return srcu_read_lock(ssp);
}

krcu_shim void krcu_srcu_read_unlock(struct srcu_struct *ssp, int idx)
	__releases_shared(ssp)
{
	srcu_read_unlock(ssp, idx);
}

/* Before 6.15 there is one kind of readers. */
#ifdef SRCU_READ_FLAVOR_FAST
krcu_shim void *krcu_srcu_read_lock_fast(struct srcu_struct *ssp)
	__acquires_shared(ssp)
{
	return (void __force *)srcu_read_lock_fast(ssp);
}

krcu_shim void krcu_srcu_read_unlock_fast(struct srcu_struct *ssp, void *section)
	__releases_shared(ssp)
{
	srcu_read_unlock_fast(ssp, (struct srcu_ctr __percpu __force *)section);
}
#else
krcu_shim void *krcu_srcu_read_lock_fast(struct srcu_struct *ssp)
	__acquires_shared(ssp)
{
	return (void *)(long)srcu_read_lock(ssp);
}

krcu_shim void krcu_srcu_read_unlock_fast(struct srcu_struct *ssp, void *section)
	__releases_shared(ssp)
{
	srcu_read_unlock(ssp, (long)section);
}
#endif

krcu_shim void krcu_synchronize_srcu(struct srcu_struct *ssp)
{
	synchronize_srcu(ssp);
}

krcu_shim void krcu_synchronize_srcu_expedited(struct srcu_struct *ssp)
{
	synchronize_srcu_expedited(ssp);
}

krcu_shim void krcu_srcu_barrier(struct srcu_struct *ssp)
{
	srcu_barrier(ssp);
}

krcu_shim unsigned long krcu_start_poll_synchronize_srcu(struct srcu_struct *ssp)
{
	return start_poll_synchronize_srcu(ssp);
}

krcu_shim unsigned long krcu_get_state_synchronize_srcu(struct srcu_struct *ssp)
{
	return get_state_synchronize_srcu(ssp);
}

krcu_shim bool krcu_poll_state_synchronize_srcu(struct srcu_struct *ssp, unsigned long cookie)
{
	return poll_state_synchronize_srcu(ssp, cookie);
}

krcu_shim void krcu_call_srcu(struct srcu_struct *ssp, struct callback_head *head,
			      void (*func)(struct callback_head *head))
{
	/* A callback that the module's exit would not wait for is a crash to come: better a leak, and a warning. */
	if (IS_ENABLED(CONFIG_PROVE_RCU) && !krcu_srcu_may_retire_into(ssp))
		return;
	call_srcu(ssp, head, func);
}

krcu_shim void *krcu_srcu_dereference(void *const *slot, struct srcu_struct *ssp)
{
	return srcu_dereference(*(void __rcu *const __force *)slot, ssp);
}

/* Locks */

krcu_shim void krcu_mutex_init(struct mutex *lock, const char *name, void *key)
{
	/* mutex_init() would give every mutex the one lock class of this line. */
	__mutex_init(lock, name, key);
}

krcu_shim void krcu_mutex_lock(struct mutex *lock)
{
	mutex_lock(lock);
}

krcu_shim void krcu_mutex_unlock(struct mutex *lock)
{
	mutex_unlock(lock);
}

/* As spin_lock_init(), which has a static lock class in it. */
krcu_shim void krcu_spin_lock_init(struct spinlock *lock, const char *name, void *key)
{
#ifdef CONFIG_PREEMPT_RT
	rt_mutex_base_init(&lock->lock);
	__rt_spin_lock_init(lock, name, key, false);
#elif defined(CONFIG_DEBUG_SPINLOCK)
	__raw_spin_lock_init(spinlock_check(lock), name, key, LD_WAIT_CONFIG);
#else
	spin_lock_init(lock);
#endif
}

krcu_shim void krcu_spin_lock(struct spinlock *lock)
	__acquires(lock)
{
	spin_lock(lock);
}

krcu_shim void krcu_spin_unlock(struct spinlock *lock)
	__releases(lock)
{
	spin_unlock(lock);
}

krcu_shim void krcu_spin_lock_bh(struct spinlock *lock)
	__acquires(lock)
{
	spin_lock_bh(lock);
}

krcu_shim void krcu_spin_unlock_bh(struct spinlock *lock)
	__releases(lock)
{
	spin_unlock_bh(lock);
}

krcu_shim unsigned long krcu_spin_lock_irqsave(struct spinlock *lock)
	__acquires(lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	return flags;
}

krcu_shim void krcu_spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
	__releases(lock)
{
	spin_unlock_irqrestore(lock, flags);
}

/* XArray: the lock disables softirqs, as destructors that RCU calls update arrays too */

krcu_shim void krcu_xa_init(struct xarray *xa)
{
	xa_init_flags(xa, XA_FLAGS_LOCK_BH);
}

krcu_shim void krcu_xa_destroy(struct xarray *xa)
{
	xa_destroy(xa);
}

krcu_shim void *krcu_xa_load(struct xarray *xa, unsigned long index)
{
	return xa_load(xa, index);
}

krcu_shim void *krcu_xa_find(struct xarray *xa, unsigned long *index)
{
	return xa_find(xa, index, ULONG_MAX, XA_PRESENT);
}

krcu_shim void *krcu_xa_find_after(struct xarray *xa, unsigned long *index)
{
	return xa_find_after(xa, index, ULONG_MAX, XA_PRESENT);
}

krcu_shim void *krcu_xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	/* An array that keeps track of free indices would take a NULL for a reservation. */
	if (!entry)
		return xa_erase_bh(xa, index);
	return xa_store_bh(xa, index, entry, gfp);
}

/*
 * Has an array keep track of its free indices, as XA_FLAGS_ALLOC does from the beginning. Storing and erasing then
 * cost more, which is not for arrays that never allocate. Under the lock.
 */
static void track_free(struct xarray *xa)
{
	XA_STATE(xas, xa, 0);
	unsigned long next = 0;

	xa->xa_flags |= XA_FLAGS_TRACK_FREE;
	do {
		xas_set(&xas, next);
		if (!xas_load(&xas))
			xas_set_mark(&xas, XA_FREE_MARK);
		if (xas.xa_node == XAS_BOUNDS)
			break;
		/* What follows that slot, which may be one of a node above the leaves. */
		next = (next | ((1UL << (xas.xa_node ? xas.xa_node->shift : 0)) - 1)) + 1;
	} while (next);
}

/* As xa_alloc_bh(), whose indices have 32 bits. */
int krcu_xa_alloc(struct xarray *xa, unsigned long *index, unsigned long last, void *entry, gfp_t gfp)
{
	unsigned long first = *index;
	XA_STATE(xas, xa, first);

	do {
		xas_lock_bh(&xas);
		if (!(xa->xa_flags & XA_FLAGS_TRACK_FREE))
			track_free(xa);
		xas_set(&xas, first);
		xas_find_marked(&xas, last, XA_FREE_MARK);
		if (xas.xa_node == XAS_RESTART)
			xas_set_err(&xas, -EBUSY);
		*index = xas.xa_index;
		xas_store(&xas, entry);
		xas_clear_mark(&xas, XA_FREE_MARK);
		xas_unlock_bh(&xas);
	} while (xas_nomem(&xas, gfp));
	return xas_error(&xas);
}

krcu_shim void *krcu_xa_erase(struct xarray *xa, unsigned long index)
{
	XA_STATE(xas, xa, index);
	void *old;

	/* As xa_erase_bh(), whose one walk does for both steps: storing goes on from where loading came to. */
	xas_lock_bh(&xas);
	old = xas_load(&xas);
	/* Reservations are not this caller's to erase. */
	if (xa_is_zero(old))
		old = NULL;
	if (old)
		xas_store(&xas, NULL);
	xas_unlock_bh(&xas);
	return old;
}

krcu_shim int krcu_xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp)
{
	/* Unlike xa_reserve(), says -EBUSY where something is. */
	return xa_insert_bh(xa, index, NULL, gfp);
}

krcu_shim void krcu_xa_release(struct xarray *xa, unsigned long index)
{
	/* xa_release() with softirqs disabled */
	xa_cmpxchg_bh(xa, index, XA_ZERO_ENTRY, NULL, 0);
}

krcu_shim int krcu_xa_err(void *entry)
{
	return xa_err(entry);
}

/* Lists: each entry is the first member of a struct krcu_list_link. */

static_assert(sizeof(struct list_head) == 2 * sizeof(void *) && !offsetof(struct krcu_list_link, entry));

krcu_shim void krcu_list_init(struct list_head *head)
{
	INIT_LIST_HEAD_RCU(head);
}

/* Says where an object is, in kernels that know. */
static __always_inline void krcu_list_is_in(struct list_head *entry, struct list_head *head)
{
#ifdef CONFIG_PROVE_RCU
	container_of(entry, struct krcu_list_link, entry)->head = head;
#endif
}

static __always_inline bool krcu_list_was_in_none(struct list_head *entry)
{
	return !WARN_ONCE(entry->next, "krcu: List: an object is pushed that is in a list already, or was\n");
}

static __always_inline bool krcu_list_has(struct list_head *head, struct list_head *entry)
{
	if (!entry->next || entry->prev == LIST_POISON2)
		return false;
#ifdef CONFIG_PROVE_RCU
	if (WARN_ONCE(container_of(entry, struct krcu_list_link, entry)->head != head,
		      "krcu: List: an object of another list is erased or replaced\n"))
		return false;
#endif
	return true;
}

krcu_shim bool krcu_list_add(struct list_head *head, struct list_head *entry, bool at_the_end)
{
	if (!krcu_list_was_in_none(entry))
		return false;
	krcu_list_is_in(entry, head);
	if (at_the_end)
		list_add_tail_rcu(entry, head);
	else
		list_add_rcu(entry, head);
	return true;
}

krcu_shim bool krcu_list_del(struct list_head *head, struct list_head *entry)
{
	if (!krcu_list_has(head, entry))
		return false;
	list_del_rcu(entry);
	return true;
}

krcu_shim bool krcu_list_replace(struct list_head *head, struct list_head *old, struct list_head *fresh)
{
	if (!krcu_list_has(head, old) || !krcu_list_was_in_none(fresh))
		return false;
	krcu_list_is_in(fresh, head);
	/* It leaves the old entry's prev as list_del_rcu() does. */
	list_replace_rcu(old, fresh);
	return true;
}

krcu_shim bool krcu_list_empty(const struct list_head *head)
{
	return list_empty(head);
}

krcu_shim struct list_head *krcu_list_next(const struct list_head *entry)
{
	/* Under the lock softirqs are disabled, which is a read-side critical section of RCU, too. */
	return rcu_dereference_check(list_next_rcu(entry), rcu_read_lock_bh_held());
}

/* Wait queues of files that are polled */

/* Not inlined: the macro has a static lock class in it, one for all of the module's queues. */
void krcu_init_waitqueue_head(struct wait_queue_head *queue)
{
	init_waitqueue_head(queue);
}

krcu_shim void krcu_poll_wait(struct file *filp, struct wait_queue_head *queue, struct poll_table_struct *table)
{
	/* Under a guard alone, the queue may have been dropped, and nobody would be told to leave it again. */
	RCU_LOCKDEP_WARN(lock_is_held(&rcu_lock_map), "krcu: poll_wait() under a ReadGuard");
	poll_wait(filp, queue, table);
}

krcu_shim void krcu_wake_up_poll(struct wait_queue_head *queue, __poll_t events)
{
	wake_up_poll(queue, events);
}

/* As wake_up_pollfree(), half of which not every kernel exports to modules. */
krcu_shim void krcu_wake_up_pollfree(struct wait_queue_head *queue)
{
	/* Holds without its lock because whoever took the last entry off, and may still use it, is an RCU reader. */
	if (!waitqueue_active(queue))
		return;
	__wake_up(queue, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | POLLFREE));
	/* Now it is empty, unless there is somebody who does not know POLLFREE, or who should not come any more. */
	WARN_ONCE(waitqueue_active(queue),
		  "krcu: a PollWaitQueue is dropped while somebody waits in poll() or registers\n");
}
