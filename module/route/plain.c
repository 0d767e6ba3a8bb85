// SPDX-License-Identifier: GPL-2.0
/*
 * The routing table in C by hand, to compare with main.c and table.cpp: looked up without a lock, changed by ioctls,
 * with routes that age.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "abi.h"

/* A route, and behind it the name of where it leads. */
struct entry {
	struct rhash_head node;
	struct rcu_head rcu;
	atomic64_t hits;
	unsigned long used;	/* in jiffies */
	u32 prefix;
	u32 metric;
	u8 name_length;
	char name[];
};

struct limits {
	struct rcu_head rcu;
	struct route_limits now;
};

/* An open file: what it has read of. */
struct reader {
	atomic64_t seen;
};

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct entry, node),
	.key_offset = offsetof(struct entry, prefix),
	.key_len = sizeof_field(struct entry, prefix),
	.automatic_shrinking = true,
};

static DEFINE_MUTEX(updaters);
static struct rhashtable routes;
static struct limits __rcu *limits;	/* never NULL while the device is there; changed under the mutex */
static DECLARE_WAIT_QUEUE_HEAD(readers);
static atomic64_t changes = ATOMIC64_INIT(0);

static void changed(void)
{
	atomic64_fetch_inc_release(&changes); /* who has seen it sees what has changed: plain_read() */
	wake_up_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

static int add(const struct route __user *from)
{
	const struct limits *current_limits;
	struct entry *fresh;
	struct route r;
	int err;

	if (copy_from_user(&r, from, sizeof(r)))
		return -EFAULT;
	if (!r.name_length || r.name_length > ROUTE_NAME_MAX || r.reserved || r.hits)
		return -EINVAL;
	fresh = kmalloc(struct_size(fresh, name, r.name_length), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	fresh->prefix = r.prefix;
	fresh->metric = r.metric;
	fresh->name_length = r.name_length;
	atomic64_set(&fresh->hits, 0);
	fresh->used = jiffies;
	memcpy(fresh->name, r.name, r.name_length);

	mutex_lock(&updaters);
	current_limits = rcu_dereference_protected(limits, lockdep_is_held(&updaters));
	if (atomic_read(&routes.nelems) >= current_limits->now.routes)
		err = -ENOSPC;
	else
		err = rhashtable_lookup_insert_fast(&routes, &fresh->node, params);
	if (!err)
		changed();
	mutex_unlock(&updaters);
	if (err)
		kfree(fresh); /* nobody has seen it */
	return err;
}

static int del(const u32 __user *from)
{
	struct entry *found;
	int err = -ENOENT;
	u32 prefix;

	if (get_user(prefix, from))
		return -EFAULT;
	rcu_read_lock();
	found = rhashtable_lookup(&routes, &prefix, params);
	/* It may have aged meanwhile, or somebody else was faster: who takes it out frees it. */
	if (found)
		err = rhashtable_remove_fast(&routes, &found->node, params);
	if (!err)
		kfree_rcu(found, rcu);
	rcu_read_unlock();
	if (!err)
		changed();
	return err;
}

static int get(struct route __user *user)
{
	struct entry *found;
	struct route r;

	if (copy_from_user(&r, user, sizeof(r)))
		return -EFAULT;
	rcu_read_lock();
	found = rhashtable_lookup(&routes, &r.prefix, params);
	if (!found) {
		rcu_read_unlock();
		return -ENOENT;
	}
	WRITE_ONCE(found->used, jiffies);
	r = (struct route){
		.prefix = found->prefix,
		.metric = found->metric,
		.hits = atomic64_fetch_inc_relaxed(&found->hits) + 1,
		.name_length = found->name_length,
	};
	memcpy(r.name, found->name, found->name_length);
	rcu_read_unlock();
	return copy_to_user(user, &r, sizeof(r)) ? -EFAULT : 0;
}

static int limit(const struct route_limits __user *from)
{
	struct limits *fresh, *old;
	struct route_limits l;

	if (copy_from_user(&l, from, sizeof(l)))
		return -EFAULT;
	if (l.age_ms > ROUTE_AGE_MAX)
		return -EINVAL;
	fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	fresh->now = l;
	mutex_lock(&updaters);
	old = rcu_replace_pointer(limits, fresh, lockdep_is_held(&updaters));
	mutex_unlock(&updaters);
	kfree_rcu(old, rcu);
	return 0;
}

static int plain_open(struct inode *inode, struct file *file)
{
	struct reader *reader = kmalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	atomic64_set(&reader->seen, atomic64_read(&changes));
	file->private_data = reader;
	return stream_open(inode, file);
}

static int plain_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static long plain_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (command) {
	case ROUTE_ADD:
		return add(user);
	case ROUTE_DEL:
		return del(user);
	case ROUTE_GET:
		return get(user);
	case ROUTE_LIMIT:
		return limit(user);
	default:
		return -ENOTTY;
	}
}

static ssize_t plain_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	struct reader *reader = file->private_data;
	/* The number first: what changes afterwards, poll() still tells. */
	struct route_stats stats = { .changes = atomic64_read_acquire(&changes) };

	stats.routes = atomic_read(&routes.nelems);
	if (size < sizeof(stats))
		return -EINVAL;
	if (copy_to_user(buffer, &stats, sizeof(stats)))
		return -EFAULT;
	atomic64_set(&reader->seen, stats.changes);
	return sizeof(stats);
}

