// SPDX-License-Identifier: GPL-2.0
/*
 * The shims behind krcu::HashTable, over the kernel's rhashtable. Like shims.c, this is merged with the module's
 * C++: a table's parameters are constants there, and fold as a const struct rhashtable_params does in C.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/list_nulls.h>
#include <linux/rculist.h>
#include <linux/rhashtable-types.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/bit_spinlock.h>

/*
 * A table's parameters fold only where all of rhashtable's functions are inlined. Newer kernels see to that; in others
 * compilers decide by size, and what they leave out of line hashes and compares through pointers. GCC has flatten.
 */
#ifdef CONFIG_CC_IS_CLANG
#pragma clang attribute push([[gnu::__always_inline__]], apply_to = function)
#endif
#include <linux/rhashtable.h>
#ifdef CONFIG_CC_IS_CLANG
#pragma clang attribute pop
#endif

#include <krcu/internal/shims.h>

/* See shims.c. */
#define krcu_shim __always_inline

/* Newer kernels tell exclusive from shared; older ones know no difference. */
#ifndef __must_hold_shared
#define __must_hold_shared(what) __must_hold(what)
#endif

static_assert(sizeof(struct rhash_head) == sizeof(void *));

/*
 * The state of a link that is in a table. Another is 0; or in debug kernels, where it has been in one, the cookie of
 * a grace period after which no reader is at it any more.
 */
#define KRCU_HASH_LINKED 1ul

static __always_inline struct krcu_hash_link *link_of(void *object, struct krcu_hash_params params)
{
	return object + params.link_offset;
}

static __always_inline struct rhash_head *head_of(void *object, struct krcu_hash_params params)
{
	return (struct rhash_head *)&link_of(object, params)->next;
}

/*
 * Whether an object is linked need not be kept where it has one owner: the table is the owner then, and nobody else
 * has anything to insert. Debug kernels look all the same.
 */
static __always_inline bool keeps_state(struct krcu_hash_params params)
{
	return params.shared || IS_ENABLED(CONFIG_PROVE_RCU);
}

/* Says that the object is linked, from what it was before; false, with a warning, if it is in a table already. */
static __always_inline bool claim(void *object, struct krcu_hash_params params, unsigned long *before)
{
	struct krcu_hash_link *link = link_of(object, params);

	if (!keeps_state(params))
		return true;
	*before = READ_ONCE(link->state);
	/* Of two CPUs that insert it at once, one does; and after whoever erased it. */
	if (WARN_ONCE(*before == KRCU_HASH_LINKED || cmpxchg(&link->state, *before, KRCU_HASH_LINKED) != *before,
		      "krcu: HashTable: what is inserted is in a table already\n"))
		return false;
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		WARN_ONCE(*before && !poll_state_synchronize_rcu(*before),
			  "krcu: HashTable: what is inserted has been erased, and readers may still walk on from it\n");
	return true;
}

static __always_inline void unclaim(void *object, struct krcu_hash_params params, unsigned long state)
{
	if (keeps_state(params))
		smp_store_release(&link_of(object, params)->state, state); /* see claim() */
}

/* Remembers, in debug kernels, the grace period after which no reader is at the object any more. */
static __always_inline void unlinked(void *object, struct krcu_hash_params params)
{
	unclaim(object, params, IS_ENABLED(CONFIG_PROVE_RCU) ? get_state_synchronize_rcu() : 0);
}

/* No key is that long: what it is, only the functions know. */
#define NO_KEY U16_MAX

/*
 * rhashtable's inline functions hash a key where there is no obj_hashfn. There is one, but GCC does not know: it
 * takes C++'s inline functions for ones that may be NULL. Out of line, where nobody calls this, it has to end, or
 * objtool warns.
 */
static __always_inline u32 hash_never(const void *key, u32 len, u32 seed)
{
	if (len == NO_KEY)
		__builtin_unreachable();
	return 0;
}

static __always_inline struct rhashtable_params params_of(struct krcu_hash_params params)
{
	return (struct rhashtable_params){
		.head_offset = params.link_offset,
		.key_len = NO_KEY,
		.automatic_shrinking = true,
		.hashfn = hash_never,
		.obj_hashfn = params.hash,
		.obj_cmpfn = params.compare,
	};
}

/* Tables */

struct rhashtable *krcu_hash_create(struct krcu_hash_params params)
{
	struct rhashtable_params own = params_of(params);
	struct rhashtable *ht = kmalloc(sizeof(*ht), GFP_KERNEL);

	own.hashfn = NULL;
	if (ht && rhashtable_init(ht, &own)) {
		kfree(ht);
		ht = NULL;
	}
	return ht;
}

struct chain {
	struct rhashtable *ht;
	void *first;
};

static void add_to_chain(void *object, void *arg)
{
	struct chain *chain = arg;
	struct krcu_hash_link *link = object + chain->ht->p.head_offset;

	link->next = chain->first;
	chain->first = object;
}

/* Frees the table, which nobody uses any more. What was in it comes out as a chain: see krcu_hash_unchain(). */
void *krcu_hash_destroy(struct rhashtable *ht)
{
	struct chain chain = { .ht = ht };

	rhashtable_free_and_destroy(ht, add_to_chain, &chain);
	kfree(ht);
	return chain.first;
}

/* Takes the first object out of a chain, and returns the next one; NULL if there is none. */
void *krcu_hash_unchain(void *object, struct krcu_hash_params params)
{
	void *next = link_of(object, params)->next;

	unlinked(object, params);
	cond_resched();
	return next;
}

