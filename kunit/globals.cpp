// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_globals: a global of each kind, filled with what nobody takes out.

#include <cerrno>

#include "globals.hpp"

namespace {

struct Domain {
	static constexpr const char *name = "krcu_globals";
	static constexpr unsigned int teardown_timeout_ms = 50;
};

/// Destroyed in process context.
struct Sleeping {
	static constexpr bool destructor_may_sleep = true;

	Sleeping() { witness->count(1); }
	~Sleeping()
	{
		globals_sleep_ms(3);
		witness->count(-1);
	}
};

/// One that is woken, and destroyed a grace period later.
struct Waiters {
	Waiters() { globals_say("waiters: made"); }
	void drop_before_gp()
	{
		queue.drop_before_gp();
		globals_say("waiters: dropped");
	}

	krcu::PollWaitQueue queue;
};

struct Middle {
	static constexpr const char *name = "middle", *made = "middle: made", *empty = "middle: empty",
				    *ended = "middle: ended";

	static void at_end() {}
};

using Box = krcu::RcuKBox<Item>;
using WorkBox = krcu::RcuKBox<Sleeping, krcu::reclaim::Work>;
using DomainBox = krcu::SrcuKBox<Item, Domain>;

} // namespace

KRCU_GLOBAL(witness, Used<WitnessName>);

namespace {

KRCU_GLOBAL(lock, krcu::Mutex<Domain>);
KRCU_GLOBAL(waiters, Waiters);
KRCU_GLOBAL(domain, krcu::Srcu<Domain>);
KRCU_GLOBAL(of_domain, krcu::Rcu<DomainBox, krcu::Srcu<Domain>>);
KRCU_GLOBAL(middle, Stage<Middle>);
KRCU_GLOBAL(list, krcu::List<Box, &Item::listed>);
KRCU_GLOBAL(array, krcu::XArray<Box>);
KRCU_GLOBAL(table, krcu::HashTable<Box, &Item::hashed, &Item::key>);
KRCU_GLOBAL(pointer, krcu::Rcu<Box>);
KRCU_GLOBAL(in_work, krcu::Rcu<WorkBox>);

/// Its end takes something out of other globals, which their end would drop.
struct TakesOut {
	explicit TakesOut(int k) : key(k) { witness->count(1); }
	~TakesOut()
	{
		globals_busy_ms(3);
		(void)list->erase_if([this](const Item &item) { return item.key == key; });
		(void)table->erase(key);
		witness->count(-1);
	}

	int key;
};

constexpr int objects = 10;

/// What became of a writer.
constinit krcu::Atomic<bool> written, refused;

/// Stays when the exit has begun, and uses globals then. Where somebody writes all the time, it stays until he is
/// refused: the end, which waits for it, is not over before he came.
void read_late()
{
	auto guard = domain->read_lock();

	globals_inside();
	for (int ms = 0; ms < 60'000 && !globals_end_has_begun(); ms++)
		globals_sleep_ms(1);
	globals_sleep_ms(150);
	for (int ms = 0; ms < 60'000 && written.load() && !refused.load(); ms++)
		globals_sleep_ms(1);
	list->push_back(Box::make(krcu::GFP_KERNEL, -1));
	(void)pointer->take();
	globals_say("reader: leaves");
}

} // namespace

int globals_fill()
{
	if (!witness || !list)
		return -ENODEV;
	for (int i = 0; i < objects; i++) {
		list->push_back(Box::make(krcu::GFP_KERNEL, i));
		if (!array->store(i, Box::make(krcu::GFP_KERNEL, i), krcu::GFP_KERNEL))
			return -ENOMEM;
		if (int err = table->insert(Box::make(krcu::GFP_KERNEL, i)))
			return err;
	}
	(void)pointer->replace(Box::make(krcu::GFP_KERNEL, 0));
	(void)in_work->replace(WorkBox::make(krcu::GFP_KERNEL));
	(void)of_domain->replace(DomainBox::make(*domain, krcu::GFP_KERNEL, 0));
	auto held = lock->lock();
	return globals_late_thread(read_late);
}

void globals_retire()
{
	for (int i = 0; i < objects / 2; i++)
		krcu::RcuKBox<TakesOut>::make(krcu::GFP_KERNEL, i).reset();
}

int globals_write()
{
	if (!list) {
		if (!refused.exchange(true))
			globals_say("writer: refused");
		return -ENODEV;
	}
	written.store(true);
	krcu::RcuKBox<TakesOut>::make(krcu::GFP_KERNEL, 0).reset();
	return 0;
}
