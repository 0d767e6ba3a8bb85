// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_torture: every type of krcu, read and updated from all tasks at once. Readers
// check that what they found stays alive for as long as their guard.

#include <cerrno>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "objects.hpp"

namespace torture {

// In the order of Kind.
constexpr const char *const names[kinds] = {
	"RcuBox/kvfree", "RcuBox", "RcuBox/Work", "RcuBox[]", "RcuVBox", "RcuKVBox", "SlabCache", "RcuFreeBox",
	"PollWaitQueue", "XArray", "Callback", "Callback/hurry", "Callback/Srcu", "SrcuBox", "RcuOld<Box>",
	"RcuOld<VBox>", "Srcu", "Srcu/SrcuBox", "planted"
};
static_assert(names[kinds - 1]);

constinit Shard shards[Shard::count];

} // namespace torture

namespace {

using namespace torture;

constinit Task tasks[TORTURE_TASKS];
constinit torture_bug bug = TORTURE_NO_BUG;
constinit bool paced = true;
constinit SteadyDomain steady;

/// Allocations may fail, and this module is there to make them: no warnings, no out-of-memory killer.
krcu::gfp_t gfp(bool may_sleep)
{
	return (may_sleep ? krcu::GFP_KERNEL | krcu::__GFP_NORETRY : krcu::GFP_NOWAIT) | krcu::__GFP_NOWARN;
}

// ---------------------------------------------------------------------------
// Looking at objects
// ---------------------------------------------------------------------------

template <class T>
constexpr bool is_range = requires(const T &object) { object.begin(); };

template <class T>
bool alive(const T &object)
{
	if constexpr (is_range<T>) {
		for (const auto &element : object)
			if (!element.alive())
				return false;
		return true;
	} else {
		return object.alive();
	}
}

template <class T>
unsigned long id(const T &object)
{
	if constexpr (is_range<T>)
		return object[0].id();
	else
		return object.id();
}

/// Reads an object, in the section that protects it; one time in 64 for a while.
template <class T>
void look_at(const T &object, Kind kind, Task &task, Section &section, bool may_sleep = false)
{
	const unsigned long before = id(object);
	auto *meanwhile = std::exchange(task.meanwhile, nullptr);
	const bool stays = meanwhile || task.random(64) == 0;

	if (stays)
		section.enter();
	if (meanwhile)
		meanwhile(task);
	if (stays && may_sleep)
		torture_sleep_us(task.random(1000));
	for (unsigned int looks = stays ? 1 + task.random(1024) : 1; looks--;) {
		asm volatile("" ::: "memory"); // look anew
		if (!alive(object) || id(object) != before) {
			fail("an object ended under its reader", kind);
			break;
		}
	}
	if (stays)
		section.leave();
}

/// Counts an object that is about to be let go of.
template <class T>
void retire(const T &object, Kind kind)
{
	if (!alive(object))
		fail("an object ended before it was let go of", kind);
	counts(kind).retired.next();
}

/// See Pace; for what is retired into the steady domain.
bool may_go_on_in_steady(Task &task, bool may_sleep, unsigned int batch = small_batch)
{
	return task.steady_pace.may_go_on(may_sleep, [] { return SteadyDomain::GracePeriod::start(steady); }, batch);
}

template <class P>
P make(bool may_sleep, Task &task)
{
	if constexpr (is_range<typename P::element_type>)
		return P::make(gfp(may_sleep), 1 + task.random(8));
	else if constexpr (requires { P::make(steady, gfp(may_sleep)); })
		return P::make(steady, gfp(may_sleep));
	else
		return P::make(gfp(may_sleep));
}

// ---------------------------------------------------------------------------
// The subjects: each has objects of one kind, a way to read and a way to update them
// ---------------------------------------------------------------------------

enum class Context {
	any,
	may_sleep
};

/// Pointers that own, and that everybody replaces at once; and one that is copied and updated.
template <Kind kind, class P, Context context = Context::any>
class Pointers {
	static constexpr bool in_steady = krcu::ForeignOwnableRcu<P, SteadyDomain::Guard>;
	using Domain = std::conditional_t<in_steady, SteadyDomain, krcu::RcuDomain>;

public:
	void read(Task &task)
	{
		if constexpr (in_steady) {
			auto guard = steady.read_lock();

			read(task, guard, task.srcu);
		} else {
			krcu::ReadGuard guard;

			read(task, guard, task.rcu);
		}
	}

