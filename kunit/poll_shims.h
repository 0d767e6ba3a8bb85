/* SPDX-License-Identifier: GPL-2.0 */
/* What poll_test.cpp needs of the kernel: somebody who polls. */
#ifndef POLL_SHIMS_H
#define POLL_SHIMS_H

struct poll_table_struct;
struct wait_queue_head;
struct kunit_poller;

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

/* The kernel's own events, in the order of poll_test.cpp. */
extern const unsigned int kunit_epoll_events[];

/* Waits on one queue as epoll does: when told POLLFREE it leaves at once, and else only when it likes. */
struct kunit_poller *kunit_poller_create(bool exclusive);
void kunit_poller_free(struct kunit_poller *poller);
struct poll_table_struct *kunit_poller_table(struct kunit_poller *poller);
unsigned int kunit_poller_wakes(const struct kunit_poller *poller);
unsigned int kunit_poller_events(const struct kunit_poller *poller); /* of the last one */

/* Leaving takes two steps, and rcu_read_lock() around both: where it is, NULL for nowhere; and off it. */
struct wait_queue_head *kunit_poller_queue(const struct kunit_poller *poller);
void kunit_poller_leave(struct kunit_poller *poller, struct wait_queue_head *queue);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* POLL_SHIMS_H */
