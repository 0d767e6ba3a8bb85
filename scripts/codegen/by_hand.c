// SPDX-License-Identifier: GPL-2.0
/* What careful C looks like; with_krcu.cpp has the same function for each, named cxx_ for c_. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/xarray.h>

/* As careful as in module/krcu/hash.c. */
#include <linux/bitops.h>
#include <linux/list_nulls.h>
#include <linux/rculist.h>
#include <linux/workqueue.h>
#include <linux/bit_spinlock.h>
#ifdef CONFIG_CC_IS_CLANG
#pragma clang attribute push([[gnu::__always_inline__]], apply_to = function)
#endif
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#ifdef CONFIG_CC_IS_CLANG
#pragma clang attribute pop
#endif

struct box {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	struct kvfree_rcu_head rcu;
#else
	struct rcu_head rcu;
#endif
	int value;
};

/* What a domain's readers read takes a callback to free. */
struct srcu_box {
	struct rcu_head rcu;
	int value;
};

struct listed {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	struct kvfree_rcu_head rcu;
#else
	struct rcu_head rcu;
#endif
	int value;
	struct list_head link;
};

struct revocable {
	int value;
	int available;
};

struct counted {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	struct kvfree_rcu_head rcu;
#else
	struct rcu_head rcu;
#endif
	refcount_t references;
	int value;
};

struct session {
	struct rcu_head rcu;
	int *open;
};

struct hashed {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	struct kvfree_rcu_head rcu;
#else
	struct rcu_head rcu;
#endif
	struct rhash_head link;
	unsigned long in_use;
	int key;
	int value;
};

int c_read(struct box **box);
void c_drop(struct box *box);
struct box *c_make(int value);
extern struct kmem_cache *c_cache;
struct box *c_make_cached(int value);
void c_drop_cached(struct box *box);
void c_free_cached(int *value);
int c_dereference(struct box __rcu **slot);
void c_replace(struct box __rcu **slot, struct box *fresh);
void c_publish(struct box __rcu **slot, int value);
void c_drop_session(struct session *session);
void c_drop_in_batch(struct session *session);
void c_nested(void);
int c_xa_load(struct xarray *array, unsigned long index);
int c_try_access(const struct revocable *revocable);
int c_list_sum(struct list_head *list);
int c_list_find(struct list_head *list, int value);
struct counted *c_ref_make(int value);
struct counted *c_ref_try_get(struct counted __rcu **slot);
struct counted *c_ref_copy(struct counted **ref);
void c_ref_drop(struct counted *counted);
int c_srcu_read(struct srcu_struct **domain, int *value);
int c_srcu_dereference(struct srcu_struct **domain, struct srcu_box __rcu **slot);
bool c_compare_exchange(struct box __rcu **slot, int *seen, struct box *fresh);
int c_dereference_locked(struct box __rcu **slot, struct mutex *lock);
void c_mutex(struct mutex *lock, int *value);
void c_spin_lock(spinlock_t *lock, int *value);
void c_spin_lock_bh(spinlock_t *lock, int *value);
void c_spin_lock_irqsave(spinlock_t *lock, int *value);
int c_hash_find(struct rhashtable **table, int key);
int c_hash_find_by(struct rhashtable **table, int key);
extern struct rhashtable *c_table;
int c_hash_find_in_global(int key);
extern struct box __rcu *c_slot;
int c_global(void);
int c_hash_insert(struct rhashtable **table, struct hashed *object);
int c_hash_erase(struct rhashtable **table, struct hashed *object);
void c_poll(struct file *filp, wait_queue_head_t *queue, poll_table *table);
void c_wake(wait_queue_head_t *queue);
void c_atomic_void(atomic_t *v, atomic64_t *wide, int n);
int c_atomic_fetch(atomic_t *v, int n);
s64 c_atomic_fetch_wide(atomic64_t *v, s64 n);
bool c_atomic_flag(atomic_t *v, atomic_t *ready);
bool c_atomic_compare_exchange(atomic_t *v, int old, int new);
void *c_atomic_pointer(atomic_long_t *v, void *new);
bool c_atomic_test(atomic_t *v);
int c_copy_from_user(u64 *to, unsigned long from);
int c_copy_bytes_from_user(void *to, unsigned long from, size_t n);
int c_copy_to_user(unsigned long to, const u64 *from);
void c_print(int n, const char *text);
bool c_is_late(unsigned long begin);
bool c_same_bytes(const void *a, void *b, size_t n);

