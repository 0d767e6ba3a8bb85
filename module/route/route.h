/* SPDX-License-Identifier: GPL-2.0 */
/* What the C half of the routing table calls of its C++ half. */
#ifndef ROUTE_H
#define ROUTE_H

struct file;
struct poll_table_struct;

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

int route_start(void);
void *route_open(void);
void route_release(void *file);
long route_ioctl(struct file *file, unsigned int command, unsigned long argument);
long route_read(void *file, unsigned long buffer, unsigned long size);
bool route_poll(void *reader, struct file *file, struct poll_table_struct *table);
void route_age(void);

#ifdef __cplusplus
}
#endif

#endif /* ROUTE_H */
