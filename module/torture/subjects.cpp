// SPDX-License-Identifier: GPL-2.0
// The subjects that there are, and what tasks do with all of them.

#include <cerrno>
#include <cstddef>
#include <utility>

#include "subjects.hpp"

namespace torture {

constinit Task tasks[TORTURE_TASKS];
constinit SteadyDomain steady;

} // namespace torture

namespace {

using namespace torture;

constinit torture_bug bug = TORTURE_NO_BUG;
constinit bool paced = true;

constexpr std::size_t pages = 2ul * KRCU_PAGE_SIZE;

using Cache = krcu::SlabCache<Canary<cached>>;

// What everybody reads and updates.
constinit Pointers<plain, krcu::RcuBox<Canary<plain>, Memory<plain>>> plain_subject;
constinit Pointers<boxed, krcu::RcuBox<Object<boxed>, Memory<boxed>>> boxed_subject;
constinit Pointers<worked, krcu::RcuBox<SleepyObject<worked>, Memory<worked>, krcu::reclaim::Work>> worked_subject;
constinit Pointers<arrays, krcu::RcuBox<Object<arrays>[], Memory<arrays>>> arrays_subject;
constinit Pointers<vmalloced, krcu::RcuBox<Object<vmalloced, pages>, Memory<vmalloced, krcu::Vmalloc>>, Context::may_sleep>
	vmalloced_subject;
constinit Pointers<kvmalloced, krcu::RcuBox<Canary<kvmalloced, pages>, Memory<kvmalloced, krcu::KVmalloc>>, Context::may_sleep>
	kvmalloced_subject;
constinit Pointers<cached, krcu::RcuBox<Canary<cached>, Memory<cached, Cache>>> cached_subject;
constinit Pointers<free_boxed, krcu::RcuFreeBox<Ending<free_boxed>, Memory<free_boxed>>> free_boxed_subject;
constinit Pointers<polled, krcu::RcuFreeBox<Polled, Memory<polled>>> polled_subject;
constinit Array<indexed, krcu::RcuBox<Object<indexed>, Memory<indexed>>> indexed_subject;
constinit Items<listed, krcu::RcuBox<Listed<listed>, Memory<listed>>> listed_subject;
constinit Hash<krcu::RcuBox<Keyed, Memory<hashed>>> hashed_subject;
constinit Submitted<submitted> submitted_subject;
constinit Submitted<hurried> hurried_subject;
constinit SrcuSubmitted srcu_submitted_subject;
constinit Pointers<srcu_boxed, krcu::SrcuBox<Object<srcu_boxed>, Steady, Memory<srcu_boxed>>> srcu_boxed_subject;
constinit References<referenced, krcu::RcuRef<Shared<referenced>, Memory<referenced>>> referenced_subject;

// What everybody reads, and tasks that may wait for long update: their RcuOld waits for a grace period.
constinit Pointers<waiting, krcu::Box<Object<waiting>, Memory<waiting>>> waiting_subject;
constinit Pointers<waiting_vmalloced, krcu::Box<Object<waiting_vmalloced, pages>, Memory<waiting_vmalloced, krcu::Vmalloc>>>
	waiting_vmalloced_subject;

constinit Pointers<planted, Careless<Object<planted>, Memory<planted>>> planted_subject;

template <class F>
void for_each_subject(F f)
{
	f(plain_subject);
	f(boxed_subject);
	f(worked_subject);
	f(arrays_subject);
	f(vmalloced_subject);
	f(kvmalloced_subject);
	f(cached_subject);
	f(free_boxed_subject);
	f(polled_subject);
	f(indexed_subject);
	f(listed_subject);
	f(hashed_subject);
	f(submitted_subject);
	f(hurried_subject);
	f(srcu_submitted_subject);
	f(srcu_boxed_subject);
	f(referenced_subject);
}

template <class F>
void for_each_waiting_subject(F f)
{
	f(waiting_subject);
	f(waiting_vmalloced_subject);
}

void read_round(Task &task)
{
	const auto read = [&](auto &subject) { subject.read(task); };

	for_each_subject(read);
	for_each_waiting_subject(read);
	if (bug == TORTURE_EARLY_FREE)
		planted_subject.read(task);
}

void update_round(Task &task, bool may_sleep)
{
	if (!task.pace.may_go_on(may_sleep, krcu::GracePeriod::start, small_batch))
		return;
	for_each_subject([&](auto &subject) { subject.update(task, may_sleep); });
	if (bug == TORTURE_EARLY_FREE)
		planted_subject.update(task, may_sleep);
	if (bug == TORTURE_LOST_OBJECT)
		(void)krcu::RcuBox<Object<planted>, Memory<planted>>::make(gfp(may_sleep)).into_foreign();
}

/// Makes and drops objects of one kind.
void flood(auto &subject, unsigned int task)
{
	for (unsigned int i = 0; i < 1024; i++)
		if (!subject.flood(tasks[task], paced))
			break;
}

/// A function for each subject, so that none needs the stack of all.
template <class Subject>
[[gnu::noinline]] void read_one(Subject &subject, Task &task)
{
	subject.read(task);
}

/// Looks at an object of each subject that is not held yet, each under the guards of those before, and stays. That
/// goes as deep as there are subjects: the task comes back here by way of `meanwhile`.
void hold(Task &task)
{
	for (;;) {
		const unsigned int next = task.held++;
		unsigned int i = 0;
		const auto read_next = [&](auto &subject) {
			if (i++ == next)
				read_one(subject, task);
		};

		task.meanwhile = hold;
		for_each_subject(read_next);
		read_next(planted_subject);
		if (next >= i)
			break; // there are no more
		if (!std::exchange(task.meanwhile, nullptr))
			return; // it has been held
	}
	task.meanwhile = nullptr;
	while (torture_stays())
		;
}

} // namespace

