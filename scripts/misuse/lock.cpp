// SPDX-License-Identifier: GPL-2.0
// Mutex, SpinLock and their guards. Read by scripts/misuse/misuse-test.sh, which says how.
#include <optional>

#include <krcu/krcu.hpp>

struct Table {
	static constexpr const char *name = "table";
};
struct Queue {
	static constexpr const char *name = "queue";
};
using Mutex = krcu::Mutex<Table>;
using Spin = krcu::SpinLock<Table>;

#ifdef MISUSE_a_mutex_at_namespace_scope // error: (call to non-.constexpr. function|does not have a constant initializer)
constinit Mutex global;
#endif
#ifdef MISUSE_a_spin_lock_at_namespace_scope // error: (call to non-.constexpr. function|does not have a constant initializer)
constinit Spin global;
#endif

void needs(const Mutex::Guard &);
void needs(const Spin::Guard &);

void names(const Mutex &lock, const Spin &spin)
{
	{
#ifdef MISUSE_a_nameless_guard_of_a_mutex // error: the lock is released with the guard: give it a name
		lock.lock();
#else
		auto held = lock.lock();
		needs(held);
#endif
	}
	{
#ifdef MISUSE_a_nameless_guard_of_a_spin_lock // error: the lock is released with the guard: give it a name
		spin.lock_bh();
#else
		auto held = spin.lock_bh();
		needs(held);
#endif
	}
	{
#ifdef MISUSE_a_nameless_guard_of_disabled_interrupts // error: the lock is released with the guard: give it a name
		spin.lock_irqsave();
#else
		auto held = spin.lock_irqsave();
		needs(held);
#endif
	}
	{
		auto held = spin.lock();
		needs(held);
	}
}

void places(Mutex &lock, Spin &spin, Mutex::Guard &guard, Spin::BhGuard &bh)
{
#ifdef MISUSE_copying_a_mutex // error: (use of|call to) deleted (function|constructor)
	Mutex copy(lock);
#endif
#ifdef MISUSE_moving_a_mutex // error: (use of|call to) deleted (function|constructor)
	Mutex moved(std::move(lock));
#endif
#ifdef MISUSE_copying_a_spin_lock // error: (use of|call to) deleted (function|constructor)
	Spin copy(spin);
#endif
#ifdef MISUSE_assigning_a_spin_lock // error: (use of deleted function|overload resolution selected deleted operator)
	Spin other;
	other = spin;
#endif
#ifdef MISUSE_copying_a_locks_guard // error: (use of|call to) (implicitly-)?deleted (copy )?(function|constructor)
	Mutex::Guard copy(guard);
#endif
#ifdef MISUSE_moving_a_locks_guard // error: (use of|call to) (implicitly-)?deleted (copy )?(function|constructor)
	Spin::BhGuard moved(std::move(bh));
#endif
#ifdef MISUSE_a_locks_guard_on_the_heap // error: (use of|call to) deleted function
	auto *heap = new Mutex::Guard(lock.lock());
#endif
#ifdef MISUSE_a_spin_locks_guard_on_the_heap // error: (use of|call to) deleted function
	auto *heap = new Spin::BhGuard(spin.lock_bh());
#endif
#ifdef MISUSE_a_mutex_that_goes_before_its_guard // error: (use of|call to) deleted (member )?function
	auto gone = Mutex().lock();
#endif
#ifdef MISUSE_a_spin_lock_that_goes_before_its_guard // error: (use of|call to) deleted (member )?function
	auto gone = Spin().lock_irqsave();
#endif
	(void)lock;
	(void)spin;
	(void)guard;
	(void)bh;
}

void boxes(const Spin &spin)
{
#ifdef MISUSE_boxing_a_locks_guard // error: krcu: a guard belongs to the scope that made it and cannot be boxed
	auto box = krcu::KBox<Mutex::Guard>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_boxing_what_may_hold_a_spin_lock // error: krcu: a guard belongs to the scope that made it and cannot be boxed
	auto box = krcu::RcuKBox<std::optional<Spin::BhGuard>>::make(krcu::GFP_KERNEL);
#endif
	auto held = spin.lock();
	needs(held);
}

void tags(const krcu::Mutex<Queue> &queue, const Spin &spin)
{
	{
		auto held = queue.lock();
#ifdef MISUSE_a_guard_of_another_lock // error: (no matching function for call|cannot convert|invalid initialization|could not convert)
		needs(held);
#endif
	}
	auto held = spin.lock();
	needs(held);
}

// With -Wthread-safety. GCC has no such check.

void sleeps(const Mutex &lock, const Spin &spin)
{
	{
		krcu::ReadGuard guard;
		auto held = spin.lock_bh();
#ifdef MISUSE_a_mutex_under_a_guard // Clang error: cannot call function 'lock' while read-side critical section 'rcu' is held
		auto sleeping = lock.lock();
#endif
	}
	{
		auto held = spin.lock();
#ifdef MISUSE_a_mutex_under_a_spin_lock // Clang error: cannot call function 'lock' while spin lock section 'spinning' is held
		auto sleeping = lock.lock();
#endif
#ifdef MISUSE_synchronize_rcu_under_a_spin_lock // Clang error: cannot call function 'synchronize_rcu' while spin lock section 'spinning' is held
		krcu::synchronize_rcu();
#endif
	}
	{
		auto held = lock.lock();
#ifdef MISUSE_locking_what_is_held // Clang error: acquiring mutex 'lock' that is already held
		auto twice = lock.lock();
#endif
		auto spinning = spin.lock_irqsave();
#ifdef MISUSE_draining_with_interrupts_disabled // Clang error: cannot call function 'drain' while spin lock section 'spinning' is held
		krcu::drain();
#endif
	}
	auto held = lock.lock();
	krcu::synchronize_rcu();
}

struct mutex;
struct spinlock;

void wraps(mutex *lock, spinlock *spin)
{
	{
		auto held = Spin::wrap(spin).lock_irqsave();
		needs(held);
#ifdef MISUSE_synchronize_rcu_under_a_spin_lock_of_c // Clang error: cannot call function 'synchronize_rcu' while spin lock section 'spinning' is held
		krcu::synchronize_rcu();
#endif
	}
	auto wrapper = Mutex::wrap(lock);
	auto held = wrapper.lock();
	needs(held);
	krcu::synchronize_rcu();
}
