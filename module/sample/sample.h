/* SPDX-License-Identifier: GPL-2.0 */
/* Between the sample driver's C half, main.c, and its C++ half, engine.cpp. */
#ifndef SAMPLE_H
#define SAMPLE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Process context: publishes the first objects, which go with the module. 0, or a negative errno. */
int sample_start(void);

/* Process context, may sleep: a round of the work item. */
void sample_work(void);

/* Softirq: a round of the timer. */
void sample_tick(void);

/* Process context: retires @burst objects; many destructors are pending on return. */
void sample_stop(unsigned int burst);

/* Any context: what has happened so far. */
void sample_print_counts(const char *where, unsigned int rounds);

#ifdef __cplusplus
}
#endif

#endif /* SAMPLE_H */