	void update(Task &task, bool may_sleep)
	{
		if (context == Context::may_sleep && !may_sleep)
			return;
		if (in_steady && !may_go_on_in_steady(task, may_sleep))
			return;
		if (may_sleep && task.random(8) == 0 && torture_trylock())
			copy_and_unlock(task);
		else if (task.random(16) == 0)
			drop(task, raced_[task.random(raced)].take());
		else if (P fresh = make<P>(may_sleep, task))
			drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
	}

	/// As fast as grace periods allow, or faster.
	void flood(Task &task, bool paced)
	{
		if (paced && in_steady)
			may_go_on_in_steady(task, true, large_batch);
		else if (paced)
			task.pace.may_go_on(true, krcu::GracePeriod::start, large_batch);
		if (P fresh = make<P>(true, task))
			drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
	}

	void clear()
	{
		for (auto &pointer : raced_)
			(void)pointer.take();
		(void)copied_.take();
	}

private:
	static constexpr unsigned int raced = 3;

	template <class Guard>
	void read(Task &task, const Guard &guard, Section &section)
	{
		const unsigned int i = task.random(raced + 1);

		task.reads.add();
		if (const auto *object = (i < raced ? raced_[i] : copied_).dereference(guard)) {
			if constexpr (requires { object->rcu_view(guard); })
				look_at(object->rcu_view(guard), kind, task, section);
			else
				look_at(*object, kind, task, section);
			if constexpr (kind == polled)
				object->wake_up();
		}
	}

	static void drop(Task &task, krcu::RcuOld<P, Domain> old)
	{
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void copy_and_unlock(Task &task)
	{
		auto old = copied_.copy_update([&](const auto *current) {
			P fresh = make<P>(true, task);

			if (current && (!alive(*current) || id(*current) != last_copy_))
				fail("copy_update() was given another object than the last", kind);
			if (fresh)
				last_copy_ = id(*fresh);
			return fresh;
		});
		torture_unlock();
		drop(task, std::move(old));
	}

	krcu::Rcu<P, Domain> raced_[raced];
	krcu::Rcu<P, Domain> copied_;
	unsigned long last_copy_ = 0;
};

/// An array, stored to, erased and reserved by everybody.
template <Kind kind, class P>
class Array {
public:
	int start()
	{
		array_ = krcu::KBox<krcu::XArray<P>>::make(krcu::GFP_KERNEL);
		return array_ ? 0 : -ENOMEM;
	}

	void read(Task &task)
	{
		krcu::ReadGuard guard;

		task.reads.add();
		if (task.random(256) == 0)
			array_->for_each(guard, [&](unsigned long, const auto &object) { look_at(object, kind, task, task.rcu); });
		else if (const auto *object = array_->load(any_index(task), guard))
			look_at(*object, kind, task, task.rcu);
	}

	void update(Task &task, bool may_sleep)
	{
		const unsigned long index = any_index(task);
		P old;

		if (task.random(4) == 0) {
			old = array_->erase(index);
			// Half of the reservations are released again.
			if (auto place = array_->reserve(index, gfp(may_sleep)); place && task.random(2))
				old = std::move(*place).fill(make<P>(may_sleep, task));
		} else if (P fresh = make<P>(may_sleep, task)) {
			if (auto result = array_->store(index, std::move(fresh), gfp(may_sleep)))
				old = std::move(*result);
		}
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void clear() { array_.reset(); }

private:
	/// Far from each other, so that the array needs memory for nearly each.
	static unsigned long any_index(Task &task) { return task.random(64) * 4099ul; }

	krcu::KBox<krcu::XArray<P>> array_;
};

/// A pointer as a driver in C has it, and Callbacks that own what it pointed to.
template <Kind kind>
class Deferred {
public:
	/// In the section that protects it.
	void look(Task &task, Section &section, bool may_sleep = false)
	{
		task.reads.add();
		if (void *current = __atomic_load_n(&current_, __ATOMIC_ACQUIRE))
			look_at(Owner::borrow(current), kind, task, section, may_sleep);
	}

