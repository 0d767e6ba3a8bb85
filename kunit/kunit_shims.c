// SPDX-License-Identifier: GPL-2.0
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>
#include <kunit/test.h>

#include "kunit_shims.h"

static struct srcu_struct c_domain;

struct srcu_struct *kunit_c_domain_begin(void)
{
	return init_srcu_struct(&c_domain) ? NULL : &c_domain;
}

void kunit_c_domain_end(void)
{
	cleanup_srcu_struct(&c_domain);
}

int kunit_c_domain_read_lock(void)
	__acquires(&c_domain)
{
	return srcu_read_lock(&c_domain);
}

void kunit_c_domain_read_unlock(int idx)
	__releases(&c_domain)
{
	srcu_read_unlock(&c_domain, idx);
}

bool kunit_c_domain_elapses(unsigned int ms)
{
	unsigned long cookie = start_poll_synchronize_srcu(&c_domain);

	msleep(ms);
	return poll_state_synchronize_srcu(&c_domain, cookie);
}

static DEFINE_MUTEX(c_mutex);
static DEFINE_SPINLOCK(c_spinlock);

struct mutex *kunit_c_mutex(void)
{
	return &c_mutex;
}

bool kunit_c_mutex_is_locked(void)
{
	return mutex_is_locked(&c_mutex);
}

struct spinlock *kunit_c_spinlock(void)
{
	return &c_spinlock;
}

bool kunit_c_spinlock_is_locked(void)
{
	return spin_is_locked(&c_spinlock);
}

bool kunit_spinlock_can_tell(void)
{
	return IS_ENABLED(CONFIG_SMP);
}

bool kunit_mutex_class(const struct mutex *lock, struct kunit_lock_class *of)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	of->key = lock->dep_map.key;
	of->name = lock->dep_map.name;
#endif
	return IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC);
}

bool kunit_spinlock_class(const struct spinlock *lock, struct kunit_lock_class *of)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	of->key = lock->dep_map.key;
	of->name = lock->dep_map.name;
#endif
	return IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC);
}

void kunit_say(const char *text)
{
	pr_info("krcu_kunit: %s\n", text);
}

unsigned int kunit_said(const char *beginning)
{
	struct kmsg_dump_iter log;
	static char line[512];
	unsigned int times = 0;
	size_t length;
	char *text;

	kmsg_dump_rewind(&log);
	while (kmsg_dump_get_line(&log, true, line, sizeof(line) - 1, &length)) {
		line[length] = '\0';
		/* Level, time and caller come first, the latter two if the kernel is so configured. */
		text = strstr(line, "krcu_kunit: ");
		if (!strncmp(line, beginning, 3) && text && !strncmp(text, beginning + 3, strlen(beginning + 3)))
			times++;
	}
	return times;
}

const int kunit_hz = HZ;

unsigned long kunit_jiffies(void)
{
	return jiffies;
}

unsigned long kunit_msecs_to_jiffies(unsigned int ms)
{
	return msecs_to_jiffies(ms);
}

MODULE_DESCRIPTION("KUnit suites of krcu");
MODULE_LICENSE("GPL");

/*
 * KUNIT_EXPECT_...() take file and line from where they stand, which would be
 * here. So report as they do, with the place in the C++ source.
 */
static void report(struct kunit *test, const struct kunit_where *where,
		   const struct kunit_assert *assert, assert_format_t format)
{
	const struct kunit_loc loc = { .file = where->file, .line = where->line };
	enum kunit_assert_type type = where->fatal ? KUNIT_ASSERTION : KUNIT_EXPECTATION;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	__kunit_do_failed_assertion(test, &loc, type, assert, format, NULL);
	if (where->fatal)
		__kunit_abort(test);
#else
	kunit_do_failed_assertion(test, &loc, type, assert, format, NULL);
#endif
}

void kunit_fail_condition(struct kunit *test, const struct kunit_where *where, const char *condition,
			  bool expected)
{
	const struct kunit_unary_assert assert = { .condition = condition, .expected_true = expected };

	report(test, where, &assert.assert, kunit_unary_assert_format);
}