static __poll_t plain_poll(struct file *file, poll_table *table)
{
	struct reader *reader = file->private_data;

	poll_wait(file, &readers, table);
	return atomic64_read(&changes) != atomic64_read(&reader->seen) ? EPOLLIN | EPOLLRDNORM : 0;
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
	.name = "plain_route",
	.fops = &fops,
};

static void remove_older(unsigned long oldest)
{
	struct rhashtable_iter iter;
	struct entry *entry;
	bool any = false;

	rhashtable_walk_enter(&routes, &iter);
	rhashtable_walk_start(&iter);
	while ((entry = rhashtable_walk_next(&iter))) {
		/* The table has been resized: the walk begins again. */
		if (IS_ERR(entry))
			continue;
		if (!time_before(READ_ONCE(entry->used), oldest))
			continue;
		/* As in del() */
		if (!rhashtable_remove_fast(&routes, &entry->node, params)) {
			kfree_rcu(entry, rcu);
			any = true;
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	if (any)
		changed();
}

static void age(struct work_struct *work)
{
	u32 age_ms;

	rcu_read_lock();
	age_ms = rcu_dereference(limits)->now.age_ms;
	rcu_read_unlock();
	if (age_ms)
		remove_older(jiffies - msecs_to_jiffies(age_ms));
	schedule_delayed_work(to_delayed_work(work), HZ / 20);
}

static DECLARE_DELAYED_WORK(ageing, age);

static void free_entry(void *entry, void *unused)
{
	kfree(entry);
}

static int __init plain_init(void)
{
	struct limits *first = kmalloc(sizeof(*first), GFP_KERNEL);
	int err;

	if (!first)
		return -ENOMEM;
	first->now = (struct route_limits){ .routes = 1024 };
	RCU_INIT_POINTER(limits, first);
	err = rhashtable_init(&routes, &params);
	if (err)
		goto free_limits;
	err = misc_register(&device);
	if (err)
		goto destroy_routes;
	schedule_delayed_work(&ageing, HZ / 20);
	return 0;

destroy_routes:
	rhashtable_destroy(&routes);
free_limits:
	kfree(first);
	return err;
}

static void __exit plain_exit(void)
{
	misc_deregister(&device);
	cancel_delayed_work_sync(&ageing);
	/*
	 * No file is open and no work runs, so there are no readers. What kfree_rcu() has yet to free is memory of
	 * kmalloc(), and needs no function of this module's: no rcu_barrier().
	 */
	rhashtable_free_and_destroy(&routes, free_entry, NULL);
	kfree(rcu_dereference_protected(limits, true));
}

module_init(plain_init);
module_exit(plain_exit);
MODULE_DESCRIPTION("A routing table in C by hand");
MODULE_LICENSE("GPL");