	/// `submit` is what to do with the Callback.
	template <class Submit>
	void swap(Task &task, bool may_sleep, Submit submit)
	{
		auto callback = krcu::Callback<Owner, Memory>::make(gfp(may_sleep));
		Owner fresh = Owner::make(gfp(may_sleep));

		if (!callback || !fresh)
			return;
		*callback = Owner::from_foreign(__atomic_exchange_n(&current_, std::move(fresh).into_foreign(), __ATOMIC_ACQ_REL));
		if (*callback)
			retire(**callback, kind);
		submit(std::move(callback));
		task.updates.add();
	}

	/// When there are no readers.
	void clear() { Owner::from_foreign(std::exchange(current_, nullptr)).reset(); }

private:
	using Memory = Counted<krcu::Kmalloc, kind>;
	using Owner = krcu::Box<Object<kind>, Memory>;

	void *current_ = nullptr;
};

template <Kind kind>
struct Submitted : Deferred<kind> {
	void read(Task &task)
	{
		krcu::ReadGuard guard;

		this->look(task, task.rcu);
	}

	void update(Task &task, bool may_sleep)
	{
		this->swap(task, may_sleep, [](auto callback) {
			if constexpr (kind == hurried)
				std::move(callback).submit_hurry();
			else
				std::move(callback).submit();
		});
	}
};

struct SrcuSubmitted : Deferred<srcu_submitted> {
	void read(Task &task, bool may_sleep = false)
	{
		auto guard = steady.read_lock();

		look(task, task.srcu, may_sleep);
	}

	void update(Task &task, bool may_sleep)
	{
		if (!may_go_on_in_steady(task, may_sleep))
			return;
		swap(task, may_sleep, [](auto callback) { std::move(callback).submit(steady); });
	}
};

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

template <Kind kind, class Base = krcu::Kmalloc>
using Memory = Counted<Base, kind>;

constexpr std::size_t pages = 2ul * KRCU_PAGE_SIZE;

using Cache = krcu::SlabCache<Canary<cached>>;
using XArraySubject = Array<indexed, krcu::RcuBox<Object<indexed>, Memory<indexed>>>;

using PlainSubject = Pointers<plain, krcu::RcuBox<Canary<plain>, Memory<plain>>>;
using BoxedSubject = Pointers<boxed, krcu::RcuBox<Object<boxed>, Memory<boxed>>>;
using SrcuBoxedSubject = Pointers<srcu_boxed, krcu::SrcuBox<Object<srcu_boxed>, Steady, Memory<srcu_boxed>>>;

/// What everybody reads and updates.
constinit std::tuple<
	PlainSubject,
	BoxedSubject,
	Pointers<worked, krcu::RcuBox<SleepyObject<worked>, Memory<worked>, krcu::reclaim::Work>>,
	Pointers<arrays, krcu::RcuBox<Object<arrays>[], Memory<arrays>>>,
	Pointers<vmalloced, krcu::RcuBox<Object<vmalloced, pages>, Memory<vmalloced, krcu::Vmalloc>>, Context::may_sleep>,
	Pointers<kvmalloced, krcu::RcuBox<Canary<kvmalloced, pages>, Memory<kvmalloced, krcu::KVmalloc>>, Context::may_sleep>,
	Pointers<cached, krcu::RcuBox<Canary<cached>, Memory<cached, Cache>>>,
	Pointers<free_boxed, krcu::RcuFreeBox<Ending<free_boxed>, Memory<free_boxed>>>,
	Pointers<polled, krcu::RcuFreeBox<Polled, Memory<polled>>>,
	XArraySubject,
	Submitted<submitted>,
	Submitted<hurried>,
	SrcuSubmitted,
	SrcuBoxedSubject>
	subjects;

/// What everybody reads, and tasks that may wait for long update: their RcuOld waits for a grace period.
constinit std::tuple<
	Pointers<waiting, krcu::Box<Object<waiting>, Memory<waiting>>>,
	Pointers<waiting_vmalloced, krcu::Box<Object<waiting_vmalloced, pages>, Memory<waiting_vmalloced, krcu::Vmalloc>>>>
	waiting_subjects;

constinit Pointers<planted, Careless<Object<planted>, Memory<planted>>> planted_subject;

template <class Tuple, class F>
void for_each(Tuple &tuple, F f)
{
	std::apply([&](auto &...subject) { (f(subject), ...); }, tuple);
}

void read_round(Task &task)
{
	const auto read = [&](auto &subject) { subject.read(task); };

	for_each(subjects, read);
	for_each(waiting_subjects, read);
	if (bug == TORTURE_EARLY_FREE)
		planted_subject.read(task);
}

void update_round(Task &task, bool may_sleep)
{
	if (!task.pace.may_go_on(may_sleep, krcu::GracePeriod::start, small_batch))
		return;
	for_each(subjects, [&](auto &subject) { subject.update(task, may_sleep); });
	if (bug == TORTURE_EARLY_FREE)
		planted_subject.update(task, may_sleep);
	if (bug == TORTURE_LOST_OBJECT)
		(void)krcu::RcuBox<Object<planted>, Memory<planted>>::make(gfp(may_sleep)).into_foreign();
}

/// Makes and drops objects of one kind.
template <class Subject>
void flood(Task &task)
{
	for (unsigned int i = 0; i < 1024; i++)
		std::get<Subject>(subjects).flood(task, paced);
}

/// Looks at an object of each subject from the i-th on, each under the guards of those before, and stays.
template <std::size_t i = 0>
void hold(Task &task)
{
	const auto look = [&](auto &subject, void (*next)(Task &task)) {
		task.meanwhile = next;
		subject.read(task);
		if (std::exchange(task.meanwhile, nullptr))
			next(task); // there was no object
	};

	if constexpr (i < std::tuple_size_v<decltype(subjects)>)
		look(std::get<i>(subjects), hold<i + 1>);
	else if constexpr (i == std::tuple_size_v<decltype(subjects)>)
		look(planted_subject, hold<i + 1>);
	else
		while (torture_stays())
			;
}

// ---------------------------------------------------------------------------
// Waiting
// ---------------------------------------------------------------------------

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

/// A callback, for `barrier()` to wait for. It counts in an object that outlives it: if the check fails,
/// it runs later.
class BarrierCheck {
public:
	template <class Submit, class F>
	void operator()(Submit submit, F barrier)
	{
		const unsigned long before = ran_.get();

		if (auto callback = krcu::Callback<Late>::make(gfp(true), &ran_)) {
			submit(std::move(callback));
			barrier();
			if (ran_.get() == before)
				torture_fail("returned while a callback was pending", "barrier");
		}
	}

private:
	struct Late {
		Counter *ran;

