// SPDX-License-Identifier: GPL-2.0
/// @file
/// A task: where it is, what it has counted, and how it stays within memory.
#ifndef TASK_HPP
#define TASK_HPP

#include <optional>

#include <krcu/krcu.hpp>

#include "torture.h"

namespace torture {

/// A number that one task changes and others look at.
class Tally {
public:
	void add() { __atomic_store_n(&value_, value_ + 1, __ATOMIC_RELAXED); }
	unsigned long get() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }

private:
	unsigned long value_ = 0;
};

/// The longest that a reader may take to leave, in an emulated machine that is overloaded.
constexpr unsigned int patience_ms = 60'000;

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
	static constexpr bool fast = true;
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

	/// How many objects it holds at a time: see torture_stall().
	unsigned int held = 0;

	/// Below `limit`, and good enough: Knuth's linear congruential generator.
	unsigned int random(unsigned int limit)
	{
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		return (seed >> 32) * limit >> 32;
	}
};

extern constinit Task tasks[TORTURE_TASKS];
extern krcu::Global<SteadyDomain> steady;

} // namespace torture

#endif // TASK_HPP
