// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the torture's tasks work with: counts, tasks, and objects that tell whether they are still alive.
#ifndef OBJECTS_HPP
#define OBJECTS_HPP

#include <cstddef>
#include <optional>
#include <utility>

#include <krcu/krcu.hpp>

#include "torture.h"

namespace torture {

/// The longest that a reader may take to leave, in an emulated machine that is overloaded.
constexpr unsigned int patience_ms = 60'000;

/// The kinds of object, each counted by itself; names are in torture.cpp.
enum Kind : unsigned int {
	plain,
	boxed,
	worked,
	arrays,
	vmalloced,
	kvmalloced,
	cached,
	free_boxed,
	polled,
	indexed,
	submitted,
	hurried,
	srcu_submitted,
	srcu_boxed,
	waiting,
	waiting_vmalloced,
	domains,
	in_domain,
	planted,
	kinds
};
extern const char *const names[kinds];

inline void fail(const char *what, Kind kind)
{
	torture_fail(what, names[kind]);
}

/// A number that several tasks may change.
class Counter {
public:
	unsigned long next() { return __atomic_add_fetch(&value_, 1, __ATOMIC_RELAXED); }
	unsigned long get() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }

private:
	unsigned long value_ = 0;
};

/// A number that one task changes and others look at.
class Tally {
public:
	void add() { __atomic_store_n(&value_, value_ + 1, __ATOMIC_RELAXED); }
	unsigned long get() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }

private:
	unsigned long value_ = 0;
};

struct Counts {
	Counter ids, retired, made, destroyed, allocated, freed, nomem;
};

/// One for each CPU, or for a few CPUs on very large machines, so that they do not fight for cache lines.
struct alignas(64) Shard {
	static constexpr unsigned int count = 64;

	Counts of[kinds];
};
extern constinit Shard shards[Shard::count];

inline Counts &counts(Kind kind)
{
	return shards[torture_cpu() % Shard::count].of[kind];
}

/// An allocator that counts.
template <krcu::Allocator Base, Kind kind>
struct Counted {
	static constexpr std::size_t max_align = Base::max_align;

	static void *alloc(std::size_t size, std::size_t align, krcu::gfp_t gfp)
	{
		void *memory = Base::alloc(size, align, gfp);

		(memory ? counts(kind).allocated : counts(kind).nomem).next();
		return memory;
	}
	static void free(void *p)
	{
		counts(kind).freed.next();
		Base::free(p);
	}
	static void free_rcu(callback_head *head)
	{
		counts(kind).freed.next();
		Base::free_rcu(head);
	}
};

/// What readers look at: a number that no other object of the kind has, and its complement. Memory that
/// was poisoned, freed or used again says something else. `size` bytes lie before it.
template <Kind kind, std::size_t size = 1>
class Canary {
public:
	Canary()
	{
		const unsigned int shard = torture_cpu() % Shard::count;

		id_ = shards[shard].of[kind].ids.next() * Shard::count + shard;
		complement_ = ~id_;
	}
	Canary(const Canary &) = delete;

	unsigned long id() const { return id_; }
	bool alive() const { return id_ == ~complement_; }

	void poison()
	{
		// Volatile: compilers leave out what is stored into an object that ends.
		*const_cast<volatile unsigned long *>(&complement_) = id_;
	}

private:
	unsigned char padding_[size];
	unsigned long id_, complement_;
};

/// A Canary with a destructor.
template <Kind kind, std::size_t size = 1>
struct Object : Canary<kind, size> {
	Object() { counts(kind).made.next(); }
	~Object()
	{
		if (!this->alive())
			fail("an object was destroyed that was not alive", kind);
		this->poison();
		counts(kind).destroyed.next();
	}
};

/// As above, and its destructor sleeps now and then.
template <Kind kind>
struct SleepyObject : Object<kind> {
	static constexpr bool destructor_may_sleep = true;

	~SleepyObject()
	{
		if (this->id() % 1024 == 0)
			torture_sleep_us(100);
	}
};

/// For an RcuFreeBox: ends at once, except for what readers may look at for a grace period.
template <Kind kind>
struct Ending : Canary<kind> {
	struct View {
		const Ending *ending;

		unsigned long id() const { return ending->id(); }
		bool alive() const { return ending->alive(); }
	};

	Ending() { counts(kind).made.next(); }

	View rcu_view(const krcu::ReadGuard &) const { return { this }; }
	void drop_before_gp()
	{
		if (std::exchange(dropped, true))
			fail("drop_before_gp() ran twice", kind);
		counts(kind).destroyed.next();
	}

	bool dropped = false;
};

/// One with a wait queue, which readers wake.
struct Polled : Ending<polled> {
	krcu::PollWaitQueue queue;

	void wake_up() const { queue.wake_up_poll(krcu::EPOLLIN); }
	void drop_before_gp()
	{
		queue.drop_before_gp();
		Ending::drop_before_gp();
	}
};

/// Whether a task is in a read-side critical section, and in which: odd inside. Only some sections say so.
class Section {
public:
	void enter() { number_.add(); }
	void leave() { number_.add(); }

	/// For the one task that checks waiting: remembers where the task is; whether it is still there.
	void note() { noted_ = number_.get(); }
	bool still_inside() const { return noted_ % 2 && noted_ == number_.get(); }

private:
	Tally number_;
	unsigned long noted_ = 0;
};

/// See Pace: in rounds over all subjects, large objects among them; and of one subject.
constexpr unsigned int small_batch = 256, large_batch = 4096;

/// How a driver retires at full speed without running out of memory: a batch begins only when the
/// grace period after the batch before the last one is over, so at most two batches wait for theirs.
template <class Cookie>
class Pace {
public:
	/// Whether one more may be retired now; waits for that if it may sleep. `start()` makes a cookie.
	template <class F>
	bool may_go_on(bool may_sleep, F start, unsigned int batch)
	{
		if (used_++ < batch)
			return true;
		if (cookie_ && may_sleep)
			cookie_->wait();
		if (cookie_ && !cookie_->elapsed())
			return false;
		cookie_.emplace(start());
		used_ = 0;
		return true;
	}

private:
	std::optional<Cookie> cookie_;
	unsigned int used_ = 0;
};

/// The domain that is there all the time.
struct Steady {
	static constexpr const char *name = "krcu_torture_steady";
	static constexpr unsigned int teardown_timeout_ms = patience_ms;
};
using SteadyDomain = krcu::Srcu<Steady>;

struct alignas(64) Task {
	Tally reads, updates;
	Section rcu, srcu, visiting;
	unsigned long long seed = 0;
	Pace<krcu::GracePeriod> pace;
	Pace<SteadyDomain::GracePeriod> steady_pace;
	/// What the task does the next time that it looks at an object, under its guard.
	void (*meanwhile)(Task &task) = nullptr;

	/// Below `limit`, and good enough: Knuth's linear congruential generator.
	unsigned int random(unsigned int limit)
	{
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		return (seed >> 32) * limit >> 32;
	}
};

} // namespace torture

#endif // OBJECTS_HPP