		~Late() { ran->next(); }
	};

	Counter ran_;
};

constinit BarrierCheck check_barrier;

// ---------------------------------------------------------------------------
// Domains that come and go
// ---------------------------------------------------------------------------

/// A domain and what its readers look at. An owner makes and destroys it, again and again; visitors
/// read in it when it is there, and some are still inside when its destruction begins.
class Site {
public:
	/// Whether nobody else owned it.
	bool one_life(Task &task)
	{
		if (__atomic_exchange_n(&owned_, true, __ATOMIC_ACQUIRE))
			return false;
		domain_ = Domain::make();
		if (domain_) {
			counts(domains).made.next();
			__atomic_store_n(&open_, true, __ATOMIC_SEQ_CST);
			for (unsigned int i = task.random(512); i--;)
				use(task);
			__atomic_store_n(&open_, false, __ATOMIC_SEQ_CST);
			while (__atomic_load_n(&entering_, __ATOMIC_SEQ_CST))
				torture_sleep_us(10);
			(void)object_.take();
			counts(domains).retired.next();
			domain_ = Domain();
			counts(domains).destroyed.next();
		} else {
			counts(domains).nomem.next();
		}
		__atomic_store_n(&owned_, false, __ATOMIC_RELEASE);
		return true;
	}

	/// Whether it was there.
	bool visit(Task &task)
	{
		__atomic_fetch_add(&entering_, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&open_, __ATOMIC_SEQ_CST)) {
			__atomic_fetch_sub(&entering_, 1, __ATOMIC_SEQ_CST);
			return false;
		}
		auto guard = domain_.read_lock();
		__atomic_fetch_sub(&entering_, 1, __ATOMIC_SEQ_CST);

		for (unsigned int i = task.random(64); i--;) {
			task.reads.add();
			if (const auto *object = object_.dereference(guard))
				look_at(*object, in_domain, task, task.visiting, true);
		}
		return true;
	}

private:
	struct Tag {
		static constexpr const char *name = "krcu_torture_site";
		static constexpr unsigned int teardown_timeout_ms = patience_ms;
	};
	using Domain = krcu::Srcu<Tag>;
	using Box = krcu::SrcuBox<Object<in_domain>, Tag, Memory<in_domain>>;

