// SPDX-License-Identifier: GPL-2.0
/*
 * The table of keys and values in C by hand, to compare with main.c and table.cpp: read without a lock, changed by
 * ioctls, its memory limited.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/jhash.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "abi.h"

#define READ_MAX	(2 << 20)	/* about as much as a read() copies */

/* An entry, and behind it the bytes of its key, and then those of its value. The table's is one of the references. */
struct entry {
	struct rhash_head node;
	refcount_t references;
	u32 id;			/* its place in the order, under the mutex */
	u32 key_size;
	u32 value_size;
	u64 revision;
	struct rcu_head rcu;
	char bytes[];
};

struct kv_key {
	const char *bytes;
	u32 size;
};

struct config {
	struct rcu_head rcu;
	struct kv_config now;
};

/* An open file: what it has seen, and how far it has read. */
struct watcher {
	atomic64_t seen;	/* a revision */
	struct mutex reading;
	unsigned long next;	/* an index of the order, under the mutex */
};

static u32 hash_key(const void *data, u32 len, u32 seed)
{
	const struct kv_key *key = data;

	return jhash(key->bytes, key->size, seed);
}

static u32 hash_entry(const void *data, u32 len, u32 seed)
{
	const struct entry *entry = data;

	return jhash(entry->bytes, entry->key_size, seed);
}

static int compare_entry(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct entry *entry = data;
	const struct kv_key *key = arg->key;

	return key->size != entry->key_size || memcmp(key->bytes, entry->bytes, key->size);
}

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct entry, node),
	.hashfn = hash_key,
	.obj_hashfn = hash_entry,
	.obj_cmpfn = compare_entry,
	.automatic_shrinking = true,
};

static DEFINE_MUTEX(updaters);
static struct rhashtable table;
/* The same entries, each at one index for as long as its key is there */
static DEFINE_XARRAY_FLAGS(order, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
static struct config __rcu *config;	/* never NULL while the device is there; changed under the mutex */
static DECLARE_WAIT_QUEUE_HEAD(watchers);
/* Bytes: of all entries' memory until it is free, and of those that are in the table. */
static atomic64_t used = ATOMIC64_INIT(0), live = ATOMIC64_INIT(0);
static atomic64_t revision = ATOMIC64_INIT(0), waits = ATOMIC64_INIT(0); /* as struct kv_stats has them */

/* Memory */

static size_t size_of(const struct entry *entry)
{
	return struct_size(entry, bytes, entry->key_size + entry->value_size);
}

static void free_now(struct entry *entry)
{
	size_t size = size_of(entry);

	kvfree(entry);
	atomic64_sub(size, &used);
}

static void free_entry(struct rcu_head *rcu)
{
	free_now(container_of(rcu, struct entry, rcu));
}

static void put_entry(struct entry *entry)
{
	if (refcount_dec_and_test(&entry->references))
		call_rcu(&entry->rcu, free_entry);
}

static u64 bytes_allowed(void)
{
	u64 bytes;

	rcu_read_lock();
	bytes = rcu_dereference(config)->now.bytes;
	rcu_read_unlock();
	return bytes;
}

/* -EAGAIN if there would be room, but that readers or RCU keep what was there. */
static int charge(size_t bytes)
{
	bool waited;

	for (waited = false;; waited = true) {
		u64 limit = bytes_allowed();

		if (atomic64_add_return(bytes, &used) <= limit)
			return 0;
		atomic64_sub(bytes, &used);
		if (atomic64_read(&live) + bytes > limit)
			return -ENOSPC;
		if (waited)
			return -EAGAIN;
		/* Here writers are held up who would fill the memory faster than grace periods elapse. */
		atomic64_inc(&waits);
		rcu_barrier();
	}
}

/* An entry with a key, and with a value that user space has; or an ERR_PTR(). */
static struct entry *make_entry(const struct kv_key *key, const struct kv_entry *e)
{
	size_t size = struct_size_t(struct entry, bytes, key->size + e->value_size);
	struct entry *fresh;
	int err = charge(size);

	if (err)
		return ERR_PTR(err);
	fresh = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!fresh) {
		atomic64_sub(size, &used);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&fresh->references, 1);
	fresh->key_size = key->size;
	fresh->value_size = e->value_size;
	memcpy(fresh->bytes, key->bytes, key->size);
	if (copy_from_user(fresh->bytes + key->size, u64_to_user_ptr(e->value), e->value_size)) {
		free_now(fresh); /* nobody has seen it */
		return ERR_PTR(-EFAULT);
	}
	return fresh;
}

/* Looking up */