/* Reads an owned object inside a read-side critical section. */
int c_read(struct box **box)
{
	int value;

	rcu_read_lock();
	value = (*box)->value;
	rcu_read_unlock();
	return value;
}

/* Retires an object without a destructor. */
void c_drop(struct box *box)
{
	if (box)
		kvfree_rcu(box, rcu);
}

struct box *c_make(int value)
{
	struct box *box = kmalloc(sizeof(*box), GFP_KERNEL);

	if (box)
		box->value = value;
	return box;
}

/* The same with a kmem_cache, and an object that RCU knows nothing of. */
struct kmem_cache *c_cache;

struct box *c_make_cached(int value)
{
	struct box *box = kmem_cache_alloc(c_cache, GFP_KERNEL);

	if (box)
		box->value = value;
	return box;
}

void c_drop_cached(struct box *box)
{
	if (box)
		kvfree_rcu(box, rcu);
}

void c_free_cached(int *value)
{
	if (value)
		kmem_cache_free(c_cache, value);
}

/* Fills an object before it publishes it. */
void c_publish(struct box __rcu **slot, int value)
{
	struct box *box = kmalloc(sizeof(*box), GFP_KERNEL), *old;

	if (!box)
		return;
	box->value = value;
	old = (struct box __force *)xchg(slot, (struct box __rcu __force *)box);
	if (old)
		kvfree_rcu(old, rcu);
}

/* Reads through an RCU-protected pointer, which is rarely null. */
int c_dereference(struct box __rcu **slot)
{
	struct box *box;
	int value = 0;

	rcu_read_lock();
	box = rcu_dereference(*slot);
	if (likely(box))
		value = box->value;
	rcu_read_unlock();
	return value;
}

/* Replaces what an RCU-protected pointer owns, any number of updaters at once. */
void c_replace(struct box __rcu **slot, struct box *fresh)
{
	struct box *old = (struct box __force *)xchg(slot, (struct box __rcu __force *)fresh);

	if (old)
		kvfree_rcu(old, rcu);
}

/* Retires an object with a destructor. */
static void session_reclaim(struct rcu_head *head)
{
	struct session *session = container_of(head, struct session, rcu);

	--*session->open;
	kfree(session);
}

void c_drop_session(struct session *session)
{
	if (session)
		call_rcu(&session->rcu, session_reclaim);
}

/* Pushes it on a list of the CPU, for all of which there is one grace period; how that comes is elsewhere. */
struct batch {
	struct rcu_head *open;
	int left;
	bool busy;
};

static DEFINE_PER_CPU(struct batch, batches);
void c_start_batch(struct batch *batch);
void c_hurry(struct batch *batch);

void c_drop_in_batch(struct session *session)
{
	struct batch *batch = raw_cpu_ptr(&batches);
	struct rcu_head *latest;

	if (!session)
		return;
	latest = READ_ONCE(batch->open);
	session->rcu.func = session_reclaim;
	do
		session->rcu.next = latest;
	while (!try_cmpxchg(&batch->open, &latest, &session->rcu));
	/* data_race() as in module/krcu/reclaim.c */
	if (unlikely(!data_race(batch->busy)))
		c_start_batch(batch);
	else if (unlikely(!data_race(--batch->left))) /* likewise */
		c_hurry(batch);
}

noinline void c_start_batch(struct batch *batch)
{
	WRITE_ONCE(batch->busy, true);
}

noinline void c_hurry(struct batch *batch)
{
	WRITE_ONCE(batch->left, 1);
}

void c_nested(void)
{
	rcu_read_lock();
	rcu_read_lock();
	rcu_read_unlock();
	rcu_read_unlock();
}

/* Walks a list. */
int c_list_sum(struct list_head *list)
{
	struct listed *listed;
	int sum = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(listed, list, link)
		sum += listed->value;
	rcu_read_unlock();
	return sum;
}

