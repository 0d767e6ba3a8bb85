// SPDX-License-Identifier: GPL-2.0
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/slab.h>
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
