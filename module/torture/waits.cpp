// SPDX-License-Identifier: GPL-2.0
// Whether all that waits for readers and callbacks does so.

#include <utility>

#include "barrier_check.hpp"

namespace {

using namespace torture;

/// Fails if a section that somebody was in before `wait()` is not over after it. For one task at a time.
template <class F>
void check_wait(const char *what, Section Task::*section, F wait)
{
	for (Task &task : tasks)
		(task.*section).note();
	wait();
	for (Task &task : tasks)
		if ((task.*section).still_inside())
			torture_fail("returned while a reader was still inside", what);
}

template <class Cookie>
void poll(Cookie cookie)
{
	while (!cookie.elapsed())
		torture_sleep_us(100);
}

constinit BarrierCheck check_barrier;

} // namespace

void torture_check_waits(unsigned int task)
{
	auto into_rcu = [](auto callback) { std::move(callback).submit(); };
	auto into_domain = [](auto callback) { std::move(callback).submit(*steady); };

	// Waits for more than any other does, so it is tried less often.
	switch (tasks[task].random(32)) {
	case 0: return check_barrier(into_rcu, krcu::drain);
	case 1: return check_barrier(into_domain, krcu::drain);
	default: break;
	}
	switch (tasks[task].random(10)) {
	case 0: return check_wait("synchronize_rcu()", &Task::rcu, krcu::synchronize_rcu);
	case 1: return check_wait("synchronize_rcu_expedited()", &Task::rcu, krcu::synchronize_rcu_expedited);
	case 2: return check_wait("GracePeriod::wait()", &Task::rcu, [] { krcu::GracePeriod::start().wait(); });
	case 3: return check_wait("GracePeriod::elapsed()", &Task::rcu, [] { poll(krcu::GracePeriod::start()); });
	case 4: return check_wait("Srcu::synchronize()", &Task::srcu, [] { steady->synchronize(); });
	case 5: return check_wait("Srcu::synchronize_expedited()", &Task::srcu, [] { steady->synchronize_expedited(); });
	case 6: return check_wait("Srcu::GracePeriod::wait()", &Task::srcu, [] { SteadyDomain::GracePeriod::start(*steady).wait(); });
	case 7: return check_wait("Srcu::GracePeriod::elapsed()", &Task::srcu, [] { poll(SteadyDomain::GracePeriod::start(*steady)); });
	case 8: return check_barrier(into_rcu, krcu::rcu_barrier);
	default: return check_barrier(into_domain, [] { steady->barrier(); });
	}
}