void kunit_fail_numbers(struct kunit *test, const struct kunit_where *where, const char *op,
			const char *left_text, const char *right_text, long long left, long long right)
{
	const struct kunit_binary_assert_text text = { op, left_text, right_text };
	const struct kunit_binary_assert assert = { .text = &text, .left_value = left, .right_value = right };

	report(test, where, &assert.assert, kunit_binary_assert_format);
}

void kunit_fail_pointers(struct kunit *test, const struct kunit_where *where, const char *op,
			 const char *left_text, const char *right_text, const void *left, const void *right)
{
	const struct kunit_binary_assert_text text = { op, left_text, right_text };
	const struct kunit_binary_ptr_assert assert = { .text = &text, .left_value = left, .right_value = right };

	report(test, where, &assert.assert, kunit_binary_ptr_assert_format);
}

void kunit_skip_case(struct kunit *test, const char *why)
{
	kunit_skip(test, "%s", why);
}

/* Only the first splat since boot shows: neither taints nor lockdep can be reset. */
static bool kernel_complained(void)
{
	return test_taint(TAINT_WARN) || test_taint(TAINT_BAD_PAGE) || test_taint(TAINT_DIE) || !debug_locks;
}

void kunit_after_case(struct kunit *test)
{
	static bool known;

	rcu_barrier();
	if (!known && kernel_complained()) {
		known = true;
		KUNIT_FAIL(test, "the kernel warned: see its log above");
	}
}

struct kunit_thread {
	void (*func)(void *arg);
	void *arg;
	struct task_struct *task;
	struct completion done;
};

static int thread_main(void *data)
{
	struct kunit_thread *thread = data;

	thread->func(thread->arg);
	complete(&thread->done);
	/* kthread_stop() wants a thread that is still there. */
	while (!kthread_should_stop())
		usleep_range(100, 200);
	return 0;
}

struct kunit_thread *kunit_thread_start(void (*func)(void *arg), void *arg, unsigned int cpu)
{
	struct kunit_thread *thread;

	if (cpu >= nr_cpu_ids || !cpu_online(cpu))
		return NULL;
	thread = kmalloc(sizeof(*thread), GFP_KERNEL);
	if (!thread)
		return NULL;
	thread->func = func;
	thread->arg = arg;
	init_completion(&thread->done);
	thread->task = kthread_create(thread_main, thread, "krcu_kunit/%u", cpu);
	if (IS_ERR(thread->task)) {
		kfree(thread);
		return NULL;
	}
	kthread_bind(thread->task, cpu);
	wake_up_process(thread->task);
	return thread;
}

void kunit_thread_join(struct kunit_thread *thread)
{
	wait_for_completion(&thread->done);
	kthread_stop(thread->task);
	kfree(thread);
}

/* On one CPU: that one, where the readers then rely on preemption. */
unsigned int kunit_other_cpu(void)
{
	unsigned int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

#ifdef CONFIG_HOTPLUG_CPU
int kunit_cpu_offline(unsigned int cpu)
{
	return remove_cpu(cpu);
}

int kunit_cpu_online(unsigned int cpu)
{
	return add_cpu(cpu);
}
#else
int kunit_cpu_offline(unsigned int cpu)
{
	return -EOPNOTSUPP;
}

int kunit_cpu_online(unsigned int cpu)
{
	return -EOPNOTSUPP;
}
#endif

bool kunit_can_spin(void)
{
	return num_online_cpus() > 1 || IS_ENABLED(CONFIG_PREEMPTION);
}

bool kunit_is_slow(void)
{
	return IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN);
}

struct softirq_call {
	struct timer_list timer;
	struct completion done;
	void (*func)(void *arg);
	void *arg;
};

static void softirq_call_fire(struct timer_list *timer)
{
	struct softirq_call *call = container_of(timer, struct softirq_call, timer);

	call->func(call->arg);
	complete(&call->done);
}

void kunit_run_in_softirq(void (*func)(void *arg), void *arg)
{
	struct softirq_call call = { .func = func, .arg = arg };

	init_completion(&call.done);
	timer_setup_on_stack(&call.timer, softirq_call_fire, 0);
	mod_timer(&call.timer, jiffies + 1);
	wait_for_completion(&call.done);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	timer_delete_sync(&call.timer);
	timer_destroy_on_stack(&call.timer);
#else
	del_timer_sync(&call.timer);
	destroy_timer_on_stack(&call.timer);
#endif
}

