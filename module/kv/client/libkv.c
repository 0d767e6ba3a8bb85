// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "libkv.h"

static int make_room(struct kv_item *item, size_t room)
{
	char *value;

	if (room <= item->room)
		return 0;
	value = realloc(item->value, room);
	if (!value)
		return -1;
	item->value = value;
	item->room = room;
	return 0;
}

/* A value that grows meanwhile does not fit again. */
static int receive(int fd, unsigned long command, struct kv_item *item, size_t key_room)
{
	struct kv_entry e;

	do {
		e = (struct kv_entry){
			.version = KV_VERSION,
			.key = (uintptr_t)item->key,
			.value = (uintptr_t)item->value,
			.key_size = key_room,
			.value_size = item->room,
			.cursor = command == KV_NEXT ? item->cursor : 0,
		};
		if (!ioctl(fd, command, &e)) {
			item->key_size = e.key_size;
			item->value_size = e.value_size;
			item->revision = e.revision;
			item->cursor = e.cursor;
			return 0;
		}
	} while (errno == ERANGE && !make_room(item, e.value_size));
	return -1;
}

int kv_get(int fd, struct kv_item *item)
{
	return receive(fd, KV_GET, item, item->key_size);
}

int kv_next(int fd, struct kv_item *item)
{
	return receive(fd, KV_NEXT, item, sizeof(item->key));
}

/* What is not free yet may be soon. */
static int send(int fd, unsigned long command, struct kv_item *item, size_t value_size)
{
	struct kv_entry e = {
		.version = KV_VERSION,
		.key = (uintptr_t)item->key,
		.value = value_size ? (uintptr_t)item->value : 0,
		.key_size = item->key_size,
		.value_size = value_size,
		.revision = item->revision,
	};
	int err, tries = 100;

	while ((err = ioctl(fd, command, &e)) && (errno == EAGAIN || errno == EBUSY) && --tries)
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	item->revision = e.revision;
	return err;
}

int kv_put(int fd, struct kv_item *item)
{
	return send(fd, KV_PUT, item, item->value_size);
}

int kv_swap(int fd, struct kv_item *item)
{
	return send(fd, KV_SWAP, item, item->value_size);
}

int kv_delete(int fd, struct kv_item *item)
{
	return send(fd, KV_DELETE, item, 0);
}

int kv_clear(int fd)
{
	return ioctl(fd, KV_CLEAR, 0);
}

int kv_stats(int fd, struct kv_stats *stats)
{
	*stats = (struct kv_stats){ .version = KV_VERSION };
	return ioctl(fd, KV_STATS, stats);
}

int kv_get_config(int fd, struct kv_config *config)
{
	*config = (struct kv_config){ .version = KV_VERSION };
	return ioctl(fd, KV_GET_CONFIG, config);
}

int kv_set_config(int fd, unsigned int entries, unsigned long long bytes)
{
	struct kv_config config = { .version = KV_VERSION, .entries = entries, .bytes = bytes };

	return ioctl(fd, KV_SET_CONFIG, &config);
}

int kv_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, -1) < 0 ? -1 : 0;
}

void kv_free(struct kv_item *item)
{
	free(item->value);
	memset(item, 0, sizeof(*item));
}
