/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * A table of keys and values, for C, C++ and programs: /dev/krcu_kv.
 *
 * Each struct begins with KV_VERSION, and what it calls reserved, or an ioctl does not use, is 0. Keys and values are
 * any bytes. Each change of the table has a number, its revision, and an entry has that of the change that put it
 * there. Where an ioctl fails, nothing has changed, but by KV_PUT, KV_SWAP or KV_DELETE of a struct that can be read
 * and not written: EFAULT.
 *
 *	EAGAIN		there is room for the entry only when what is retired is free; try again
 *	EBADF		the file is not open for writing, or for reading
 *	EBUSY		the table is being rebuilt for more entries; try again
 *	EEXIST		KV_SWAP: the key is there, and should not be
 *	EFAULT		an address is bad; of what was to be written there, a part may be
 *	EINVAL		a size is too large, or what should be 0 is not
 *	ENOENT		there is no such key; KV_NEXT: there are no more
 *	ENOMEM		the kernel has no memory
 *	ENOSPC		there are as many entries, or bytes, as struct kv_config allows
 *	ENOTTY		there is no such ioctl
 *	EOPNOTSUPP	the struct is of another version
 *	EPERM		only a process with CAP_SYS_ADMIN may do so
 *	ERANGE		key or value do not fit; their sizes are in the struct now
 *	ESTALE		the key has another revision, which is in the struct now
 */
#ifndef KV_ABI_H
#define KV_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KV_VERSION	1
#define KV_KEY_MAX	255
#define KV_VALUE_MAX	1048576
#define KV_ENTRIES_MAX	16777216
#define KV_BYTES_MAX	1099511627776ull

/* Sizes are those of key and value, or, where these come back, of the room for them and then their own. */
struct kv_entry {
	__u32 version;
	__u32 reserved;
	__aligned_u64 key;		/* an address; 1 to KV_KEY_MAX bytes */
	__aligned_u64 value;		/* an address; up to KV_VALUE_MAX bytes */
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 revision;
	__aligned_u64 cursor;		/* KV_NEXT's alone: 0 at first */
};

/*
 * What read() returns, each with key and value behind it, as many as fit, and 0 at the end: the next read() begins
 * anew. EINVAL: not even one fits. A key that is there all the time comes once, with a value that it had meanwhile;
 * one that is not may come or not.
 */
struct kv_record {
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 revision;
};

/* poll() says EPOLLIN where the table has changed since the file's KV_STATS, or since it began to read(). */
struct kv_stats {
	__u32 version;
	__u32 reserved;
	__aligned_u64 revision;		/* of the last change */
	__aligned_u64 entries;
	__aligned_u64 bytes;		/* of the entries' memory */
	__aligned_u64 retired;		/* bytes of what is no entry any more, or not yet, and not yet free */
	__aligned_u64 waits;		/* how often a writer had to wait for these */
};

/* Where either is 0 it stays as it is. Bytes are of entries and of what is retired. */
struct kv_config {
	__u32 version;
	__u32 entries;			/* up to KV_ENTRIES_MAX */
	__aligned_u64 bytes;		/* up to KV_BYTES_MAX */
};

#define KV_GET		_IOWR('K', 0, struct kv_entry)	/* the value, and its revision */
#define KV_PUT		_IOWR('K', 1, struct kv_entry)	/* in place of the key's value; its revision comes back */
#define KV_SWAP		_IOWR('K', 2, struct kv_entry)	/* if the key has that revision; 0: if it is not there */
#define KV_DELETE	_IOWR('K', 3, struct kv_entry)	/* if the key has that revision; 0: any */
#define KV_NEXT		_IOWR('K', 4, struct kv_entry)	/* an entry; from its cursor the next. As read() */
#define KV_CLEAR	_IO('K', 5)			/* deletes what is there; what others put meanwhile may stay */
#define KV_STATS	_IOWR('K', 6, struct kv_stats)
#define KV_GET_CONFIG	_IOWR('K', 7, struct kv_config)
#define KV_SET_CONFIG	_IOW('K', 8, struct kv_config)	/* EPERM */

#endif /* KV_ABI_H */
