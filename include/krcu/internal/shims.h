/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel functions that krcu's C++ headers call.
 *
 * Kernel headers are not C++, so C++ sees only this file; module/krcu/shims.c
 * and hash.c define it over the documented kernel API. All are compiled for
 * link-time optimisation and merged (scripts/Kbuild.krcu), so that a shim costs
 * what the kernel's inline function costs in C, and one that is not called costs
 * nothing. Drivers do not call these themselves.
 */
#ifndef KRCU_INTERNAL_SHIMS_H
#define KRCU_INTERNAL_SHIMS_H

/* The kernel's own name of struct rcu_head: kCFI hashes it into callback types. */
struct callback_head;
struct kmem_cache;
struct srcu_struct;
struct lock_class_key;
struct mutex;
struct spinlock;
struct xarray;
struct list_head;
struct rhashtable;
struct rhashtable_compare_arg;
struct wait_queue_head;
struct file;
struct poll_table_struct;
struct krcu_global;

#ifdef __cplusplus
using krcu_gfp_t = unsigned int;
using krcu_poll_t = unsigned int;
using krcu_size_t = decltype(sizeof(0));
extern "C" {
#else
#include <linux/ratelimit_types.h>
#include <linux/types.h>
typedef gfp_t krcu_gfp_t;
typedef __poll_t krcu_poll_t;
typedef size_t krcu_size_t;
#endif

/* RCU */
void krcu_read_lock(void);
void krcu_read_unlock(void);
void krcu_synchronize_rcu(void);
void krcu_synchronize_rcu_expedited(void);
void krcu_rcu_barrier(void);
unsigned long krcu_start_poll_synchronize_rcu(void);
unsigned long krcu_start_poll_synchronize_rcu_expedited(void);
unsigned long krcu_get_state_synchronize_rcu(void);
bool krcu_poll_state_synchronize_rcu(unsigned long cookie);
void krcu_cond_synchronize_rcu(unsigned long cookie);
void krcu_cond_synchronize_rcu_expedited(unsigned long cookie);
void krcu_call_rcu_hurry(struct callback_head *head, void (*func)(struct callback_head *head));
void krcu_call_rcu(struct callback_head *head, void (*func)(struct callback_head *head));
void krcu_kvfree_rcu(struct callback_head *head);

/* Reclaim in process context: module/krcu/reclaim.c */

/* Frees @n objects at once, in process context */
typedef void krcu_free_bulk_t(krcu_size_t n, void **objects);

/* What is freed at once: objects that have been destroyed, in @objects from @room on, and what frees them */
#define KRCU_BULK 128 /* which is a kilobyte of the work item's stack */
struct krcu_bulk {
	krcu_free_bulk_t *free;
	krcu_size_t room;	/* for how many more; downwards, as 0 takes no comparison */
	void *objects[KRCU_BULK];
};

/*
 * Destroys @first and the objects of its type behind it, up to KRCU_BULK or where @bulk is full. It frees them, or
 * leaves them in @bulk. Returns what comes after these.
 */
typedef struct callback_head *krcu_destroy_t(struct callback_head *first, struct krcu_bulk *bulk);

/* For @free: frees what is there for another, or if there is no room, and says how much there is now */
krcu_size_t krcu_reclaim_bulk(struct krcu_bulk *bulk, krcu_free_bulk_t *free);
struct callback_head *krcu_reclaim_next(struct callback_head *head);
/* Whether there is another one for @destroy */
bool krcu_reclaim_is_for(struct callback_head *head, krcu_destroy_t *destroy);

void krcu_reclaim_retire(struct callback_head *head, krcu_destroy_t *destroy);
bool krcu_reclaim_wait(void);
bool krcu_reclaim_is_current(void);

/* What round.h and module.c call of reclaim.c */
struct krcu_reclaim_ops {
	void (*wait)(void);	/* a round's rcu_barrier(), and for batches */
	void (*end)(void);
	const struct krcu_global *const *begins;
};

/* NULL before globals begin and anything is retired, so that a module without any does not need that file */
extern const struct krcu_reclaim_ops *krcu_reclaim;

/* Waiting for all that the module has retired: module/krcu/round.h */
struct krcu_ran {
	bool flag;		/* set by every callback after its destructor */
	unsigned long times;	/* how often it was found set, and cleared */
};

/* Of RCU's callbacks and of what they leave to the work item. */
extern struct krcu_ran krcu_rcu_ran;

void krcu_callback_ran(struct krcu_ran *ran);
void krcu_drain(void);
unsigned long krcu_times_any_ran(void);
unsigned long krcu_times_ran(struct krcu_ran *ran);

/* Statistics: module/krcu/stats.c, which is in modules that are built with KRCU_STATS=1 */
#ifndef KRCU_STATS
#define KRCU_STATS 0
#endif

/* What is there at the moment */
enum krcu_counted {
	KRCU_LIVE,	/* objects, until they are destroyed or left to kvfree_rcu() */
	KRCU_CALLBACKS,	/* of RCU and of domains, which are to destroy one of these each */
	KRCU_BATCHED,	/* those that reclaim::Work is to destroy */
	KRCU_BATCHES,	/* and the grace periods that these wait for */
	KRCU_DOMAINS,
	KRCU_ABANDONED,	/* those of the domains that a reader never left */
	KRCU_COUNTED,	/* how many numbers there are */
};

void krcu_stats_begin(void);
void krcu_stats_end(void);
void krcu_stats_add(enum krcu_counted what, long n);

/* An RCU-protected pointer, one word at @slot */
void *krcu_rcu_dereference(void *const *slot);
void *krcu_rcu_access_pointer(void *const *slot);
void *krcu_rcu_replace(void **slot, void *new_ptr);
void *krcu_rcu_compare_exchange(void **slot, void *old_ptr, void *new_ptr);

/* Under the lock that updaters hold */
void *krcu_rcu_dereference_under_mutex(void *const *slot, struct mutex *lock);
void *krcu_rcu_dereference_under_spinlock(void *const *slot, struct spinlock *lock);

/* The refcount_t at @count */
void krcu_refcount_set(int *count, int n);
void krcu_refcount_inc(int *count);
bool krcu_refcount_inc_not_zero(int *count);
bool krcu_refcount_dec_and_test(int *count);

/*
 * Atomic numbers: an atomic_t, and an atomic64_t. The order is a constant wherever these are inlined. The first of
 * its values is what void functions have in C, and the last what functions have that return a value.
 */
enum krcu_order { KRCU_RELAXED, KRCU_ACQUIRE, KRCU_RELEASE, KRCU_FULL };

int krcu_atomic_read(const int *v, enum krcu_order order);
void krcu_atomic_set(int *v, int n, enum krcu_order order);
void krcu_atomic_add(int *v, int n);
void krcu_atomic_sub(int *v, int n);
void krcu_atomic_inc(int *v);
void krcu_atomic_dec(int *v);
bool krcu_atomic_dec_and_test(int *v);
int krcu_atomic_fetch_add(int *v, int n, enum krcu_order order);
int krcu_atomic_fetch_sub(int *v, int n, enum krcu_order order);
int krcu_atomic_fetch_and(int *v, int n, enum krcu_order order);
int krcu_atomic_fetch_or(int *v, int n, enum krcu_order order);
int krcu_atomic_fetch_xor(int *v, int n, enum krcu_order order);
int krcu_atomic_xchg(int *v, int n, enum krcu_order order);
bool krcu_atomic_try_cmpxchg(int *v, int *old, int n, enum krcu_order order);

long long krcu_atomic64_read(const long long *v, enum krcu_order order);
void krcu_atomic64_set(long long *v, long long n, enum krcu_order order);
void krcu_atomic64_add(long long *v, long long n);
void krcu_atomic64_sub(long long *v, long long n);
void krcu_atomic64_inc(long long *v);
void krcu_atomic64_dec(long long *v);
bool krcu_atomic64_dec_and_test(long long *v);
long long krcu_atomic64_fetch_add(long long *v, long long n, enum krcu_order order);
long long krcu_atomic64_fetch_sub(long long *v, long long n, enum krcu_order order);
long long krcu_atomic64_fetch_and(long long *v, long long n, enum krcu_order order);
long long krcu_atomic64_fetch_or(long long *v, long long n, enum krcu_order order);
long long krcu_atomic64_fetch_xor(long long *v, long long n, enum krcu_order order);
long long krcu_atomic64_xchg(long long *v, long long n, enum krcu_order order);
bool krcu_atomic64_try_cmpxchg(long long *v, long long *old, long long n, enum krcu_order order);

/* User space's memory: 0 or -EFAULT */
int krcu_copy_from_user(void *to, unsigned long from, krcu_size_t n);
int krcu_copy_to_user(unsigned long to, const void *from, krcu_size_t n);

/* The kernel's log, besides _printk() */
#ifndef __cplusplus
/* Zeroed, it has not been used yet. */
struct krcu_ratelimit {
	atomic_t made;	/* 1: somebody is about to make it, 2: there it is */
	struct ratelimit_state state;
};
#endif

bool krcu_ratelimit(void *state, const char *function);

/* Time */
unsigned long krcu_jiffies(void);
unsigned long krcu_msecs_to_jiffies(unsigned int ms);
unsigned int krcu_jiffies_to_msecs(unsigned long j);
unsigned long long krcu_ktime_get_ns(void);

/* Memory */
void *krcu_kmalloc(krcu_size_t size, krcu_gfp_t gfp);
void krcu_kfree(void *ptr);
void krcu_kfree_bulk(krcu_size_t n, void **ptrs);
void *krcu_vmalloc(krcu_size_t size, krcu_gfp_t gfp);
void krcu_vfree(void *ptr);
void *krcu_kvmalloc(krcu_size_t size, krcu_gfp_t gfp);
void krcu_kvfree(void *ptr);

/* Object caches; module/krcu/slab.c has their beginning and end */
struct krcu_cache {
	struct kmem_cache *kmem;
	struct krcu_cache *next;
};

/* NULL before the first one is made, so that a module without any does not need that file */
extern void (*krcu_caches_end)(void);

int krcu_cache_create(struct krcu_cache *cache, const char *name, unsigned int size, unsigned int align);
void *krcu_kmem_cache_alloc(struct kmem_cache *cache, krcu_gfp_t gfp);
void krcu_kmem_cache_free(struct kmem_cache *cache, void *ptr);
void krcu_kmem_cache_free_bulk(struct kmem_cache *cache, krcu_size_t n, void **ptrs);

/* Global objects; module/krcu/globals.h has their beginning and end */
struct krcu_global {
	int (*begin)(void *object);	/* 0, or a negative errno and there is no object */
	void (*end)(void *object);	/* NULL if nothing is to be done */
	void *object;
};

/* The section of a module that has a pointer to each of its globals, in the order of the link */
extern const struct krcu_global *const krcu_globals_start[];
extern const struct krcu_global *const krcu_globals_stop[];

extern bool krcu_globals_usable;

void krcu_global_is_not_there(void);

/* SRCU; module/krcu/srcu.c has a domain's beginning and end */
struct krcu_srcu_tag {
	const char *name;
	unsigned int timeout_ms;	/* before a late reader is given up */
	bool fast;			/* readers are those of srcu_read_lock_fast() */
	void *key;			/* struct lock_class_key */
	struct krcu_ran ran;		/* the domains' callbacks */
};

/* What round.h and module.c call of srcu.c */
struct krcu_srcu_ops {
	void (*count)(void);
	void (*wait_for_readers)(void);
	void (*expect_readers)(void);
	void (*barrier_all)(void);
	void (*destroy_wrapped)(void);
	void (*destroy_all)(void);
};

/* NULL before the first domain is made, so that a module without any does not need that file */
extern const struct krcu_srcu_ops *krcu_srcu;

struct srcu_struct *krcu_srcu_create(struct krcu_srcu_tag *tag);
struct srcu_struct *krcu_srcu_wrap(struct krcu_srcu_tag *tag, struct srcu_struct *ssp);
void krcu_srcu_destroy(struct srcu_struct *ssp, struct krcu_srcu_tag *tag);
bool krcu_srcu_may_retire_into(struct srcu_struct *ssp);
int krcu_srcu_read_lock(struct srcu_struct *ssp);
void krcu_srcu_read_unlock(struct srcu_struct *ssp, int idx);
void *krcu_srcu_read_lock_fast(struct srcu_struct *ssp);
void krcu_srcu_read_unlock_fast(struct srcu_struct *ssp, void *section);
void krcu_synchronize_srcu(struct srcu_struct *ssp);
void krcu_synchronize_srcu_expedited(struct srcu_struct *ssp);
void krcu_srcu_barrier(struct srcu_struct *ssp);
unsigned long krcu_start_poll_synchronize_srcu(struct srcu_struct *ssp);
unsigned long krcu_get_state_synchronize_srcu(struct srcu_struct *ssp);
bool krcu_poll_state_synchronize_srcu(struct srcu_struct *ssp, unsigned long cookie);
void krcu_call_srcu(struct srcu_struct *ssp, struct callback_head *head,
		    void (*func)(struct callback_head *head));
void *krcu_srcu_dereference(void *const *slot, struct srcu_struct *ssp);

/* Locks; @key is a struct lock_class_key */
void krcu_mutex_init(struct mutex *lock, const char *name, void *key);
void krcu_mutex_lock(struct mutex *lock);
void krcu_mutex_unlock(struct mutex *lock);
void krcu_spin_lock_init(struct spinlock *lock, const char *name, void *key);
void krcu_spin_lock(struct spinlock *lock);
void krcu_spin_unlock(struct spinlock *lock);
void krcu_spin_lock_bh(struct spinlock *lock);
void krcu_spin_unlock_bh(struct spinlock *lock);
unsigned long krcu_spin_lock_irqsave(struct spinlock *lock);
void krcu_spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags);