krcu_shim unsigned int krcu_hash_size(struct rhashtable *ht)
{
	return atomic_read(&ht->nelems);
}

/*
 * As rhashtable_lookup(), where C++ functions would be called through pointers: it hands the key on in memory, and GCC
 * forgets at each barrier what is there.
 */
krcu_shim __flatten void *krcu_hash_find(struct rhashtable *ht, const void *key, unsigned short link_offset,
					 unsigned int (*hash)(const void *key, unsigned int seed),
					 bool (*equal)(const void *object, const void *key))
	__must_hold_shared(RCU)
{
	struct bucket_table *table = rht_dereference_rcu(ht->tbl, ht);

	do {
		unsigned int bucket = rht_bucket_index(table, hash(key, table->hash_rnd));
		struct rhash_lock_head __rcu *const *head = rht_bucket(table, bucket);
		struct rhash_head *at;

		/* An object that is moved meanwhile leads into another chain, to another chain's end. */
		do {
			rht_for_each_rcu_from(at, rht_ptr_rcu(head), table, bucket) {
				void *object = (void *)at - link_offset;

				if (equal(object, key))
					return object;
			}
		} while (at != RHT_NULLS_MARKER(head));
		/* Whoever moved an object has shown the table before. */
		smp_rmb();
		table = rht_dereference_rcu(table->future_tbl, ht);
	} while (unlikely(table));
	return NULL;
}

/* What has the object's key, and NULL if that is the object from now on; or an ERR_PTR(). */
static __always_inline void *find_or_insert(struct rhashtable *ht, void *object, struct krcu_hash_params params)
{
	/* C++ refuses to insert nothing, and rhashtable need not ask again. */
	if (!object)
		__builtin_unreachable();
	/*
	 * The object is its own key: compare() takes two. The data race is rhashtable's own: whoever holds the lock
	 * of a bucket reads its pointer as if nobody else touched that; but the lock is a bit in it, which others try
	 * to set.
	 */
	return data_race(rhashtable_lookup_get_insert_key(ht, object, head_of(object, params), params_of(params)));
}

krcu_shim __flatten int krcu_hash_insert(struct rhashtable *ht, void *object, struct krcu_hash_params params)
{
	unsigned long before;
	void *found;

	if (!claim(object, params, &before))
		return -EEXIST;
	found = find_or_insert(ht, object, params);
	if (!found)
		return 0;
	unclaim(object, params, before);
	return IS_ERR(found) ? PTR_ERR(found) : -EEXIST;
}

static __always_inline int swap_objects(struct rhashtable *ht, void *old, void *fresh, struct krcu_hash_params params)
{
	/* See find_or_insert(). */
	return data_race(rhashtable_replace_fast(ht, head_of(old, params), head_of(fresh, params), params_of(params)));
}

krcu_shim __flatten int krcu_hash_replace(struct rhashtable *ht, void *object, void **old,
					  struct krcu_hash_params params)
{
	unsigned long before;
	int err;

	if (!claim(object, params, &before))
		return -EEXIST;
	rcu_read_lock();
	/* What was found may be gone before it can be replaced. */
	do {
		*old = find_or_insert(ht, object, params);
		err = IS_ERR_OR_NULL(*old) ? PTR_ERR_OR_ZERO(*old) : swap_objects(ht, *old, object, params);
	} while (err == -ENOENT);
	rcu_read_unlock();
	if (err)
		unclaim(object, params, before);
	else if (*old)
		unlinked(*old, params);
	return err;
}

krcu_shim __flatten bool krcu_hash_erase_object(struct rhashtable *ht, void *object, struct krcu_hash_params params)
{
	/* See find_or_insert(). */
	int err = data_race(rhashtable_remove_fast(ht, head_of(object, params), params_of(params)));

	if (!err)
		unlinked(object, params);
	return !err;
}

/*
 * Not rhashtable_walk_next(), whose lock must not be taken in softirq; it is there for walks that leave their
 * read-side critical section now and then. In a single one, no table that the walk is in or comes to goes away.
 * An object that is moved meanwhile is the last of its chain, and goes into a table that the walk has yet to see.
 */
void *krcu_hash_next(struct rhashtable *ht, struct krcu_hash_cursor *cursor)
	__must_hold_shared(RCU)
{
	struct bucket_table *table = cursor->table ?: rht_dereference_rcu(ht->tbl, ht);
	struct rhash_head *at = cursor->at;

	if (at)
		at = rcu_dereference(at->next);
	while (!at || rht_is_a_nulls(at)) {
		if (cursor->bucket >= table->size) {
			/* As rhashtable_lookup() does: whoever moved an object has shown the table before. */
			smp_rmb();
			table = rht_dereference_rcu(table->future_tbl, ht);
			if (!table)
				return NULL;
			cursor->bucket = 0;
		}
		at = rht_ptr_rcu(rht_bucket(table, cursor->bucket++));
	}
	cursor->table = table;
	cursor->at = at;
	return rht_obj(ht, at);
}

/* For C++ */

krcu_shim const void *krcu_hash_compared(struct rhashtable_compare_arg *arg)
{
	return arg->key;
}

krcu_shim __flatten unsigned int krcu_jhash(const void *data, unsigned int len, unsigned int seed)
{
	return jhash(data, len, seed);
}

krcu_shim __flatten unsigned int krcu_jhash2(const void *words, unsigned int len, unsigned int seed)
{
	return jhash2(words, len, seed);
}
