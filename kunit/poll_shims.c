// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/umh.h>
#include <linux/wait.h>

#include "poll_shims.h"

#define EVENT(event) ((__force unsigned int)(event))

const unsigned int kunit_epoll_events[] = {
	EVENT(EPOLLIN), EVENT(EPOLLPRI), EVENT(EPOLLOUT), EVENT(EPOLLERR),
	EVENT(EPOLLHUP), EVENT(EPOLLRDNORM), EVENT(EPOLLWRNORM), EVENT(EPOLLRDHUP),
};

/* See "POLLFREE handshake" in fs/eventpoll.c. */
struct kunit_poller {
	poll_table table;
	wait_queue_entry_t entry;
	wait_queue_head_t *queue;
	bool exclusive;
	unsigned int wakes;
	__poll_t events;
};

static int poller_wake(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	struct kunit_poller *poller = container_of(entry, struct kunit_poller, entry);
	__poll_t events = key_to_poll(key);

	poller->wakes++;
	poller->events = events & ~POLLFREE;
	if (events & POLLFREE) {
		list_del_init(&entry->entry);
		/* Who sees it in kunit_poller_queue() does not touch the queue. */
		smp_store_release(&poller->queue, NULL);
	}
	return 1;
}

static void poller_register(struct file *filp, wait_queue_head_t *queue, poll_table *table)
{
	struct kunit_poller *poller = container_of(table, struct kunit_poller, table);

	init_waitqueue_func_entry(&poller->entry, poller_wake);
	poller->queue = queue;
	if (poller->exclusive)
		add_wait_queue_exclusive(queue, &poller->entry);
	else
		add_wait_queue(queue, &poller->entry);
}

struct kunit_poller *kunit_poller_create(bool exclusive)
{
	struct kunit_poller *poller = kzalloc(sizeof(*poller), GFP_KERNEL);

	if (!poller)
		return NULL;
	init_poll_funcptr(&poller->table, poller_register);
	poller->exclusive = exclusive;
	return poller;
}

void kunit_poller_free(struct kunit_poller *poller)
{
	kfree(poller);
}

struct poll_table_struct *kunit_poller_table(struct kunit_poller *poller)
{
	return &poller->table;
}

unsigned int kunit_poller_wakes(const struct kunit_poller *poller)
{
	return poller->wakes;
}

unsigned int kunit_poller_events(const struct kunit_poller *poller)
{
	return EVENT(poller->events);
}

struct wait_queue_head *kunit_poller_queue(const struct kunit_poller *poller)
{
	/* Pairs with poller_wake(). */
	return smp_load_acquire(&poller->queue);
}

void kunit_poller_leave(struct kunit_poller *poller, struct wait_queue_head *queue)
{
	remove_wait_queue(queue, &poller->entry);
}

static DEFINE_MUTEX(commands_lock);

static __poll_t device_poll(struct file *filp, poll_table *table)
{
	unsigned int events;

	mutex_lock(&commands_lock);
	events = kunit_device_poll(filp, table);
	mutex_unlock(&commands_lock);
	return (__force __poll_t)events;
}

static ssize_t device_write(struct file *filp, const char __user *buffer, size_t size, loff_t *offset)
{
	char command;
	int err;

	if (!size || get_user(command, buffer))
		return -EFAULT;
	mutex_lock(&commands_lock);
	err = kunit_device_command(command);
	mutex_unlock(&commands_lock);
	return err ?: 1;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.poll = device_poll,
	.write = device_write,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "krcu_kunit_poll",
	.fops = &device_fops,
};

static char *program[] = { "/krcu/epoll_user", NULL };
static char *environment[] = { NULL };

int kunit_run_epoll_user(void)
{
	int status = misc_register(&device);

	if (status)
		return status;
	status = call_usermodehelper(program[0], program, environment, UMH_WAIT_PROC);
	misc_deregister(&device);
	return status;
}
