// SPDX-License-Identifier: GPL-2.0
/// @file
/// Mutex, SpinLock: the kernel's locks, held by guards.
#ifndef KRCU_LOCK_HPP
#define KRCU_LOCK_HPP

#include <concepts>
#include <cstddef>

#include <krcu-constants.h>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/lock_class.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

namespace internal {

/// What the guards of all mutexes are, whatever their tags.
class HeldMutex {
public:
	HeldMutex(const HeldMutex &) = delete;
	HeldMutex &operator=(const HeldMutex &) = delete;

	/// Reads a pointer that this lock protects, and has lockdep check that it is held. See
	/// rcu_dereference_protected().
	friend void *dereference_under(void *const *slot, const HeldMutex &held)
	{
		return krcu_rcu_dereference_under_mutex(slot, held.lock_);
	}

protected:
	explicit HeldMutex(mutex *lock) noexcept : lock_(lock) {}
	~HeldMutex() = default;

	mutex *lock_;
};

/// And those of all spin locks.
class HeldSpinLock {
public:
	HeldSpinLock(const HeldSpinLock &) = delete;
	HeldSpinLock &operator=(const HeldSpinLock &) = delete;

	friend void *dereference_under(void *const *slot, const HeldSpinLock &held)
	{
		return krcu_rcu_dereference_under_spinlock(slot, held.lock_);
	}

protected:
	explicit HeldSpinLock(spinlock *lock) noexcept : lock_(lock) {}
	~HeldSpinLock() = default;

	spinlock *lock_;
};

} // namespace internal

/// A guard of a Mutex or of a SpinLock, of any tag: what Rcu::dereference() and Rcu::copy_update() ask for.
template <class G>
concept LockGuard = std::derived_from<G, internal::HeldMutex> || std::derived_from<G, internal::HeldSpinLock>;

/// The kernel's mutex: one task at a time holds it, and whoever else wants it sleeps.
///
/// lock() returns a guard, which holds the mutex to the end of the scope. It belongs to the task and the scope that
/// made it, so it can be neither copied, moved, allocated, nor left unnamed. A function that wants its caller to hold
/// the lock takes a `const krcu::Mutex<Tag>::Guard &`.
///
/// The tag names the mutex (`static constexpr const char *name`) and gives it a lockdep class: all mutexes of a
/// tag are one class, so nobody may hold two of them at once. It makes mutexes of other tags other types.
///
/// lock() is const: readers see what RCU protects as const, and may change those parts of it that a lock inside
/// it protects, and that are `mutable` for that. A mutex sleeps, so such readers are those of a krcu::Srcu.
///
/// The struct mutex is inside the object, which stays where it is: it can be neither copied nor moved. Its
/// constructor runs code, so it cannot be declared constinit: at namespace scope it is a KRCU_GLOBAL.
/// Nothing happens when it ends, but nobody may hold it then; debug kernels tell of it.
///
/// Clang checks with -Wthread-safety that a function does not lock what it holds, nor a mutex under a ReadGuard or
/// under a spin lock.
///
/// Semantics: Documentation/locking/mutex-design.rst, and lockdep-design.rst for classes.
///
/// Use like:
///
///     struct TableLock {
///             static constexpr const char *name = "mydrv_table";
///     };
///     struct Row {
///             int value;
///     };
///     using RowBox = krcu::RcuKBox<Row>;
///
///     struct Table {
///             krcu::Mutex<TableLock> lock;    // of those who update row
///             krcu::Rcu<RowBox> row;
///
///             int add(int n)
///             {
///                     auto held = lock.lock();
///                     auto old = row.copy_update(held, [&](const Row *r) {
///                             return RowBox::make(krcu::GFP_KERNEL, r ? r->value + n : n);
///                     });
///                     return old ? 0 : old.error();
///             }
///     };
///
/// Use like, with a mutex that C code owns:
///
///     struct mutex;
///     extern "C" mutex *mydrv_lock();         // &lock of the C half's DEFINE_MUTEX(lock)
///
///     struct Setup {
///             static constexpr const char *name = "mydrv_setup";
///     };
///
///     void change_setup(const krcu::Mutex<Setup>::Guard &held);
///
///     void change()
///     {
///             auto held = krcu::Mutex<Setup>::wrap(mydrv_lock()).lock();
///             change_setup(held);
///     }
template <class Tag>
class KRCU_CAPABILITY("mutex") Mutex final {
public:
	/// Holds a mutex of this tag, from lock() to the end of the scope. The mutex must outlive it.
	class KRCU_SCOPED_CAPABILITY [[nodiscard("the lock is released with the guard: give it a name")]]
	Guard final : public internal::HeldMutex {
	public:
		/// Read by the boxes, which refuse what has to stay in its scope.
		static constexpr bool belongs_to_scope = true;

		/// mutex_unlock()
		~Guard() KRCU_RELEASE_GENERIC { krcu_mutex_unlock(lock_); }

		static void *operator new(std::size_t) = delete;
		static void *operator new[](std::size_t) = delete;

	private:
		friend class Mutex;

		explicit Guard(mutex *lock) noexcept KRCU_NO_THREAD_SAFETY_ANALYSIS // lock() tells it
			: HeldMutex(lock)
		{
			krcu_mutex_lock(lock);
		}
	};

