/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* The routing table's ioctls, for C, C++ and programs: /dev/krcu_route, or /dev/plain_route. */
#ifndef ROUTE_ABI_H
#define ROUTE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ROUTE_NAME_MAX	64
#define ROUTE_AGE_MAX	86400000	/* a day */

/* A route: what is to be found by its prefix. @hits is how often it was looked up, 0 in one to be added. */
struct route {
	__u32 prefix;
	__u32 metric;
	__aligned_u64 hits;
	__u32 name_length;	/* 1 to ROUTE_NAME_MAX */
	__u32 reserved;		/* 0 */
	char name[ROUTE_NAME_MAX];
};

/* How many routes there may be, and for how long one stays that nobody looks up. */
struct route_limits {
	__u32 routes;
	__u32 age_ms;		/* up to ROUTE_AGE_MAX; 0: for ever */
};

/* What read() returns, or -EINVAL if it does not fit; poll() says when it has changed since. */
struct route_stats {
	__aligned_u64 changes;
	__u32 routes;
	__u32 reserved;
};

#define ROUTE_ADD	_IOW('R', 0, struct route)	/* -EEXIST, -ENOSPC, -EINVAL, -ENOMEM */
#define ROUTE_DEL	_IOW('R', 1, __u32)		/* -ENOENT */
#define ROUTE_GET	_IOWR('R', 2, struct route)	/* by the prefix alone; -ENOENT */
#define ROUTE_LIMIT	_IOW('R', 3, struct route_limits)	/* -EINVAL, -ENOMEM */

#endif /* ROUTE_ABI_H */