/*
 * A reference to what has that key, or NULL. An entry whose last reference has gone is no more in the table: there is
 * another one.
 */
static struct entry *look_up(const struct kv_key *key)
{
	struct entry *entry;

	rcu_read_lock();
	do
		entry = rhashtable_lookup(&table, key, params);
	while (entry && !refcount_inc_not_zero(&entry->references));
	rcu_read_unlock();
	return entry;
}

/* A reference to what is at that index of the order, or next, and where; or NULL. */
static struct entry *next_entry(unsigned long *id)
{
	struct entry *entry;

	rcu_read_lock();
	do
		entry = xa_find(&order, id, ULONG_MAX, XA_PRESENT);
	while (entry && !refcount_inc_not_zero(&entry->references));
	rcu_read_unlock();
	return entry;
}

/* Gives user space what there is room for, and its size in any case. */
static int give(u64 to, u32 *size, const char *bytes, u32 n)
{
	bool fits = n <= *size;

	*size = n;
	if (!fits)
		return -ERANGE;
	return copy_to_user(u64_to_user_ptr(to), bytes, n) ? -EFAULT : 0;
}

/* All in one piece: looking up is what the driver is for. */
static __flatten int get(const struct kv_key *key, struct kv_entry *e)
{
	struct entry *entry = look_up(key);
	int err;

	if (!entry)
		return -ENOENT;
	e->revision = entry->revision;
	err = give(e->value, &e->value_size, entry->bytes + entry->key_size, entry->value_size);
	put_entry(entry);
	return err;
}

static int get_next(struct kv_entry *e)
{
	unsigned long id = e->cursor;
	struct entry *entry;
	int key, value;

	entry = e->cursor < KV_ENTRIES_MAX ? next_entry(&id) : NULL;
	if (!entry)
		return -ENOENT;
	e->revision = entry->revision;
	key = give(e->key, &e->key_size, entry->bytes, entry->key_size);
	value = give(e->value, &e->value_size, entry->bytes + entry->key_size, entry->value_size);
	put_entry(entry);
	if (key || value)
		return key == -EFAULT || !value ? key : value;
	e->cursor = id + 1;
	return 0;
}

/* Changing, under the mutex */

/* Whoever sees the revision sees what has changed. */
static void changed(u64 now)
{
	atomic64_set_release(&revision, now);
	wake_up_poll(&watchers, EPOLLIN | EPOLLRDNORM);
}

/* Puts an entry in, in the old one's place if there is one. */
static int publish(struct entry *fresh, struct entry *old)
{
	int err;

	if (old) {
		fresh->id = old->id;
		/* Neither fails where there is something to replace. */
		xa_store(&order, fresh->id, fresh, GFP_KERNEL);
		rhashtable_replace_fast(&table, &old->node, &fresh->node, params);
		return 0;
	}
	err = xa_alloc(&order, &fresh->id, fresh, XA_LIMIT(0, KV_ENTRIES_MAX - 1), GFP_KERNEL);
	if (err)
		return err;
	err = rhashtable_insert_fast(&table, &fresh->node, params);
	if (err)
		xa_erase(&order, fresh->id);
	return err;
}

static void remove(struct entry *entry)
{
	rhashtable_remove_fast(&table, &entry->node, params);
	xa_erase(&order, entry->id);
	atomic64_sub(size_of(entry), &live);
	changed(atomic64_read(&revision) + 1);
	put_entry(entry);
}

/* Whether the key has the revision that it should. */
static int compare(const struct entry *old, struct kv_entry *e)
{
	if (!old)
		return -ENOENT;
	if (old->revision == e->revision)
		return 0;
	e->revision = old->revision;
	return -ESTALE;
}

static int put_in(struct entry *fresh, const struct kv_key *key, struct kv_entry *e, bool compares)
{
	struct entry *old = rhashtable_lookup_fast(&table, key, params);
	const struct config *current_config = rcu_dereference_protected(config, lockdep_is_held(&updaters));
	int err = 0;

	if (compares && (e->revision || old))
		err = e->revision ? compare(old, e) : -EEXIST;
	if (!err && !old && atomic_read(&table.nelems) >= current_config->now.entries)
		err = -ENOSPC;
	if (err)
		return err;
	e->revision = atomic64_read(&revision) + 1;
	fresh->revision = e->revision;
	err = publish(fresh, old);
	if (err)
		return err;
	atomic64_add(size_of(fresh), &live);
	if (old) {
		atomic64_sub(size_of(old), &live);
		put_entry(old);
	}
	changed(fresh->revision);
	return 0;
}