	/// A mutex that nobody holds. See mutex_init().
	Mutex() noexcept { krcu_mutex_init(get(), internal::lock_name<Tag>, internal::lock_class<Mutex>); }

	Mutex(const Mutex &) = delete;
	Mutex &operator=(const Mutex &) = delete;

	/// Waits until nobody else holds it.
	/// Context: process, outside RCU's read-side critical sections, without a spin lock. Sleeps. See mutex_lock().
	Guard lock() const & noexcept KRCU_LIFETIMEBOUND KRCU_ACQUIRE(this) KRCU_EXCLUDES(internal::rcu)
		KRCU_NO_THREAD_SAFETY_ANALYSIS // its callers are checked
	{
		return Guard(get());
	}
	Guard lock() const && = delete; // the mutex would be gone before the guard

	/// A mutex that C code owns, as one of this tag: a copyable pointer to it, whose lock() returns the same Guard.
	/// Its name and its lockdep class are the C code's.
	class KRCU_CAPABILITY("mutex") Wrapper final {
	public:
		/// As Mutex::lock().
		Guard lock() const noexcept KRCU_ACQUIRE(this)
			KRCU_EXCLUDES(internal::rcu) KRCU_NO_THREAD_SAFETY_ANALYSIS
		{
			return Guard(lock_);
		}

	private:
		friend class Mutex;

		explicit Wrapper(mutex *lock) noexcept : lock_(lock) {}

		mutex *lock_;
	};

	/// `lock` is not null, and outlives the wrapper and its guards.
	/// Context: any.
	static Wrapper wrap(mutex *lock) noexcept { return Wrapper(lock); }

private:
	// Holds because the constructor makes one there. Changed though const, which is what a lock is for.
	mutex *get() const noexcept { return reinterpret_cast<mutex *>(storage_); }

	alignas(KRCU_MUTEX_ALIGN) mutable std::byte storage_[KRCU_MUTEX_SIZE];
};

/// The kernel's spinlock_t: one CPU at a time holds it, and whoever else wants it spins.
///
/// Guards, the tag, constness, the object's place and C's locks are as a Mutex's. Three functions lock it. Which one
/// depends on who else takes a lock of this tag:
///
/// - lock(): process context alone.
/// - lock_bh(): softirqs, too: destructors that RCU runs, timers, network drivers.
/// - lock_irqsave(): hard interrupts, too, or code that has interrupts disabled.
///
/// Each suits the contexts of those above it. lock() also does inside a softirq where no hard interrupt takes the lock,
/// and inside a hard interrupt.
///
/// A function that wants its caller to hold the lock, however taken, takes a `const krcu::SpinLock<Tag>::Guard &`.
///
/// Nothing may sleep while a guard lives. On PREEMPT_RT the lock itself sleeps: there it disables neither preemption
/// nor interrupts, and is not for hard interrupts, nor for code that has interrupts disabled.
///
/// Clang checks with -Wthread-safety that a function does not lock what it holds, and that no function of krcu that
/// sleeps is called where a guard of the same function lives.
///
/// Semantics: Documentation/locking/spinlocks.rst, lockdep-design.rst for classes, locktypes.rst for PREEMPT_RT.
///
/// Use like:
///
///     struct StatsLock {
///             static constexpr const char *name = "mydrv_stats";
///     };
///     struct Session {
///             krcu::SpinLock<StatsLock> lock;
///             mutable unsigned long packets = 0, bytes = 0;
///     };
///     KRCU_GLOBAL(session, krcu::Rcu<krcu::RcuKBox<Session>>);
///
///     void count(unsigned long bytes)         // softirq, too
///     {
///             krcu::ReadGuard guard;
///             auto s = session->dereference(guard);
///             if (!s)
///                     return;
///             auto held = s->lock.lock_bh();
///             s->packets++;
///             s->bytes += bytes;
///     }
template <class Tag>
class KRCU_CAPABILITY("spin lock") SpinLock final {
public:
	/// What all guards of this tag's locks are. They hold the lock from its locking to the end of the scope, and
	/// the lock must outlive them.
	class Guard : public internal::HeldSpinLock {
	public:
		/// Read by the boxes, which refuse what has to stay in its scope.
		static constexpr bool belongs_to_scope = true;

		static void *operator new(std::size_t) = delete;
		static void *operator new[](std::size_t) = delete;

	protected:
		using HeldSpinLock::HeldSpinLock;
		~Guard() = default;
	};

	/// From lock().
	class KRCU_SCOPED_CAPABILITY [[nodiscard("the lock is released with the guard: give it a name")]]
	PlainGuard final : public Guard {
	public:
		/// spin_unlock()
		~PlainGuard() KRCU_RELEASE_GENERIC { krcu_spin_unlock(this->lock_); }

	private:
		friend class SpinLock;

		explicit PlainGuard(spinlock *lock) noexcept KRCU_NO_THREAD_SAFETY_ANALYSIS // as below
			: Guard(lock)
		{
			krcu_spin_lock(lock);
		}
	};

