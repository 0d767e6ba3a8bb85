// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the suites share: objects that count their ends, an allocator that counts and fails, and
/// readers on another CPU.
#ifndef SUPPORT_HPP
#define SUPPORT_HPP

#include <cstddef>
#include <new>
#include <utility>

#include <krcu/krcu.hpp>

#include "kunit.hpp"

/// A number that several CPUs may touch.
class Counter {
public:
	constexpr Counter() = default;
	Counter &operator=(long value)
	{
		__atomic_store_n(&value_, value, __ATOMIC_SEQ_CST);
		return *this;
	}
	void operator++() { __atomic_fetch_add(&value_, 1, __ATOMIC_SEQ_CST); }
	operator long() const { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }

private:
	long value_ = 0;
};

/// Counts its constructions and destructions; a case begins with Object::reset().
struct Object {
	static inline constinit Counter made, destroyed, destroyed_in_task, destroyed_dead;

	static void reset() { made = destroyed = destroyed_in_task = destroyed_dead = 0; }

	Object(int v = 0) : value(v) { ++made; }
	~Object()
	{
		if (value == dead)
			++destroyed_dead;
		// Volatile: compilers leave out what is stored into an object that ends.
		*const_cast<volatile int *>(&value) = dead;
		if (kunit_in_task())
			++destroyed_in_task;
		++destroyed;
	}
	Object(const Object &) = delete;
	Object &operator=(const Object &) = delete;

	static constexpr int dead = -1;
	int value;
};

/// An Object of at least that size and alignment.
template <std::size_t size, std::size_t align = alignof(Object)>
struct alignas(align) LargeObject : Object {
	unsigned char bytes[size];
};

/// The same without a destructor.
template <std::size_t size, std::size_t align = 1>
struct alignas(align) Bytes {
	unsigned char bytes[size];
};

/// More than there is memory for.
using Huge = Bytes<1ul << (sizeof(long) > 4 ? 40 : 30)>;

/// For an RcuFreeBox: counts its drops.
struct CountsDrops {
	static inline constinit Counter dropped;

	void drop_before_gp() { ++dropped; }

	int value;
};

/// An allocator that counts what it does, and fails when told; a case begins with Traced<...>::reset().
template <krcu::Allocator Base = krcu::Kmalloc>
struct Traced {
	static inline constinit Counter allocated, last_size, freed, freed_rcu;
	static inline constinit Counter failing;

	static void reset() { allocated = last_size = freed = freed_rcu = failing = 0; }

	static constexpr std::size_t max_align = Base::max_align, head_size = Base::head_size;

	static void *alloc(std::size_t size, std::size_t align, krcu::gfp_t gfp)
	{
		if (failing)
			return nullptr;
		++allocated;
		last_size = size;
		return Base::alloc(size, align, gfp);
	}
	static void free(void *p)
	{
		++freed;
		Base::free(p);
	}
	static void free_rcu(callback_head *head)
	{
		++freed_rcu;
		Base::free_rcu(head);
	}
};

/// Owns a T that is freed the moment the owner goes: a smart pointer that knows nothing of RCU.
template <class T>
class PlainOwner {
public:
	using element_type = T;

	constexpr PlainOwner() = default;
	explicit PlainOwner(int value)
	{
		if (void *memory = krcu::Kmalloc::alloc(sizeof(T), alignof(T), krcu::GFP_KERNEL))
			ptr_ = ::new (memory) T(value);
	}
	PlainOwner(PlainOwner &&other) : ptr_(std::exchange(other.ptr_, nullptr)) {}
	PlainOwner &operator=(PlainOwner &&other)
	{
		std::swap(ptr_, other.ptr_);
		return *this;
	}
	~PlainOwner()
	{
		if (ptr_) {
			ptr_->~T();
			krcu::Kmalloc::free(ptr_);
		}
	}

	explicit operator bool() const { return ptr_; }

	void *into_foreign() && { return std::exchange(ptr_, nullptr); }
	static PlainOwner from_foreign(void *foreign)
	{
		PlainOwner owner;

		owner.ptr_ = static_cast<T *>(foreign);
		return owner;
	}
	static const T &borrow(void *foreign) { return *static_cast<T *>(foreign); }

private:
	T *ptr_ = nullptr;
};

/// How long a case waits for what should come at once: it then fails, where it would hang otherwise. An emulated CPU
/// may get no time for a minute.
constexpr unsigned int patience_ms = 90'000;

