// SPDX-License-Identifier: GPL-2.0
// The subjects that there are, and what tasks do with all of them. Each has objects of one kind, a way to read and a
// way to update them.

#include <cstddef>
#include <utility>

#include "containers.hpp"
#include "deferred.hpp"
#include "pointers.hpp"
#include "revocables.hpp"

namespace torture {

constinit Task tasks[TORTURE_TASKS];
KRCU_GLOBAL(steady, SteadyDomain); // before all that owns its boxes

} // namespace torture

namespace {

using namespace torture;

/// The planted bug: promises readers a grace period that it does not wait for.
template <class T, krcu::Allocator A>
class Careless {
public:
	using element_type = T;

	static Careless make(krcu::gfp_t gfp) { return krcu::Box<T, A>::make(gfp); }
	explicit operator bool() const { return bool(box_); }
	const T &operator*() const { return *box_; }

	void *into_foreign() && { return std::move(box_).into_foreign(); }
	static Careless from_foreign(void *foreign) { return krcu::Box<T, A>::from_foreign(foreign); }
	static const T &borrow(void *foreign) { return krcu::Box<T, A>::borrow(foreign); }
	static const T &rcu_borrow(void *foreign, const krcu::ReadGuard &) { return borrow(foreign); }

private:
	Careless(krcu::Box<T, A> box) : box_(std::move(box)) {}

