/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small library for programs that use /dev/krcu_kv. All functions return 0, or -1 and errno: what ../abi.h says of
 * the ioctl, or ENOMEM.
 */
#ifndef LIBKV_H
#define LIBKV_H

#include <stddef.h>

#include "../abi.h"

#define KV_DEVICE "/dev/krcu_kv"

/* All is 0 at first. Then kv_get() and kv_next() have room of their own for the value, until kv_free(). */
struct kv_item {
	char key[KV_KEY_MAX];
	size_t key_size;
	char *value;
	size_t value_size;
	size_t room;			/* the library's */
	unsigned long long revision;
	unsigned long long cursor;	/* of kv_next(), the library's */
};

/* Fills in the value and its revision. */
int kv_get(int fd, struct kv_item *item);

/* Fill in the revision. kv_swap() wants it to be the entry's, 0 for none, and has that of the entry on ESTALE. */
int kv_put(int fd, struct kv_item *item);
int kv_swap(int fd, struct kv_item *item);

/* Wants the revision to be the entry's, and has that on ESTALE; 0 deletes any. */
int kv_delete(int fd, struct kv_item *item);

/* The next entry; ENOENT at the end. */
int kv_next(int fd, struct kv_item *item);

int kv_clear(int fd);

int kv_stats(int fd, struct kv_stats *stats);

int kv_get_config(int fd, struct kv_config *config);
int kv_set_config(int fd, unsigned int entries, unsigned long long bytes);

/* Waits until the table has changed since this file's kv_stats(). */
int kv_wait(int fd);

void kv_free(struct kv_item *item);

#endif /* LIBKV_H */
