/* SPDX-License-Identifier: GPL-2.0 */
/* Between the sample driver's C half, main.c, and its C++ half, engine.cpp. */
#ifndef SAMPLE_H
#define SAMPLE_H

/* What has happened so far; the numbers only grow. */
struct sample_counts {
	unsigned long reads;		/* read-side critical sections that found an object */
	unsigned long replaced;		/* objects that gave way to a new one */
	unsigned long retired;		/* objects with a destructor that were retired */
	unsigned long destroyed;	/* of those, how many destructors have run */
	unsigned long failed;		/* allocations that failed */
};

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

void sample_read_counts(struct sample_counts *counts);

/* The C half's: called by the last pending destructor after sample_stop(), in softirq. */
void sample_all_destroyed(void);

#ifdef __cplusplus
}
#endif

#endif /* SAMPLE_H */