int torture_start(torture_bug planted_bug, bool pace)
{
	bug = planted_bug;
	paced = pace;
	for (unsigned int i = 0; i < TORTURE_TASKS; i++)
		tasks[i].seed = i;
	if (int err = Cache::create("krcu_torture"))
		return err;
	steady = SteadyDomain::make();
	if (!steady)
		return -ENOMEM;
	int err = indexed_subject.start();
	if (!err)
		err = listed_subject.start();
	if (!err)
		err = hashed_subject.start();
	if (err)
		torture_stop();
	return err;
}

torture_bug torture_planted()
{
	return bug;
}

void torture_read(unsigned int task)
{
	for (unsigned int i = 0; i < 16; i++)
		read_round(tasks[task]);
}

void torture_update(unsigned int task)
{
	update_round(tasks[task], true);
}

void torture_update_waiting(unsigned int task)
{
	for_each_waiting_subject([&](auto &subject) { subject.update(tasks[task], true); });
}

void torture_visit_steady(unsigned int task)
{
	srcu_submitted_subject.read(tasks[task], true);
}

void torture_flood_kvfree(unsigned int task)
{
	flood(plain_subject, task);
}

void torture_flood_call(unsigned int task)
{
	flood(boxed_subject, task);
}

void torture_flood_srcu(unsigned int task)
{
	flood(srcu_boxed_subject, task);
}

void torture_flood_work(unsigned int task)
{
	flood(worked_subject, task);
}

void torture_stall(unsigned int task)
{
	krcu::ReadGuard guard;
	auto steady_guard = steady.read_lock();
	const auto unfinished = krcu::GracePeriod::start();
	const auto steady_unfinished = SteadyDomain::GracePeriod::start(steady);

	tasks[task].held = 0;
	hold(tasks[task]);
	if (unfinished.elapsed() || steady_unfinished.elapsed())
		torture_fail("a grace period elapsed under its reader", "stall");
}

void torture_work(unsigned int task)
{
	read_round(tasks[task]);
	for (unsigned int i = 0; i < 8; i++)
		update_round(tasks[task], true);
}

void torture_tick(unsigned int task)
{
	read_round(tasks[task]);
	for (unsigned int i = 0; i < 4; i++)
		update_round(tasks[task], false);
}

void torture_stop()
{
	const auto clear = [](auto &subject) { subject.clear(); };

	for_each_subject(clear);
	for_each_waiting_subject(clear);
	planted_subject.clear();
	steady = SteadyDomain();
}