	krcu::Box<T, A> box_;
};

constinit torture_bug bug = TORTURE_NO_BUG;
constinit bool paced = true;

constexpr std::size_t pages = 2ul * KRCU_PAGE_SIZE;

using Cache = krcu::SlabCache<Canary<cached>>;
using WithTail = krcu::RcuBox<krcu::Tail<Header<tailed>, Element<tailed>>, Memory<tailed>>;
using InVmalloc = krcu::RcuBox<Object<vmalloced, pages>, Memory<vmalloced, krcu::Vmalloc>>;
using InKVmalloc = krcu::RcuBox<Canary<kvmalloced, pages>, Memory<kvmalloced, krcu::KVmalloc>>;
using WaitingInVmalloc = krcu::Box<Object<waiting_vmalloced, pages>, Memory<waiting_vmalloced, krcu::Vmalloc>>;

// What everybody reads and updates.
KRCU_GLOBAL(plain_subject, Pointers<plain, krcu::RcuBox<Canary<plain>, Memory<plain>>>);
KRCU_GLOBAL(boxed_subject, Pointers<boxed, krcu::RcuBox<Object<boxed>, Memory<boxed>>>);
KRCU_GLOBAL(worked_subject, Pointers<worked, krcu::RcuBox<SleepyObject<worked>, Memory<worked>, krcu::reclaim::Work>>);
KRCU_GLOBAL(arrays_subject, Pointers<arrays, krcu::RcuBox<Object<arrays>[], Memory<arrays>>>);
KRCU_GLOBAL(tailed_subject, Pointers<tailed, WithTail>);
KRCU_GLOBAL(vmalloced_subject, Pointers<vmalloced, InVmalloc, Context::may_sleep>);
KRCU_GLOBAL(kvmalloced_subject, Pointers<kvmalloced, InKVmalloc, Context::may_sleep>);
KRCU_GLOBAL(cached_subject, Pointers<cached, krcu::RcuBox<Canary<cached>, Memory<cached, Cache>>>);
KRCU_GLOBAL(free_boxed_subject, Pointers<free_boxed, krcu::RcuFreeBox<Ending<free_boxed>, Memory<free_boxed>>>);
KRCU_GLOBAL(polled_subject, Pointers<polled, krcu::RcuFreeBox<Polled, Memory<polled>>>);
KRCU_GLOBAL(indexed_subject, Array<indexed, krcu::RcuBox<Object<indexed>, Memory<indexed>>>);
KRCU_GLOBAL(listed_subject, Items<listed, krcu::RcuBox<Listed<listed>, Memory<listed>>>);
KRCU_GLOBAL(hashed_subject, Hash<krcu::RcuBox<Keyed, Memory<hashed>>>);
KRCU_GLOBAL(submitted_subject, Submitted<submitted>);
KRCU_GLOBAL(hurried_subject, Submitted<hurried>);
KRCU_GLOBAL(srcu_submitted_subject, SrcuSubmitted);
KRCU_GLOBAL(srcu_boxed_subject, Pointers<srcu_boxed, krcu::SrcuBox<Object<srcu_boxed>, Steady, Memory<srcu_boxed>>>);
KRCU_GLOBAL(referenced_subject, References<referenced, krcu::RcuRef<Shared<referenced>, Memory<referenced>>>);

// What everybody reads, and tasks that may wait for long update: their RcuOld and revoke() wait for a grace period.
KRCU_GLOBAL(waiting_subject, Pointers<waiting, krcu::Box<Object<waiting>, Memory<waiting>>>);
KRCU_GLOBAL(waiting_vmalloced_subject, Pointers<waiting_vmalloced, WaitingInVmalloc, Context::may_sleep>);
KRCU_GLOBAL(revoked_subject, Revocables<revoked, krcu::RcuDomain>);
KRCU_GLOBAL(srcu_revoked_subject, Revocables<srcu_revoked, SteadyDomain>);

KRCU_GLOBAL(planted_subject, Pointers<planted, Careless<Object<planted>, Memory<planted>>>);

template <class F>
void for_each_subject(F f)
{
	f(*plain_subject);
	f(*boxed_subject);
	f(*worked_subject);
	f(*arrays_subject);
	f(*tailed_subject);
	f(*vmalloced_subject);
	f(*kvmalloced_subject);
	f(*cached_subject);
	f(*free_boxed_subject);
	f(*polled_subject);
	f(*indexed_subject);
	f(*listed_subject);
	f(*hashed_subject);
	f(*submitted_subject);
	f(*hurried_subject);
	f(*srcu_submitted_subject);
	f(*srcu_boxed_subject);
	f(*referenced_subject);
}

template <class F>
void for_each_waiting_subject(F f)
{
	f(*waiting_subject);
	f(*waiting_vmalloced_subject);
	f(*revoked_subject);
	f(*srcu_revoked_subject);
}

void read_round(Task &task)
{
	const auto read = [&](auto &subject) { subject.read(task); };

	for_each_subject(read);
	for_each_waiting_subject(read);
	if (bug == TORTURE_EARLY_FREE)
		planted_subject->read(task);
}

/// Each kind lets go of an object, where a few updates are enough for that: not all of them take something out.
void update_round(Task &task, bool may_sleep)
{
	if (!task.pace.may_go_on(may_sleep, krcu::GracePeriod::start, small_batch))
		return;
	for_each_subject([&](auto &subject) {
		for (unsigned int updates = 4; updates && !subject.update(task, may_sleep); updates--)
			;
	});
	if (bug == TORTURE_EARLY_FREE)
		planted_subject->update(task, may_sleep);
	if (bug == TORTURE_LOST_OBJECT)
		(void)krcu::RcuBox<Object<planted>, Memory<planted>>::make(gfp(may_sleep)).into_foreign();
}

/// Makes and drops objects of one kind.
void flood(auto &subject, unsigned int task)
{
	for (unsigned int i = 0; i < 1024; i++)
		subject.flood(tasks[task], paced);
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
		read_next(*planted_subject);
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
	return Cache::create("krcu_torture");
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
	srcu_submitted_subject->read(tasks[task], true);
	srcu_revoked_subject->read(tasks[task], true);
}

void torture_flood_kvfree(unsigned int task)
{
	flood(*plain_subject, task);
}

void torture_flood_call(unsigned int task)
{
	flood(*boxed_subject, task);
}

void torture_flood_srcu(unsigned int task)
{
	flood(*srcu_boxed_subject, task);
}

void torture_stall(unsigned int task)
{
	krcu::ReadGuard guard;
	auto steady_guard = steady->read_lock();
	const auto unfinished = krcu::GracePeriod::start();
	const auto steady_unfinished = SteadyDomain::GracePeriod::start(*steady);

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
	planted_subject->clear();
	krcu::drain();
}

void torture_leave()
{
	for (unsigned int i = 0; i < 16; i++) {
		torture_update(0);
		torture_update_waiting(0);
	}
}
