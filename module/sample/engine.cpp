// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_sample: one object of each kind, read and replaced from every context.

#include <cerrno>
#include <cstddef>
#include <optional>

#include <krcu/krcu.hpp>

#include "sample.h"

namespace {

// Numbers that every CPU adds to: read-side critical sections that found an object; objects that gave way to a new
// one; objects with a destructor that were retired, and of those, how many destructors have run; allocations.
constinit krcu::Atomic<unsigned long> reads, replaced, retired, destroyed, failed;
constinit krcu::Atomic<bool> stopped;

/// The base of what has a destructor to run. `retired` counts objects as they are made, since each
/// of them is retired in the end.
struct Tracked {
	Tracked() { retired.inc(); }
	~Tracked()
	{
		if (destroyed.fetch_add(1) + 1 == retired.load() && stopped.load(krcu::acquire))
			pr_info("exit: the last pending destructor has run, and only now may the module's text go\n");
	}
	Tracked(const Tracked &) = delete;
};

/// What is small and often replaced has a cache of its own.
template <class T, krcu::reclaim::Policy R = krcu::reclaim::Softirq>
using CachedBox = krcu::RcuBox<T, krcu::SlabCache<T>, R>;

/// Nothing to destroy: kvfree_rcu() takes the memory, and no callback runs.
struct Settings {
	unsigned int generation;
	unsigned int limit;
};

/// Small, with a destructor: call_rcu(). It may own another one, which its destructor then retires
/// in turn: call_rcu() from a callback, or, as these are destroyed in process context, from a work item.
struct Session : Tracked {
	using Next = CachedBox<Session, krcu::reclaim::Work>;

	explicit Session(Next next = {}) : next(std::move(next)) {}

	Next next;
};

/// Too large for kmalloc to be a good idea: a box of vmalloc memory.
struct Table : Tracked {
	unsigned int routes[16 * 1024] = {};
};

/// Cleaned up at once, freed after a grace period: whoever polls is told to leave.
struct Waiters {
	void drop_before_gp() { queue.drop_before_gp(); }

	krcu::PollWaitQueue queue;
};

/// Work for after a grace period, without readers.
struct Note : Tracked {
};

struct Journal {
	static constexpr const char *name = "krcu_sample_journal";
};

// There from before the module's init until its exit has returned, or its init has failed.
KRCU_GLOBAL(settings, krcu::Rcu<CachedBox<Settings>>);
KRCU_GLOBAL(session, krcu::Rcu<CachedBox<Session>>);
KRCU_GLOBAL(table, krcu::Rcu<krcu::RcuVBox<Table>>);
KRCU_GLOBAL(waiters, krcu::Rcu<krcu::RcuFreeBox<Waiters>>);
KRCU_GLOBAL(journal, krcu::Srcu<Journal>);

/// Publishes a new object made from `args`; the old one is retired here. Any context `gfp` allows.
template <class P, class... Args>
bool renew(krcu::Global<krcu::Rcu<P>> &pointer, krcu::gfp_t gfp, Args &&...args)
{
	P fresh = P::make(gfp, std::forward<Args>(args)...);

	if (!fresh) {
		failed.inc();
		return false;
	}
	if (auto old = pointer->replace(std::move(fresh)))
		replaced.inc();
	return true;
}

void read_all()
{
	krcu::ReadGuard guard;

	if (auto s = settings->dereference(guard); s && s->limit == 2 * s->generation)
		reads.inc();
	if (session->dereference(guard))
		reads.inc();
	if (auto t = table->dereference(guard); t && t->routes[0] == 0)
		reads.inc();
	if (auto w = waiters->dereference(guard)) {
		w->queue.wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
		reads.inc();
	}
}

/// A callback that nobody reads; submitting one is all there is to it.
void note(krcu::gfp_t gfp)
{
	if (auto callback = krcu::Callback<Note>::make(gfp))
		std::move(callback).submit();
	else
		failed.inc();
}

} // namespace

int sample_start()
{
	if (int err = krcu::SlabCache<Settings>::create("krcu_sample_settings"))
		return err;
	if (int err = krcu::SlabCache<Session>::create("krcu_sample_session"))
		return err;
	const bool published = renew(settings, krcu::GFP_KERNEL, 1u, 2u) && renew(session, krcu::GFP_KERNEL) &&
			       renew(table, krcu::GFP_KERNEL) && renew(waiters, krcu::GFP_KERNEL);

	return published ? 0 : -ENOMEM;
}

void sample_work()
{
	read_all();

	// The work item is the only updater of the settings, so nothing else excludes others here.
	if (auto old = settings->copy_update([](const Settings *s) {
		    const auto generation = s ? s->generation + 1 : 1;

		    return CachedBox<Settings>::make(krcu::GFP_KERNEL, generation, 2 * generation);
	    }))
		replaced.inc();
	else
		failed.inc();

	renew(table, krcu::GFP_KERNEL);
	renew(waiters, krcu::GFP_KERNEL);
	note(krcu::GFP_KERNEL);

	{
		auto guard = journal->read_lock();
		// A reader of this domain may wait for a grace period of RCU, or sleep in any other way.
		krcu::synchronize_rcu_expedited();
		reads.inc();
	}
	journal->synchronize();
}

void sample_tick()
{
	read_all();
	renew(session, krcu::GFP_ATOMIC);
	note(krcu::GFP_ATOMIC);
}

void sample_stop(unsigned int burst)
{
	// A burst may be longer than memory is large: at most two batches of it wait for a grace period.
	constexpr unsigned int batch = 8192;
	std::optional<krcu::GracePeriod> last_batch;
	for (unsigned int i = 1; i <= burst; i++) {
		renew(session, krcu::GFP_KERNEL);
		renew(settings, krcu::GFP_KERNEL, 1u, 2u);
		if (i % batch)
			continue;
		if (last_batch)
			last_batch->wait();
		last_batch = krcu::GracePeriod::start();
	}

	// Ten that own each other: as many grace periods, one after the other, while the module goes.
	Session::Next chain;
	for (int i = 0; i < 10; i++)
		chain = Session::Next::make(krcu::GFP_KERNEL, std::move(chain));
	stopped.store(true, krcu::release);
	const unsigned long all = retired.load();
	pr_info("exit: %lu objects retired in all, %lu destructors still pending; krcu's barrier waits for them\n", all,
		all - destroyed.load());
}

void sample_print_counts(const char *where, unsigned int rounds)
{
	pr_info("%s, %u rounds: %lu reads, %lu objects replaced, %lu retired, %lu destructors have run, %lu allocations failed\n",
		where, rounds, reads.load(), replaced.load(), retired.load(), destroyed.load(), failed.load());
}