/* Walks a list to what has that value. */
int c_list_find(struct list_head *list, int value)
{
	struct listed *listed;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(listed, list, link) {
		if (listed->value == value) {
			found = true;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/* An object with several owners */
struct counted *c_ref_make(int value)
{
	struct counted *counted = kmalloc(sizeof(*counted), GFP_KERNEL);

	if (counted) {
		counted->value = value;
		refcount_set(&counted->references, 1);
	}
	return counted;
}

/* A reader becomes an owner. */
struct counted *c_ref_try_get(struct counted __rcu **slot)
{
	struct counted *counted;

	rcu_read_lock();
	counted = rcu_dereference(*slot);
	if (unlikely(!counted) || !refcount_inc_not_zero(&counted->references))
		counted = NULL;
	rcu_read_unlock();
	return counted;
}

struct counted *c_ref_copy(struct counted **ref)
{
	struct counted *counted = *ref;

	if (counted)
		refcount_inc(&counted->references);
	return counted;
}

void c_ref_drop(struct counted *counted)
{
	if (counted && refcount_dec_and_test(&counted->references))
		kvfree_rcu(counted, rcu);
}

int c_srcu_read(struct srcu_struct **domain, int *value)
{
	struct srcu_struct *ssp = *domain;
	int idx = srcu_read_lock(ssp);
	int v = *value;

	srcu_read_unlock(ssp, idx);
	return v;
}

/* Reads through an RCU-protected pointer whose readers are a domain's. */
int c_srcu_dereference(struct srcu_struct **domain, struct srcu_box __rcu **slot)
{
	struct srcu_struct *ssp = *domain;
	int idx = srcu_read_lock(ssp);
	struct srcu_box *box = srcu_dereference(*slot, ssp);
	int value = 0;

	if (likely(box))
		value = box->value;
	srcu_read_unlock(ssp, idx);
	return value;
}

/* Replaces what a reader has seen, unless somebody else has. */
bool c_compare_exchange(struct box __rcu **slot, int *seen, struct box *fresh)
{
	struct box *old = seen ? container_of(seen, struct box, value) : NULL;

	if (cmpxchg((struct box __force **)slot, old, fresh) != old) {
		if (fresh)
			kvfree_rcu(fresh, rcu);
		return false;
	}
	if (old)
		kvfree_rcu(old, rcu);
	return true;
}

/* Reads through an RCU-protected pointer under the lock of its updaters. */
int c_dereference_locked(struct box __rcu **slot, struct mutex *lock)
{
	struct box *box;
	int value = 0;

	mutex_lock(lock);
	box = rcu_dereference_protected(*slot, lockdep_is_held(lock));
	if (likely(box))
		value = box->value;
	mutex_unlock(lock);
	return value;
}

/* A resource that may be taken away */
int c_try_access(const struct revocable *revocable)
{
	int value = -1;

	rcu_read_lock();
	if (likely(READ_ONCE(revocable->available)))
		value = revocable->value;
	rcu_read_unlock();
	return value;
}

/* Looks up what is at an index. */
int c_xa_load(struct xarray *array, unsigned long index)
{
	struct box *box;
	int value = 0;

	rcu_read_lock();
	box = xa_load(array, index);
	if (box)
		value = box->value;
	rcu_read_unlock();
	return value;
}

/* Changes what a lock protects. */
void c_mutex(struct mutex *lock, int *value)
{
	mutex_lock(lock);
	++*value;
	mutex_unlock(lock);
}

void c_spin_lock(spinlock_t *lock, int *value)
{
	spin_lock(lock);
	++*value;
	spin_unlock(lock);
}

void c_spin_lock_bh(spinlock_t *lock, int *value)
{
	spin_lock_bh(lock);
	++*value;
	spin_unlock_bh(lock);
}

void c_spin_lock_irqsave(spinlock_t *lock, int *value)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	++*value;
	spin_unlock_irqrestore(lock, flags);
}

/* rhashtable itself would call memcmp(). */
static __always_inline int compare_hashed(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct hashed *hashed = object;

	return hashed->key != *(const int *)arg->key;
}

static const struct rhashtable_params hashed_params = {
	.key_len = sizeof(int),
	.key_offset = offsetof(struct hashed, key),
	.head_offset = offsetof(struct hashed, link),
	.automatic_shrinking = true,
	.obj_cmpfn = compare_hashed,
};

/* Looks up what has that key. */
__flatten int c_hash_find(struct rhashtable **table, int key)
{
	struct hashed *found;
	int value = -1;

	rcu_read_lock();
	found = rhashtable_lookup(*table, &key, hashed_params);
	if (found)
		value = found->value;
	rcu_read_unlock();
	return value;
}

/* The same where keys are equal that have the same remainder. */
static __always_inline u32 hash_remainder(const void *data, u32 len, u32 seed)
{
	return *(const unsigned int *)data % 1000 ^ seed;
}

static __always_inline int compare_remainder(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct hashed *hashed = object;

	return (unsigned int)hashed->key % 1000 != *(const unsigned int *)arg->key % 1000;
}

static const struct rhashtable_params remainder_params = {
	.key_len = sizeof(int),
	.key_offset = offsetof(struct hashed, key),
	.head_offset = offsetof(struct hashed, link),
	.automatic_shrinking = true,
	.hashfn = hash_remainder,
	.obj_cmpfn = compare_remainder,
};

__flatten int c_hash_find_by(struct rhashtable **table, int key)
{
	struct hashed *found;
	int value = -1;

	rcu_read_lock();
	found = rhashtable_lookup(*table, &key, remainder_params);
	if (found)
		value = found->value;
	rcu_read_unlock();
	return value;
}

/* The same in an object at namespace scope. */
struct rhashtable *c_table;

int c_hash_find_in_global(int key)
{
	struct hashed *found;
	int value = -1;

	rcu_read_lock();
	found = rhashtable_lookup(c_table, &key, hashed_params);
	if (found)
		value = found->value;
	rcu_read_unlock();
	return value;
}

struct box __rcu *c_slot;

int c_global(void)
{
	struct box *box;
	int value = 0;

	rcu_read_lock();
	box = rcu_dereference(c_slot);
	if (likely(box))
		value = box->value;
	rcu_read_unlock();
	return value;
}

/* Inserts an object, and drops it if that fails. */
__flatten int c_hash_insert(struct rhashtable **table, struct hashed *object)
{
	int err;

	if (!object)
		return -EINVAL;
	err = rhashtable_lookup_insert_fast(*table, &object->link, hashed_params);
	if (err)
		kvfree_rcu(object, rcu);
	return err;
}

/* Shared by all that erase, as GCC makes it where there are several. */
static noinline __flatten int c_hash_unlink(struct rhashtable **table, struct hashed *object)
{
	return rhashtable_remove_fast(*table, &object->link, hashed_params);
}

/* Takes an object out, and retires it. */
int c_hash_erase(struct rhashtable **table, struct hashed *object)
{
	int err = c_hash_unlink(table, object);

	if (!err)
		kvfree_rcu(object, rcu);
	return err;
}

void c_poll(struct file *filp, wait_queue_head_t *queue, poll_table *table)
{
	poll_wait(filp, queue, table);
}

void c_wake(wait_queue_head_t *queue)
{
	wake_up_poll(queue, EPOLLIN | EPOLLRDNORM);
}

void c_atomic_void(atomic_t *v, atomic64_t *wide, int n)
{
	atomic_inc(v);
	atomic_add(n, v);
	atomic_set_release(v, atomic_read_acquire(v) + 1);
	atomic64_dec(wide);
	atomic64_sub(7, wide);
	atomic64_set(wide, atomic64_read(wide) + 1);
}

int c_atomic_fetch(atomic_t *v, int n)
{
	n = atomic_fetch_add(n, v);
	n = atomic_fetch_sub_relaxed(n, v);
	return atomic_xchg_release(v, n);
}

s64 c_atomic_fetch_wide(atomic64_t *v, s64 n)
{
	n = atomic64_fetch_add_acquire(n, v);
	return atomic64_xchg(v, n);
}

bool c_atomic_flag(atomic_t *v, atomic_t *ready)
{
	return atomic_xchg_relaxed(v, (bool)atomic_read_acquire(ready));
}

bool c_atomic_compare_exchange(atomic_t *v, int old, int new)
{
	return atomic_try_cmpxchg(v, &old, new);
}

void *c_atomic_pointer(atomic_long_t *v, void *new)
{
	return (void *)atomic_long_xchg(v, (long)new);
}

bool c_atomic_test(atomic_t *v)
{
	return atomic_dec_and_test(v);
}

int c_copy_from_user(u64 *to, unsigned long from)
{
	return copy_from_user(to, (const void __user *)from, sizeof(*to)) ? -EFAULT : 0;
}

int c_copy_bytes_from_user(void *to, unsigned long from, size_t n)
{
	return copy_from_user(to, (const void __user *)from, n) ? -EFAULT : 0;
}

int c_copy_to_user(unsigned long to, const u64 *from)
{
	return copy_to_user((void __user *)to, from, sizeof(*from)) ? -EFAULT : 0;
}

void c_print(int n, const char *text)
{
	pr_info("%d, %s\n", n, text);
}

bool c_is_late(unsigned long begin)
{
	return time_after(jiffies, begin + msecs_to_jiffies(1500) + HZ);
}

bool c_same_bytes(const void *a, void *b, size_t n)
{
	u64 word;

	memcpy(&word, a, sizeof(word));
	memset(b, 0, 4);
	return word && !memcmp(a, b, n);
}

MODULE_DESCRIPTION("krcu and C by hand, compared");
MODULE_LICENSE("GPL");
