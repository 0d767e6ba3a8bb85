/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites need of the kernel and of KUnit, beyond krcu itself: C++
 * cannot include <kunit/test.h> any more than other kernel headers.
 */
#ifndef KUNIT_SHIMS_H
#define KUNIT_SHIMS_H

struct kunit;
struct kunit_thread;
struct mutex;
struct spinlock;
struct srcu_struct;

#ifdef __cplusplus
extern "C" {
#else
#include <linux/types.h>
#endif

/* A failed KUNIT_EXPECT_... or, if fatal, KUNIT_ASSERT_..., which does not return. */
struct kunit_where {
	const char *file;
	int line;
	bool fatal;
};

void kunit_fail_condition(struct kunit *test, const struct kunit_where *where, const char *condition,
			  bool expected);
void kunit_fail_numbers(struct kunit *test, const struct kunit_where *where, const char *op,
			const char *left_text, const char *right_text, long long left, long long right);
void kunit_fail_pointers(struct kunit *test, const struct kunit_where *where, const char *op,
			 const char *left_text, const char *right_text, const void *left, const void *right);
void kunit_skip_case(struct kunit *test, const char *why);

/*
 * Runs after every case: nothing a case retired may run into the next one, and
 * a case that the kernel warned about has failed.
 */
void kunit_after_case(struct kunit *test);

/* Threads bound to a CPU; join waits for its function to return. */
struct kunit_thread *kunit_thread_start(void (*func)(void *arg), void *arg, unsigned int cpu);
void kunit_thread_join(struct kunit_thread *thread);
unsigned int kunit_other_cpu(void);
/* 0, or a negative errno: not every CPU can go offline, and the last one must not. */
int kunit_cpu_offline(unsigned int cpu);
int kunit_cpu_online(unsigned int cpu);

/* Whether threads that spin on different CPUs, or that stay in a reader, let each other go on. */
bool kunit_can_spin(void);

/* Whether an allocation takes a hundred times as long as in other kernels. */
bool kunit_is_slow(void);

/* Runs a function in softirq, from a timer, and waits for it. */
void kunit_run_in_softirq(void (*func)(void *arg), void *arg);

/* In a hard interrupt, likewise. */
void kunit_run_in_hardirq(void (*func)(void *arg), void *arg);

/* In an interrupt such as most devices have, likewise: a hard one, or on PREEMPT_RT a thread. */
void kunit_run_in_interrupt(void (*func)(void *arg), void *arg);

/* Lets this task's @nth allocation from now fail, 0: none. Returns whether the one asked for before did. */
bool kunit_can_fail_allocations(void);
bool kunit_fail_allocation(unsigned int nth);

/* Lets all of this task's allocations fail, or no more. */
void kunit_fail_all_allocations(bool fail);

/* A line of the kernel's log, for what happens when no case is there to fail. */
void kunit_say(const char *text);

bool kunit_in_task(void);
bool kunit_softirqs_disabled(void);
bool kunit_irqs_disabled(void);
bool kunit_is_rt(void);
bool kunit_rcu_read_lock_held(void);
void kunit_sleep_ms(unsigned int ms);
void kunit_relax(void);
unsigned long kunit_now_ms(void);

/* Whether memory comes from vmalloc(), and whether vfree() has not taken it back. */
bool kunit_is_vmalloc(const void *ptr);
bool kunit_is_mapped(const void *vmalloced);
unsigned long kunit_free_mib(void);

/* The bytes behind a pointer from the slab allocator, which are as many as its cache's objects have. */
unsigned long kunit_ksize(const void *ptr);

/* The kernel's own flags, in the order of gfp_test.cpp. */
extern const unsigned int kunit_gfp[];

/* The value behind a foreign pointer, as a driver's C code would read it. */
int kunit_foreign_value(const void *foreign);

/* A driver's own xarray, in C. Reading returns the value behind the entry, -1 for none. */
int kunit_c_array_store(unsigned long index, void *foreign);
int kunit_c_array_read(unsigned long index);
void *kunit_c_array_erase(unsigned long index);

/* A driver's own SRCU domain, in C, and whether a grace period of it elapses in that time. */
struct srcu_struct *kunit_c_domain_begin(void);
void kunit_c_domain_end(void);
int kunit_c_domain_read_lock(void);
void kunit_c_domain_read_unlock(int idx);
bool kunit_c_domain_elapses(unsigned int ms);

/* A driver's own locks, in C, and whether they are held; a spin lock knows it only where there are several CPUs. */
struct mutex *kunit_c_mutex(void);
bool kunit_c_mutex_is_locked(void);
struct spinlock *kunit_c_spinlock(void);
bool kunit_c_spinlock_is_locked(void);
bool kunit_spinlock_can_tell(void);

/* How many lines of the log begin so, "<6>" for its level in front. */
unsigned int kunit_said(const char *beginning);

/* The kernel's own time */
extern const int kunit_hz;
unsigned long kunit_jiffies(void);
unsigned long kunit_msecs_to_jiffies(unsigned int ms);

/* What lockdep knows of a lock: false where there is no lockdep. */
struct kunit_lock_class {
	const void *key;
	const char *name;
};

bool kunit_mutex_class(const struct mutex *lock, struct kunit_lock_class *of);
bool kunit_spinlock_class(const struct spinlock *lock, struct kunit_lock_class *of);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* KUNIT_SHIMS_H */
