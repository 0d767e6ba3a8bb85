/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of a run, in the C half: what main.c starts and stops. Process context. */
#ifndef RUN_H
#define RUN_H

#include <linux/types.h>

/* tasks.c: threads, timers and work items, numbered through in the order of their creation */

/* Each thread calls @step with its number, again and again. 0, or a negative errno. */
int create_threads(const char *name, void (*step)(unsigned int task), unsigned int count, int nice);
/* Timers and work items that go from CPU to CPU. 0, or a negative errno. */
int create_travellers(void);
/* When all are there: once some run, creating others takes long. */
void start_tasks(void);
/* Also what was created only. */
void stop_tasks(void);
/* Whether a task is to stop. Any context. */
bool tasks_stop(void);
/* Of a thread that is to stop: waits for kthread_stop(), which wants a thread that is still there. */
int wait_for_stop(void);

/* pressure.c: takes all memory every few seconds, and gives it back */

/* 0, or a negative errno. */
int create_pressure(void);
void start_pressure(void);
/* When tasks_stop() is true. Also what was created only, or not at all. */
void stop_pressure(void);

#endif /* RUN_H */