struct hardirq_call {
	struct irq_work work;
	void (*func)(void *arg);
	void *arg;
};

static void hardirq_call_fire(struct irq_work *work)
{
	struct hardirq_call *call = container_of(work, struct hardirq_call, work);

	call->func(call->arg);
}

static void run_irq_work(struct irq_work work, void (*func)(void *arg), void *arg)
{
	struct hardirq_call call = { .work = work, .func = func, .arg = arg };

	irq_work_queue(&call.work);
	irq_work_sync(&call.work);
}

void kunit_run_in_hardirq(void (*func)(void *arg), void *arg)
{
	run_irq_work(IRQ_WORK_INIT_HARD(hardirq_call_fire), func, arg);
}

void kunit_run_in_interrupt(void (*func)(void *arg), void *arg)
{
	run_irq_work(IRQ_WORK_INIT(hardirq_call_fire), func, arg);
}

bool kunit_in_task(void)
{
	return in_task() && !in_softirq();
}

bool kunit_softirqs_disabled(void)
{
	return softirq_count();
}

bool kunit_irqs_disabled(void)
{
	return irqs_disabled();
}

bool kunit_is_rt(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT);
}

bool kunit_rcu_read_lock_held(void)
{
	return rcu_read_lock_held();
}

void kunit_sleep_ms(unsigned int ms)
{
	msleep(ms);
}

void kunit_relax(void)
{
	cpu_relax();
}

unsigned long kunit_now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

bool kunit_is_vmalloc(const void *ptr)
{
	return is_vmalloc_addr(ptr);
}

bool kunit_is_mapped(const void *vmalloced)
{
	return vmalloc_to_page(vmalloced);
}

unsigned long kunit_free_mib(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram >> (20 - PAGE_SHIFT);
}

unsigned long kunit_ksize(const void *ptr)
{
	return ksize(ptr);
}

#define FLAG(flag) ((__force unsigned int)(flag))

const unsigned int kunit_gfp[] = {
	FLAG(GFP_KERNEL), FLAG(GFP_KERNEL_ACCOUNT), FLAG(GFP_ATOMIC), FLAG(GFP_NOWAIT),
	FLAG(GFP_NOIO), FLAG(GFP_NOFS), FLAG(GFP_USER), FLAG(__GFP_ZERO),
	FLAG(__GFP_NOWARN), FLAG(__GFP_NORETRY), FLAG(__GFP_RETRY_MAYFAIL), FLAG(__GFP_NOFAIL),
	FLAG(__GFP_HIGH), FLAG(__GFP_ACCOUNT),
};

/* An RcuBox of an int: see into_foreign(). */
struct foreign_object {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	struct kvfree_rcu_head rcu;
#else
	struct rcu_head rcu;
#endif
	int value;
};

int kunit_foreign_value(const void *foreign)
{
	const struct foreign_object *object = foreign;

	return object->value;
}

static DEFINE_XARRAY(c_array);

int kunit_c_array_store(unsigned long index, void *foreign)
{
	return xa_err(xa_store(&c_array, index, foreign, GFP_KERNEL));
}

int kunit_c_array_read(unsigned long index)
{
	const struct foreign_object *object;
	int value;

	rcu_read_lock();
	object = xa_load(&c_array, index);
	value = object ? object->value : -1;
	rcu_read_unlock();
	return value;
}

void *kunit_c_array_erase(unsigned long index)
{
	return xa_erase(&c_array, index);
}

bool kunit_can_fail_allocations(void)
{
	return IS_ENABLED(CONFIG_FAILSLAB);
}

bool kunit_fail_allocation(unsigned int nth)
{
	bool failed = false;

#ifdef CONFIG_FAILSLAB
	/* It counts down to the one that fails. */
	failed = !READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, nth);
#endif
	return failed;
}

/* Needs failslab's task-filter and probability: scripts/guests/kunit.sh */
void kunit_fail_all_allocations(bool fail)
{
#ifdef CONFIG_FAILSLAB
	current->make_it_fail = fail;
#endif
}
