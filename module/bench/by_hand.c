// SPDX-License-Identifier: GPL-2.0
/* What careful C looks like; with_krcu.cpp has the same operation for each. */
#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

/* As careful as in module/krcu/hash.c. */
#include <linux/bit_spinlock.h>
#include <linux/bitops.h>
#include <linux/list_nulls.h>
#ifdef CONFIG_CC_IS_CLANG
#pragma clang attribute push([[gnu::__always_inline__]], apply_to = function)
#endif
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#ifdef CONFIG_CC_IS_CLANG
#pragma clang attribute pop
#endif

#include "bench.h"

/* Without a callback, a smaller head will do. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#define free_head kvfree_rcu_head
#else
#define free_head rcu_head
#endif

/* Newer kernels want to hear it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define BENCH_PER_CPU WQ_PERCPU
#else
#define BENCH_PER_CPU 0
#endif

struct plain {
	struct free_head rcu;
	int value;
};

/* PLAIN, but with a callback; with a destructor, or in a domain. */
struct called {
	struct rcu_head rcu;
	int value;
};

struct sleeper {
	union {
		struct rcu_head rcu;
		struct work_struct work; /* when the grace period is over */
	};
	int value;
};

struct counted {
	struct free_head rcu;
	refcount_t references;
	int value;
};

struct hashed {
	struct free_head rcu;
	struct rhash_head link;
	int key;
	int value;
};

struct listed {
	struct free_head rcu;
	int value;
	struct list_head link;
};

struct tailed {
	struct free_head rcu;
	size_t n;
	char tail[];
};

struct revocable {
	int value;
	int available;
};