/* XArray, updated with softirqs disabled */
void krcu_xa_init(struct xarray *xa);
void krcu_xa_destroy(struct xarray *xa);
void *krcu_xa_load(struct xarray *xa, unsigned long index);
void *krcu_xa_find(struct xarray *xa, unsigned long *index);
void *krcu_xa_find_after(struct xarray *xa, unsigned long *index);
void *krcu_xa_store(struct xarray *xa, unsigned long index, void *entry, krcu_gfp_t gfp);
int krcu_xa_alloc(struct xarray *xa, unsigned long *index, unsigned long last, void *entry, krcu_gfp_t gfp);
void *krcu_xa_erase(struct xarray *xa, unsigned long index);
int krcu_xa_reserve(struct xarray *xa, unsigned long index, krcu_gfp_t gfp);
void krcu_xa_release(struct xarray *xa, unsigned long index);
int krcu_xa_err(void *entry);

/* Lists, updated with the list's lock held, and walked under it or under a guard */
#ifndef __cplusplus
/* next is NULL before it is in a list for the first time, and prev is LIST_POISON2 when it is out again. */
struct krcu_list_link {
	struct list_head entry;
#ifdef CONFIG_PROVE_RCU
	struct list_head *head;
#endif
};
#endif

void krcu_list_init(struct list_head *head);
bool krcu_list_add(struct list_head *head, struct list_head *entry, bool at_the_end);
bool krcu_list_del(struct list_head *head, struct list_head *entry);
bool krcu_list_replace(struct list_head *head, struct list_head *old, struct list_head *fresh);
bool krcu_list_empty(const struct list_head *head);
struct list_head *krcu_list_next(const struct list_head *entry);