/// Spins until `condition()` holds; returns whether it did in time. Never sleeps, so it may stand under a guard.
template <class F>
bool spin_until(F condition, unsigned int limit_ms = patience_ms)
{
	const auto give_up = kunit_now_ms() + limit_ms;

	while (!condition()) {
		if (kunit_now_ms() >= give_up)
			return false;
		kunit_relax();
	}
	return true;
}

/// Both CPUs go on from their nth meeting at the same moment: a race that is lost is lost within a few
/// instructions.
inline void meet(Counter &arrived, int n)
{
	++arrived;
	while (arrived < 2 * n)
		kunit_relax();
}

inline void spin_ms(unsigned int ms)
{
	spin_until([] { return false; }, ms);
}

/// Sleeps until `condition()` holds; returns whether it did in time.
template <class F>
bool sleep_until(F condition, unsigned int limit_ms = patience_ms)
{
	const auto give_up = kunit_now_ms() + limit_ms;

	while (!condition()) {
		if (kunit_now_ms() >= give_up)
			return false;
		kunit_sleep_ms(1);
	}
	return true;
}

/// First in a case whose threads spin: on one CPU without preemption none of them lets another go on.
#define NEEDS_CONCURRENCY() (kunit_can_spin() ? (void)0 : SKIP("one CPU, and no preemption"))

/// Runs a function on another CPU, from construction; the end of the scope waits for it.
template <class F>
class OnOtherCpu {
public:
	explicit OnOtherCpu(F f) : f_(std::move(f)), thread_(kunit_thread_start(run, this, kunit_other_cpu())) {}
	~OnOtherCpu()
	{
		if (thread_)
			kunit_thread_join(thread_);
	}
	OnOtherCpu(const OnOtherCpu &) = delete;

	explicit operator bool() const { return thread_; }

private:
	static void run(void *self) { static_cast<OnOtherCpu *>(self)->f_(); }

	F f_;
	kunit_thread *thread_;
};

/// A reader on another CPU: from construction on it is under a guard, until leave() or the end of the scope.
///
///     Reader reader([](const krcu::ReadGuard &guard, auto stay) {
///             auto object = shared.dereference(guard);
///             stay(); // stay(30): leaves after 30 ms at the latest
///             seen = object->value;
///     });
///     ASSERT_TRUE(reader);
struct Stays {
	void operator()(const krcu::ReadGuard &, auto stay) const { stay(); }
};
template <class F = Stays>
class Reader {
public:
	explicit Reader(F read = {}) : read_(std::move(read)), thread_(Run{ this })
	{
		if (thread_)
			spin_until([this] { return inside_ != 0; });
	}
	~Reader() { leave(); }
	Reader(const Reader &) = delete;

	explicit operator bool() const { return bool(thread_); }
	void leave() { leave_ = 1; }

	/// Whether it is surely still under its guard.
	bool reading() const { return inside_ == 1; }

private:
	struct Run {
		Reader *self;
		void operator()() const { self->run(); }
	};
	struct Stay {
		Reader *self;
		void operator()(unsigned int limit_ms = patience_ms) const
		{
			self->inside_ = 1;
			spin_until([this] { return self->leave_ != 0; }, limit_ms);
		}
	};

	void run()
	{
		krcu::ReadGuard guard;

		read_(guard, Stay{ this });
		inside_ = 2; // and out
	}

	F read_;
	Counter inside_, leave_;
	OnOtherCpu<Run> thread_; // last, as the thread uses the others
};

/// Of domains and locks in more than one source.
struct SharedTag {
	static constexpr const char *name = "krcu_kunit_shared";
};

/// A reader on another CPU that sleeps in the domain, until told to leave or for so long.
template <class Tag>
class Sleeper {
public:
	explicit Sleeper(const krcu::Srcu<Tag> &domain, unsigned int ms = patience_ms)
		: domain_(domain), ms_(ms), thread_(Run{ this })
	{
		if (thread_)
			sleep_until([this] { return inside_ != 0; });
	}
	~Sleeper() { leave(); }
	Sleeper(const Sleeper &) = delete;

	explicit operator bool() const { return bool(thread_); }
	void leave() { leave_ = 1; }

	/// Whether it is surely still under its guard.
	bool reading() const { return inside_ == 1; }

private:
	struct Run {
		Sleeper *self;
		void operator()() const { self->run(); }
	};
	void run()
	{
		auto guard = domain_.read_lock();

		inside_ = 1;
		sleep_until([this] { return leave_ != 0; }, ms_);
		inside_ = 2;
	}

	const krcu::Srcu<Tag> &domain_;
	unsigned int ms_;
	Counter inside_, leave_;
	OnOtherCpu<Run> thread_;
};

#endif // SUPPORT_HPP
