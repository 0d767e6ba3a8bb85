/* SPDX-License-Identifier: GPL-2.0 */
/* What poll_test.cpp needs of the kernel: somebody who polls, and a device that real epolls can open. */
#ifndef POLL_SHIMS_H
#define POLL_SHIMS_H

struct file;
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

/* Runs the program epoll_user on /dev/krcu_kunit_poll. Its exit status as of wait(2), or a negative errno. */
int kunit_run_epoll_user(void);

/* That device's poll() and write(), one character at a time, under one mutex; in poll_test.cpp. */
unsigned int kunit_device_poll(struct file *filp, struct poll_table_struct *table);
int kunit_device_command(char command);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* POLL_SHIMS_H */