/* Hash tables, rhashtables of the kernel: module/krcu/hash.c */

/* The link of an object. Zeroed, it has never been in a table. */
struct krcu_hash_link {
	void *next;		/* a struct rhash_head */
	unsigned long state;	/* whether it is in a table: see hash.c */
};

/* What a table knows of its objects: constants, which fold where they are passed. */
struct krcu_hash_params {
	unsigned short link_offset;
	bool shared;	/* an object may have several owners, and so be inserted while it is linked */
	unsigned int (*hash)(const void *object, unsigned int len, unsigned int seed);
	int (*compare)(struct rhashtable_compare_arg *arg, const void *object);	/* with another object; 0: equal keys */
};

/* Where a walk is, under one guard; zeroed at its beginning. */
struct krcu_hash_cursor {
	void *table, *at;
	unsigned int bucket;
};

struct rhashtable *krcu_hash_create(struct krcu_hash_params params);
void *krcu_hash_destroy(struct rhashtable *ht);
void *krcu_hash_unchain(void *object, struct krcu_hash_params params);
void *krcu_hash_find(struct rhashtable *ht, const void *key, unsigned short link_offset,
		     unsigned int (*hash)(const void *key, unsigned int seed),
		     bool (*equal)(const void *object, const void *key));
int krcu_hash_insert(struct rhashtable *ht, void *object, struct krcu_hash_params params);
int krcu_hash_replace(struct rhashtable *ht, void *object, void **old, struct krcu_hash_params params);
bool krcu_hash_erase_object(struct rhashtable *ht, void *object, struct krcu_hash_params params);
void *krcu_hash_next(struct rhashtable *ht, struct krcu_hash_cursor *cursor);
unsigned int krcu_hash_size(struct rhashtable *ht);
const void *krcu_hash_compared(struct rhashtable_compare_arg *arg);
unsigned int krcu_jhash(const void *data, unsigned int len, unsigned int seed);
unsigned int krcu_jhash2(const void *words, unsigned int len, unsigned int seed);

/* Wait queues of files that are polled */
void krcu_init_waitqueue_head(struct wait_queue_head *queue);
void krcu_poll_wait(struct file *filp, struct wait_queue_head *queue, struct poll_table_struct *table);
void krcu_wake_up_poll(struct wait_queue_head *queue, krcu_poll_t events);
void krcu_wake_up_pollfree(struct wait_queue_head *queue);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* KRCU_INTERNAL_SHIMS_H */
