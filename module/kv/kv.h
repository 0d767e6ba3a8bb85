/* SPDX-License-Identifier: GPL-2.0 */
/* What the C half of the table of keys and values calls of its C++ half. */
#ifndef KV_H
#define KV_H

struct file;
struct poll_table_struct;

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

int kv_start(void);
void *kv_open(void);
void kv_release(void *watcher);
long kv_use_entry(unsigned int command, unsigned long argument);
long kv_clear(void);
long kv_get_stats(void *watcher, unsigned long argument);
long kv_get_config(unsigned long argument);
long kv_set_config(unsigned long argument);
long kv_read(void *watcher, unsigned long buffer, unsigned long size);
bool kv_poll(void *watcher, struct file *file, struct poll_table_struct *table);

#ifdef __cplusplus
}
#endif

#endif /* KV_H */