static int put(const struct kv_key *key, struct kv_entry *e, bool compares)
{
	struct entry *fresh = make_entry(key, e);
	int err;

	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	mutex_lock(&updaters);
	err = put_in(fresh, key, e, compares);
	mutex_unlock(&updaters);
	if (err)
		put_entry(fresh); /* next_entry() may have seen it */
	return err;
}

static int del(const struct kv_key *key, struct kv_entry *e)
{
	struct entry *old;
	int err = 0;

	mutex_lock(&updaters);
	old = rhashtable_lookup_fast(&table, key, params);
	if (!old || e->revision)
		err = compare(old, e);
	if (!err)
		remove(old);
	mutex_unlock(&updaters);
	return err;
}

static int clear(void)
{
	struct entry *entry;
	unsigned long id;

	xa_for_each(&order, id, entry) {
		mutex_lock(&updaters);
		entry = xa_load(&order, id); /* it may be another one by now */
		if (entry)
			remove(entry);
		mutex_unlock(&updaters);
	}
	return 0;
}

/* ioctls */

static int check(unsigned int command, const struct kv_entry *e)
{
	bool puts = command == KV_PUT || command == KV_SWAP;

	if (e->version != KV_VERSION)
		return -EOPNOTSUPP;
	if (e->reserved || (puts && e->value_size > KV_VALUE_MAX) ||
	    (command == KV_DELETE && (e->value || e->value_size)))
		return -EINVAL;
	if (command != KV_NEXT && (e->cursor || !e->key_size || e->key_size > KV_KEY_MAX))
		return -EINVAL;
	/* Of 32-bit machines. */
	if (e->key != (unsigned long)e->key || e->value != (unsigned long)e->value)
		return -EFAULT;
	return 0;
}

static int use_entry(unsigned int command, struct kv_entry __user *user)
{
	char bytes[KV_KEY_MAX];
	struct kv_entry e;
	struct kv_key key;
	int err;

	if (copy_from_user(&e, user, sizeof(e)))
		return -EFAULT;
	err = check(command, &e);
	if (err)
		return err;
	if (command != KV_NEXT && copy_from_user(bytes, u64_to_user_ptr(e.key), e.key_size))
		return -EFAULT;
	key = (struct kv_key){ bytes, e.key_size };
	switch (command) {
	case KV_GET:
		err = get(&key, &e);
		break;
	case KV_NEXT:
		err = get_next(&e);
		break;
	case KV_DELETE:
		err = del(&key, &e);
		break;
	default:
		err = put(&key, &e, command == KV_SWAP);
	}
	if (err && err != -ERANGE && err != -ESTALE)
		return err;
	return copy_to_user(user, &e, sizeof(e)) ? -EFAULT : err;
}

static int get_stats(struct watcher *watcher, struct kv_stats __user *user)
{
	struct kv_stats s;
	u64 all;

	if (copy_from_user(&s, user, sizeof(s)))
		return -EFAULT;
	if (s.version != KV_VERSION)
		return -EOPNOTSUPP;
	if (s.reserved)
		return -EINVAL;
	/* The revision first: what changes afterwards, poll() still tells. */
	s.revision = atomic64_read_acquire(&revision);
	s.entries = atomic_read(&table.nelems);
	s.bytes = atomic64_read(&live);
	all = atomic64_read(&used);
	s.retired = all > s.bytes ? all - s.bytes : 0; /* others may be at it */
	s.waits = atomic64_read(&waits);
	if (copy_to_user(user, &s, sizeof(s)))
		return -EFAULT;
	atomic64_set(&watcher->seen, s.revision);
	return 0;
}

static int get_config(struct kv_config __user *user)
{
	struct kv_config c;

	if (copy_from_user(&c, user, sizeof(c)))
		return -EFAULT;
	if (c.version != KV_VERSION)
		return -EOPNOTSUPP;
	rcu_read_lock();
	c = rcu_dereference(config)->now;
	rcu_read_unlock();
	return copy_to_user(user, &c, sizeof(c)) ? -EFAULT : 0;
}

static int set_config(const struct kv_config __user *user)
{
	struct config *fresh, *old;
	struct kv_config c;

	if (copy_from_user(&c, user, sizeof(c)))
		return -EFAULT;
	if (c.version != KV_VERSION)
		return -EOPNOTSUPP;
	if (c.entries > KV_ENTRIES_MAX || c.bytes > KV_BYTES_MAX)
		return -EINVAL;
	fresh = kmalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	mutex_lock(&updaters);
	old = rcu_dereference_protected(config, lockdep_is_held(&updaters));
	fresh->now = (struct kv_config){
		.version = KV_VERSION,
		.entries = c.entries ?: old->now.entries,
		.bytes = c.bytes ?: old->now.bytes,
	};
	rcu_assign_pointer(config, fresh);
	mutex_unlock(&updaters);
	kfree_rcu(old, rcu);
	return 0;
}