static struct plain __rcu *slot;
static struct plain __rcu *updated;
static struct called __rcu *srcu_slot;
static struct counted __rcu *counted_slot;
static struct revocable resource;
static DEFINE_MUTEX(lock);
static DEFINE_SPINLOCK(spin);
static int locked;
static int open;
static atomic_t number;
static DEFINE_XARRAY_FLAGS(array, XA_FLAGS_LOCK_BH);
static DEFINE_XARRAY_FLAGS(ids, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_BH);
static struct rhashtable table, full_table;
static LIST_HEAD(list);
static LIST_HEAD(full_list);
static DEFINE_SPINLOCK(list_lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static struct kmem_cache *cache;
static struct workqueue_struct *workqueue;
static struct srcu_struct domain;

/* rhashtable itself would call memcmp(). */
static __always_inline int compare_hashed(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct hashed *hashed = object;

	return hashed->key != *(const int *)arg->key;
}

static const struct rhashtable_params params = {
	.key_len = sizeof(int),
	.key_offset = offsetof(struct hashed, key),
	.head_offset = offsetof(struct hashed, link),
	.automatic_shrinking = true,
	.obj_cmpfn = compare_hashed,
};

/* Objects */

static void *make(size_t size, int value, size_t offset)
{
	void *object = kmalloc(size, GFP_KERNEL | __GFP_NOFAIL);

	*(int *)(object + offset) = value;
	return object;
}

#define MAKE(type, n) ((struct type *)make(sizeof(struct type), n, offsetof(struct type, value)))

struct callback_head *c_make(enum bench_kind kind, int value)
{
	switch (kind) {
	case PLAIN:
	case SELF_CLEANING:
		return (struct rcu_head *)MAKE(plain, value);
	case DESTRUCTED:
	case OF_DOMAIN:
		return (struct rcu_head *)MAKE(called, value);
	case SLEEPER:
		return (struct rcu_head *)MAKE(sleeper, value);
	case HASHED: {
		struct hashed *hashed = MAKE(hashed, value);

		hashed->key = value;
		return (struct rcu_head *)hashed;
	}
	case LISTED:
		return (struct rcu_head *)MAKE(listed, value);
	default:
		return NULL;
	}
}

void c_discard(enum bench_kind kind, struct callback_head *object)
{
	kfree(object);
}

void c_settle(void)
{
	rcu_barrier();
	flush_workqueue(workqueue);
	srcu_barrier(&domain);
}

int c_begin(void)
{
	struct counted *counted;
	struct hashed *hashed;
	unsigned long i;
	int err = init_srcu_struct(&domain);
	u32 id;

	if (err)
		return err;
	err = rhashtable_init(&table, &params);
	if (err)
		goto no_table;
	err = rhashtable_init(&full_table, &params);
	if (err)
		goto no_full_table;
	err = -ENOMEM;
	cache = kmem_cache_create("krcu_bench_c", sizeof(int), __alignof__(int), 0, NULL);
	if (!cache)
		goto no_cache;
	workqueue = alloc_workqueue("krcu_bench", BENCH_PER_CPU, 0);
	if (!workqueue)
		goto no_workqueue;
	rcu_assign_pointer(slot, MAKE(plain, 1));
	rcu_assign_pointer(updated, MAKE(plain, 1));
	rcu_assign_pointer(srcu_slot, MAKE(called, 1));
	counted = MAKE(counted, 1);
	refcount_set(&counted->references, 1);
	rcu_assign_pointer(counted_slot, counted);
	resource.value = bench_key;
	resource.available = bench_key;
	err = 0;
	for (i = 0; i < BENCH_ENTRIES && !err; i++) {
		xa_store_bh(&array, i, MAKE(plain, 1), GFP_KERNEL | __GFP_NOFAIL);
		err = xa_alloc_bh(&ids, &id, MAKE(plain, 1), xa_limit_32b, GFP_KERNEL | __GFP_NOFAIL);
	}
	for (i = 0; i < BENCH_LISTED; i++)
		list_add_tail_rcu(&MAKE(listed, 1)->link, &full_list);
	hashed = (struct hashed *)c_make(HASHED, bench_key);
	return err ?: rhashtable_lookup_insert_fast(&full_table, &hashed->link, params);

no_workqueue:
	kmem_cache_destroy(cache);
no_cache:
	rhashtable_destroy(&full_table);
no_full_table:
	rhashtable_destroy(&table);
no_table:
	cleanup_srcu_struct(&domain);
	return err;
}

static void free_hashed(void *object, void *unused)
{
	kfree(object);
}

/* Nobody reads any more. */
void c_end(void)
{
	struct listed *listed, *next;
	struct plain *plain;
	unsigned long i;

	c_settle();
	list_for_each_entry_safe(listed, next, &full_list, link)
		kfree(listed);
	xa_for_each(&array, i, plain)
		kfree(plain);
	xa_for_each(&ids, i, plain)
		kfree(plain);
	xa_destroy(&array);
	xa_destroy(&ids);
	rhashtable_free_and_destroy(&full_table, free_hashed, NULL);
	rhashtable_destroy(&table);
	kfree(rcu_dereference_protected(counted_slot, true));
	kfree(rcu_dereference_protected(srcu_slot, true));
	kfree(rcu_dereference_protected(updated, true));
	kfree(rcu_dereference_protected(slot, true));
	destroy_workqueue(workqueue);
	kmem_cache_destroy(cache);
	cleanup_srcu_struct(&domain);
}

/* Reading */

void c_dereference(struct callback_head *unused)
{
	struct plain *plain;

	rcu_read_lock();
	plain = rcu_dereference(slot);
	if (likely(plain))
		bench_sink = plain->value;
	rcu_read_unlock();
}

void c_srcu_dereference(struct callback_head *unused)
{
	int idx = srcu_read_lock(&domain);
	struct called *called = srcu_dereference(srcu_slot, &domain);

	if (likely(called))
		bench_sink = called->value;
	srcu_read_unlock(&domain, idx);
}

void c_try_access(struct callback_head *unused)
{
	rcu_read_lock();
	if (likely(READ_ONCE(resource.available)))
		bench_sink = resource.value;
	rcu_read_unlock();
}

void c_ref_try_get(struct callback_head *unused)
{
	struct counted *counted;

	rcu_read_lock();
	counted = rcu_dereference(counted_slot);
	if (unlikely(!counted) || !refcount_inc_not_zero(&counted->references))
		counted = NULL;
	rcu_read_unlock();
	if (counted && refcount_dec_and_test(&counted->references))
		kvfree_rcu(counted, rcu);
}

void c_grace_period(struct callback_head *unused)
{
	bench_sink = poll_state_synchronize_rcu(get_state_synchronize_rcu());
}

/* Making, and dropping what nobody has seen */

void c_box(struct callback_head *unused)
{
	int *value = kmalloc(sizeof(*value), GFP_NOWAIT);

	if (!value)
		return;
	*value = 1;
	kfree(value);
}

void c_cached_box(struct callback_head *unused)
{
	int *value = kmem_cache_alloc(cache, GFP_NOWAIT);

	if (!value)
		return;
	*value = 1;
	kmem_cache_free(cache, value);
}

void c_draft(struct callback_head *unused)
{
	struct plain *plain = kmalloc(sizeof(*plain), GFP_NOWAIT);

	if (!plain)
		return;
	plain->value = 1;
	kfree(plain);
}

void c_tail(struct callback_head *unused)
{
	size_t n = bench_tail;
	struct tailed *tailed = kmalloc(struct_size(tailed, tail, n), GFP_NOWAIT | __GFP_NOWARN);

	if (!tailed)
		return;
	tailed->n = n;
	memset(tailed->tail, 0, n);
	kfree(tailed);
}

/* Retiring */

void c_retire(struct callback_head *object)
{
	struct plain *plain = (struct plain *)object;

	if (plain)
		kvfree_rcu(plain, rcu);
}

/* What its drop_before_gp() does comes first. */
void c_retire_free_box(struct callback_head *object)
{
	struct plain *plain = (struct plain *)object;

	if (plain) {
		--open;
		kvfree_rcu(plain, rcu);
	}
}

static void destruct(struct rcu_head *head)
{
	--open;
	kfree(container_of(head, struct called, rcu));
}

void c_retire_destructed(struct callback_head *object)
{
	if (object)
		call_rcu(object, destruct);
}

static void free_called(struct rcu_head *head)
{
	kfree(container_of(head, struct called, rcu));
}

void c_retire_srcu(struct callback_head *object)
{
	if (object)
		call_srcu(&domain, object, free_called);
}

static void destruct_in_work(struct work_struct *work)
{
	bench_ended();
	kfree(container_of(work, struct sleeper, work));
}

static void destruct_later(struct rcu_head *head)
{
	struct sleeper *sleeper = container_of(head, struct sleeper, rcu);

	INIT_WORK(&sleeper->work, destruct_in_work);
	queue_work(workqueue, &sleeper->work);
}

void c_retire_sleeper(struct callback_head *object)
{
	if (object)
		call_rcu(object, destruct_later);
}

static void end_called(struct rcu_head *head)
{
	bench_ended();
	kfree(container_of(head, struct called, rcu));
}

/* If it need not sleep, this is the cheapest way. */
void c_make_and_retire(struct callback_head *unused)
{
	struct called *called = kmalloc(sizeof(*called), GFP_KERNEL);

	if (!called)
		return;
	called->value = 1;
	call_rcu(&called->rcu, end_called);
}

/* Replacing */

void c_replace(struct callback_head *object)
{
	struct plain *old = unrcu_pointer(xchg(&updated, RCU_INITIALIZER((struct plain *)object)));

	if (old)
		kvfree_rcu(old, rcu);
}

void c_compare_exchange(struct callback_head *object)
{
	struct plain *fresh = (struct plain *)object, *old;

	rcu_read_lock();
	old = rcu_dereference(updated);
	if (unrcu_pointer(cmpxchg(&updated, RCU_INITIALIZER(old), RCU_INITIALIZER(fresh))) != old)
		old = fresh;
	rcu_read_unlock();
	if (old)
		kvfree_rcu(old, rcu);
}

void c_copy_update(struct callback_head *unused)
{
	struct plain *fresh, *old;

	mutex_lock(&lock);
	old = rcu_dereference_protected(updated, lockdep_is_held(&lock));
	fresh = kmalloc(sizeof(*fresh), GFP_NOWAIT);
	if (!fresh) {
		mutex_unlock(&lock);
		return;
	}
	fresh->value = old ? old->value + 1 : 0;
	rcu_assign_pointer(updated, fresh);
	mutex_unlock(&lock);
	if (old)
		kvfree_rcu(old, rcu);
}

/* Containers */

void c_xa_load(struct callback_head *unused)
{
	struct plain *plain;

	rcu_read_lock();
	plain = xa_load(&array, 7);
	if (plain)
		bench_sink = plain->value;
	rcu_read_unlock();
}

void c_xa_for_each(struct callback_head *unused)
{
	struct plain *plain;
	unsigned long i;
	int sum = 0;

	rcu_read_lock();
	xa_for_each(&array, i, plain)
		sum += plain->value;
	rcu_read_unlock();
	bench_sink = sum;
}

void c_xa_store(struct callback_head *object)
{
	if (!xa_is_err(xa_store_bh(&array, BENCH_ENTRIES, object, GFP_NOWAIT)))
		xa_erase_bh(&array, BENCH_ENTRIES);
}

void c_xa_alloc(struct callback_head *object)
{
	u32 id;

	if (!xa_alloc_bh(&ids, &id, object, XA_LIMIT(0, 1000), GFP_NOWAIT))
		xa_erase_bh(&ids, id);
}

void c_xa_reserve(struct callback_head *object)
{
	if (xa_insert_bh(&array, BENCH_ENTRIES, NULL, GFP_NOWAIT))
		return;
	xa_store_bh(&array, BENCH_ENTRIES, object, 0);
	xa_erase_bh(&array, BENCH_ENTRIES);
}

__flatten void c_hash_find(struct callback_head *unused)
{
	struct hashed *found;

	rcu_read_lock();
	found = rhashtable_lookup(&full_table, &bench_key, params);
	if (found)
		bench_sink = found->value;
	rcu_read_unlock();
}

__flatten void c_hash_insert(struct callback_head *object)
{
	struct hashed *hashed = (struct hashed *)object;

	if (!rhashtable_lookup_insert_fast(&table, &hashed->link, params))
		rhashtable_remove_fast(&table, &hashed->link, params);
}

void c_list_walk(struct callback_head *unused)
{
	struct listed *listed;
	int sum = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(listed, &full_list, link)
		sum += listed->value;
	rcu_read_unlock();
	bench_sink = sum;
}

void c_list_push(struct callback_head *object)
{
	struct listed *listed = (struct listed *)object;

	spin_lock_bh(&list_lock);
	list_add_tail_rcu(&listed->link, &list);
	spin_unlock_bh(&list_lock);
	spin_lock_bh(&list_lock);
	list_del_rcu(&listed->link);
	spin_unlock_bh(&list_lock);
	kvfree_rcu(listed, rcu);
}

/* Locks, and what else there is */

void c_mutex(struct callback_head *unused)
{
	mutex_lock(&lock);
	++locked;
	mutex_unlock(&lock);
}

void c_spin_lock_bh(struct callback_head *unused)
{
	spin_lock_bh(&spin);
	++locked;
	spin_unlock_bh(&spin);
}

void c_spin_lock_irqsave(struct callback_head *unused)
{
	unsigned long flags;

	spin_lock_irqsave(&spin, flags);
	++locked;
	spin_unlock_irqrestore(&spin, flags);
}

void c_fetch_add(struct callback_head *unused)
{
	bench_sink = atomic_fetch_add(2, &number);
}

void c_wake_up(struct callback_head *unused)
{
	wake_up_poll(&queue, EPOLLIN);
}
