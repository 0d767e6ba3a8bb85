// SPDX-License-Identifier: GPL-2.0
/*
 * What of the module's is there at the moment: a file krcu:<module> in debugfs, where a
 * module is built with KRCU_STATS=1. It is there from before the module's init until its
 * exit has waited for all that was pending. Where there is no debugfs, there is no file.
 *
 * Each line is a number of its own, which all CPUs add to. Others may change while one is read.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include <krcu/internal/shims.h>

/* See shims.c. */
#define krcu_shim __always_inline

static const char *const names[] = {
	[KRCU_LIVE] = "live",
	[KRCU_CALLBACKS] = "callbacks",
	[KRCU_BATCHED] = "batched",
	[KRCU_BATCHES] = "batches",
	[KRCU_DOMAINS] = "domains",
	[KRCU_ABANDONED] = "abandoned",
};

static_assert(ARRAY_SIZE(names) == KRCU_COUNTED);

static atomic_long_t numbers[KRCU_COUNTED];
static struct dentry *file;

krcu_shim void krcu_stats_add(enum krcu_counted what, long n)
{
	atomic_long_add(n, &numbers[what]);
}

static int stats_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	for (i = 0; i < KRCU_COUNTED; i++)
		seq_printf(seq, "%s %ld\n", names[i], atomic_long_read(&numbers[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

__attribute__((visibility("default"))) /* as module.c calls these, which is not merged */
void __cold krcu_stats_begin(void)
{
	char name[sizeof("krcu:") + MODULE_NAME_LEN];

	snprintf(name, sizeof(name), "krcu:%s", THIS_MODULE->name);
	file = debugfs_create_file(name, 0444, NULL, NULL, &stats_fops);
}

__attribute__((visibility("default")))
void __cold krcu_stats_end(void)
{
	debugfs_remove(file);
}