/* The device */

static long plain_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (command) {
	case KV_GET:
	case KV_NEXT:
		return file->f_mode & FMODE_READ ? use_entry(command, user) : -EBADF;
	case KV_PUT:
	case KV_SWAP:
	case KV_DELETE:
		return file->f_mode & FMODE_WRITE ? use_entry(command, user) : -EBADF;
	case KV_CLEAR:
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		return argument ? -EINVAL : clear();
	case KV_STATS:
		return get_stats(file->private_data, user);
	case KV_GET_CONFIG:
		return get_config(user);
	case KV_SET_CONFIG:
		return capable(CAP_SYS_ADMIN) ? set_config(user) : -EPERM;
	default:
		return -ENOTTY;
	}
}

static int plain_open(struct inode *inode, struct file *file)
{
	struct watcher *watcher = kmalloc(sizeof(*watcher), GFP_KERNEL_ACCOUNT);

	if (!watcher)
		return -ENOMEM;
	atomic64_set(&watcher->seen, atomic64_read(&revision));
	mutex_init(&watcher->reading);
	watcher->next = 0;
	file->private_data = watcher;
	return stream_open(inode, file);
}

static int plain_release(struct inode *inode, struct file *file)
{
	struct watcher *watcher = file->private_data;

	mutex_destroy(&watcher->reading);
	kfree(watcher);
	return 0;
}

static int give_record(char __user *to, const struct entry *entry)
{
	const struct kv_record record = { entry->key_size, entry->value_size, entry->revision };

	if (copy_to_user(to, &record, sizeof(record)) ||
	    copy_to_user(to + sizeof(record), entry->bytes, entry->key_size + entry->value_size))
		return -EFAULT;
	return 0;
}

static ssize_t read_on(struct watcher *watcher, char __user *buffer, size_t size)
{
	u64 now = atomic64_read_acquire(&revision);
	unsigned long id = watcher->next;
	struct entry *entry;
	size_t done = 0;
	int err = 0;

	while (done < READ_MAX && (entry = next_entry(&id))) {
		size_t n = sizeof(struct kv_record) + entry->key_size + entry->value_size;

		err = n <= size - done ? give_record(buffer + done, entry) : -EINVAL;
		put_entry(entry);
		if (err)
			break;
		done += n;
		id++;
	}
	if (err && !done)
		return err;
	if (!watcher->next)
		atomic64_set(&watcher->seen, now);
	watcher->next = done ? id : 0;
	return done;
}

static ssize_t plain_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	struct watcher *watcher = file->private_data;
	ssize_t done;

	mutex_lock(&watcher->reading);
	done = read_on(watcher, buffer, size);
	mutex_unlock(&watcher->reading);
	return done;
}

static __poll_t plain_poll(struct file *file, poll_table *poll)
{
	struct watcher *watcher = file->private_data;

	poll_wait(file, &watchers, poll);
	return atomic64_read(&revision) != atomic64_read(&watcher->seen) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = plain_open,
	.release = plain_release,
	.unlocked_ioctl = plain_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = plain_read,
	.poll = plain_poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "plain_kv",
	.fops = &fops,
};

static int __init plain_init(void)
{
	struct config *first = kmalloc(sizeof(*first), GFP_KERNEL_ACCOUNT);
	int err;

	if (!first)
		return -ENOMEM;
	first->now = (struct kv_config){ .version = KV_VERSION, .entries = 1 << 20, .bytes = 64 << 20 };
	RCU_INIT_POINTER(config, first);
	err = rhashtable_init(&table, &params);
	if (err)
		goto free_config;
	err = misc_register(&device);
	if (err)
		goto destroy_table;
	return 0;

destroy_table:
	rhashtable_destroy(&table);
free_config:
	kfree(first);
	return err;
}

static void free_last(void *entry, void *unused)
{
	kvfree(entry);
}

static void __exit plain_exit(void)
{
	misc_deregister(&device);
	/* No file is open, so there are no readers, and only the table has references. */
	rhashtable_free_and_destroy(&table, free_last, NULL);
	xa_destroy(&order);
	kfree(rcu_dereference_protected(config, true));
	rcu_barrier(); /* free_entry() is this module's */
}

module_init(plain_init);
module_exit(plain_exit);
MODULE_DESCRIPTION("A table of keys and values in C by hand");
MODULE_LICENSE("GPL");