	/// From lock_bh().
	class KRCU_SCOPED_CAPABILITY [[nodiscard("the lock is released with the guard: give it a name")]]
	BhGuard final : public Guard {
	public:
		/// spin_unlock_bh()
		~BhGuard() KRCU_RELEASE_GENERIC { krcu_spin_unlock_bh(this->lock_); }

	private:
		friend class SpinLock;

		explicit BhGuard(spinlock *lock) noexcept KRCU_NO_THREAD_SAFETY_ANALYSIS : Guard(lock)
		{
			krcu_spin_lock_bh(lock);
		}
	};

	/// From lock_irqsave().
	class KRCU_SCOPED_CAPABILITY [[nodiscard("the lock is released with the guard: give it a name")]]
	IrqsaveGuard final : public Guard {
	public:
		/// spin_unlock_irqrestore()
		~IrqsaveGuard() KRCU_RELEASE_GENERIC { krcu_spin_unlock_irqrestore(this->lock_, flags_); }

	private:
		friend class SpinLock;

		explicit IrqsaveGuard(spinlock *lock) noexcept KRCU_NO_THREAD_SAFETY_ANALYSIS
			: Guard(lock),
			  flags_(krcu_spin_lock_irqsave(lock))
		{
		}

		unsigned long flags_;
	};

	/// A lock that nobody holds. See spin_lock_init().
	SpinLock() noexcept { krcu_spin_lock_init(get(), internal::lock_name<Tag>, internal::lock_class<SpinLock>); }

	SpinLock(const SpinLock &) = delete;
	SpinLock &operator=(const SpinLock &) = delete;

	/// Waits, spinning, until nobody else holds it.
	/// Context: as said above. See spin_lock().
	PlainGuard lock() const & noexcept KRCU_LIFETIMEBOUND KRCU_ACQUIRE(this)
		KRCU_ACQUIRE_SHARED(internal::spinning) KRCU_NO_THREAD_SAFETY_ANALYSIS // its callers are checked
	{
		return PlainGuard(get());
	}

	/// Disables softirqs on this CPU as well.
	/// Context: process or softirq, with interrupts enabled. See spin_lock_bh().
	BhGuard lock_bh() const & noexcept KRCU_LIFETIMEBOUND KRCU_ACQUIRE(this)
		KRCU_ACQUIRE_SHARED(internal::spinning) KRCU_NO_THREAD_SAFETY_ANALYSIS
	{
		return BhGuard(get());
	}

	/// Disables interrupts on this CPU as well, and leaves them as they were.
	/// Context: any but NMI; on PREEMPT_RT process or softirq. See spin_lock_irqsave().
	IrqsaveGuard lock_irqsave() const & noexcept KRCU_LIFETIMEBOUND KRCU_ACQUIRE(this)
		KRCU_ACQUIRE_SHARED(internal::spinning) KRCU_NO_THREAD_SAFETY_ANALYSIS
	{
		return IrqsaveGuard(get());
	}

	PlainGuard lock() const && = delete; // the lock would be gone before the guard
	BhGuard lock_bh() const && = delete;
	IrqsaveGuard lock_irqsave() const && = delete;

	/// A spinlock_t that C code owns, as one of this tag: see Mutex::Wrapper.
	class KRCU_CAPABILITY("spin lock") Wrapper final {
	public:
		/// As SpinLock::lock().
		PlainGuard lock() const noexcept KRCU_ACQUIRE(this) KRCU_ACQUIRE_SHARED(internal::spinning)
			KRCU_NO_THREAD_SAFETY_ANALYSIS
		{
			return PlainGuard(lock_);
		}

		/// As SpinLock::lock_bh().
		BhGuard lock_bh() const noexcept KRCU_ACQUIRE(this) KRCU_ACQUIRE_SHARED(internal::spinning)
			KRCU_NO_THREAD_SAFETY_ANALYSIS
		{
			return BhGuard(lock_);
		}

		/// As SpinLock::lock_irqsave().
		IrqsaveGuard lock_irqsave() const noexcept KRCU_ACQUIRE(this) KRCU_ACQUIRE_SHARED(internal::spinning)
			KRCU_NO_THREAD_SAFETY_ANALYSIS
		{
			return IrqsaveGuard(lock_);
		}

	private:
		friend class SpinLock;

		explicit Wrapper(spinlock *lock) noexcept : lock_(lock) {}

		spinlock *lock_;
	};

	/// See Mutex::wrap(); C's spinlock_t is a `struct spinlock`.
	/// Context: any.
	static Wrapper wrap(spinlock *lock) noexcept { return Wrapper(lock); }

private:
	// Holds because the constructor makes one there. Changed though const, which is what a lock is for.
	spinlock *get() const noexcept { return reinterpret_cast<spinlock *>(storage_); }

	// Empty on one CPU, which C++ has no arrays for.
	alignas(KRCU_SPINLOCK_ALIGN) mutable std::byte storage_[KRCU_SPINLOCK_SIZE ? KRCU_SPINLOCK_SIZE : 1];
};

} // namespace krcu

#endif // KRCU_LOCK_HPP