	void use(Task &task)
	{
		switch (task.random(256)) {
		case 0: return domain_.synchronize();
		case 1: return domain_.synchronize_expedited();
		case 2: return Domain::GracePeriod::start(domain_).wait();
		case 3:
			return check_barrier_(
				[this](auto callback) { std::move(callback).submit(domain_); }, [this] { domain_.barrier(); });
		default: return replace(task);
		}
	}

	void replace(Task &task)
	{
		if (Box fresh = Box::make(domain_, gfp(true))) {
			if (auto old = object_.replace(std::move(fresh)))
				retire(*old, in_domain);
			task.updates.add();
		}
	}

	Domain domain_;
	krcu::Rcu<Box, Domain> object_;
	BarrierCheck check_barrier_;
	bool open_ = false, owned_ = false;
	unsigned int entering_ = 0;
};

constinit Site sites[TORTURE_SITES];

Site &any_site(Task &task)
{
	return sites[task.random(TORTURE_SITES)];
}

} // namespace

// ---------------------------------------------------------------------------
// What the C half calls
// ---------------------------------------------------------------------------

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
	if (int err = std::get<XArraySubject>(subjects).start()) {
		steady = SteadyDomain();
		return err;
	}
	return 0;
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
	for_each(waiting_subjects, [&](auto &subject) { subject.update(tasks[task], true); });
}

void torture_check_waits(unsigned int task)
{
	auto into_rcu = [](auto callback) { std::move(callback).submit(); };
	auto into_domain = [](auto callback) { std::move(callback).submit(steady); };

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
	case 4: return check_wait("Srcu::synchronize()", &Task::srcu, [] { steady.synchronize(); });
	case 5: return check_wait("Srcu::synchronize_expedited()", &Task::srcu, [] { steady.synchronize_expedited(); });
	case 6: return check_wait("Srcu::GracePeriod::wait()", &Task::srcu, [] { SteadyDomain::GracePeriod::start(steady).wait(); });
	case 7: return check_wait("Srcu::GracePeriod::elapsed()", &Task::srcu, [] { poll(SteadyDomain::GracePeriod::start(steady)); });
	case 8: return check_barrier(into_rcu, krcu::rcu_barrier);
	default: return check_barrier(into_domain, [] { steady.barrier(); });
	}
}

void torture_own_domain(unsigned int task)
{
	if (!any_site(tasks[task]).one_life(tasks[task]))
		torture_sleep_us(100);
}

void torture_visit_domain(unsigned int task)
{
	std::get<SrcuSubmitted>(subjects).read(tasks[task], true);
	if (!any_site(tasks[task]).visit(tasks[task]))
		torture_sleep_us(100);
}

void torture_flood_kvfree(unsigned int task)
{
	flood<PlainSubject>(tasks[task]);
}

void torture_flood_call(unsigned int task)
{
	flood<BoxedSubject>(tasks[task]);
}

void torture_flood_srcu(unsigned int task)
{
	flood<SrcuBoxedSubject>(tasks[task]);
}

void torture_stall(unsigned int task)
{
	krcu::ReadGuard guard;
	auto steady_guard = steady.read_lock();
	const auto unfinished = krcu::GracePeriod::start();
	const auto steady_unfinished = SteadyDomain::GracePeriod::start(steady);

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

	for_each(subjects, clear);
	for_each(waiting_subjects, clear);
	planted_subject.clear();
	steady = SteadyDomain();
}

bool torture_count(unsigned int i, torture_kind *kind)
{
	if (i >= kinds || (i == planted && bug == TORTURE_NO_BUG))
		return false;
	*kind = { .name = names[i] };
	for (const Shard &shard : shards) {
		const Counts &counts = shard.of[i];

		kind->retired += counts.retired.get();
		kind->made += counts.made.get();
		kind->destroyed += counts.destroyed.get();
		kind->allocated += counts.allocated.get();
		kind->freed += counts.freed.get();
		kind->nomem += counts.nomem.get();
	}
	return true;
}

void torture_sum(torture_totals *totals)
{
	torture_kind kind;

	*totals = {};
	for (const Task &task : tasks) {
		totals->reads += task.reads.get();
		totals->updates += task.updates.get();
	}
	for (unsigned int i = 0; torture_count(i, &kind); i++) {
		totals->retired += kind.retired;
		totals->pending += kind.allocated - kind.freed;
		totals->nomem += kind.nomem;
	}
}
