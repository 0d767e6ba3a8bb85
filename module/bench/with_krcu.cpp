// SPDX-License-Identifier: GPL-2.0
// by_hand.c again, with krcu.

#include <cerrno>
#include <utility>

#include <krcu/krcu.hpp>

#include "bench.h"

namespace {

int open;
int locked;

struct Domain {
	static constexpr const char *name = "krcu_bench";
};

struct SelfCleaning {
	explicit SelfCleaning(int v) : value(v) {}
	void drop_before_gp() { --open; }

	int value;
};

struct Destructed {
	explicit Destructed(int v) : value(v) {}
	~Destructed() { --open; }

	int value;
};

struct Sleeper {
	static constexpr bool destructor_may_sleep = true;

	explicit Sleeper(int v) : value(v) {}
	~Sleeper() { bench_ended(); }

	int value;
};

struct Counted : krcu::RefCounted {
	explicit Counted(int v) : value(v) {}

	int value;
};

struct Hashed {
	explicit Hashed(int v) : key(v), value(v) {}

	krcu::HashLink link;
	int key;
	int value;
};

struct Listed {
	explicit Listed(int v) : value(v) {}

	int value;
	krcu::ListLink link;
};

struct Header {
};

struct Resource {
	krcu::Revocable<int> number{ std::in_place, 1 };
};

using Plain = krcu::RcuKBox<int>;
using Free = krcu::RcuFreeBox<SelfCleaning>;
using Destroyed = krcu::RcuKBox<Destructed>;
using OfDomain = krcu::SrcuKBox<int, Domain>;
using Slept = krcu::RcuKBox<Sleeper, krcu::reclaim::Work>;
using Ref = krcu::RcuRef<Counted>;
using HashedBox = krcu::RcuKBox<Hashed>;
using ListedBox = krcu::RcuKBox<Listed>;
using Tailed = krcu::RcuKBox<krcu::Tail<Header, char>>;
using Cache = krcu::SlabCache<int>;
using Table = krcu::HashTable<HashedBox, &Hashed::link, &Hashed::key>;
using List = krcu::List<ListedBox, &Listed::link>;

KRCU_GLOBAL(slot, krcu::Rcu<Plain>);
KRCU_GLOBAL(updated, krcu::Rcu<Plain>);
KRCU_GLOBAL(domain, krcu::Srcu<Domain>);
KRCU_GLOBAL(srcu_slot, krcu::Rcu<OfDomain, krcu::Srcu<Domain>>);
KRCU_GLOBAL(counted_slot, krcu::Rcu<Ref>);
KRCU_GLOBAL(resource, Resource);
KRCU_GLOBAL(lock, krcu::Mutex<Domain>);
KRCU_GLOBAL(spin, krcu::SpinLock<Domain>);
KRCU_GLOBAL(array, krcu::XArray<Plain>);
KRCU_GLOBAL(ids, krcu::XArray<Plain>);
KRCU_GLOBAL(table, Table);
KRCU_GLOBAL(full_table, Table);
KRCU_GLOBAL(list, List);
KRCU_GLOBAL(full_list, List);
KRCU_GLOBAL(queue, krcu::PollWaitQueue);
constinit krcu::Atomic<int> number;

template <class P, class... Args>
callback_head *make(const Args &...args)
{
	return static_cast<callback_head *>(P::make(args...).into_foreign());
}

template <class P>
void retire(callback_head *object)
{
	// Holds because make() or an operation gave it away, of the same kind.
	auto box = P::from_foreign(object);
}

/// What has been taken out is the caller's again.
template <class P>
void keep(P box)
{
	(void)std::move(box).into_foreign();
}

} // namespace

callback_head *cxx_make(bench_kind kind, int value)
{
	switch (kind) {
	case PLAIN:
		return make<Plain>(krcu::GFP_KERNEL, value);
	case SELF_CLEANING:
		return make<Free>(krcu::GFP_KERNEL, value);
	case DESTRUCTED:
		return make<Destroyed>(krcu::GFP_KERNEL, value);
	case OF_DOMAIN:
		return make<OfDomain>(*domain, krcu::GFP_KERNEL, value);
	case SLEEPER:
		return make<Slept>(krcu::GFP_KERNEL, value);
	case HASHED:
		return make<HashedBox>(krcu::GFP_KERNEL, value);
	case LISTED:
		return make<ListedBox>(krcu::GFP_KERNEL, value);
	case NOTHING:
		break;
	}
	return nullptr;
}

void cxx_discard(bench_kind kind, callback_head *object)
{
	switch (kind) {
	case PLAIN:
		return retire<Plain>(object);
	case SELF_CLEANING:
		return retire<Free>(object);
	case DESTRUCTED:
		return retire<Destroyed>(object);
	case OF_DOMAIN:
		return retire<OfDomain>(object);
	case SLEEPER:
		return retire<Slept>(object);
	case HASHED:
		return retire<HashedBox>(object);
	case LISTED:
		return retire<ListedBox>(object);
	case NOTHING:
		break;
	}
}

void cxx_settle()
{
	krcu::drain();
}

int cxx_begin()
{
	auto counted = Ref::make(krcu::GFP_KERNEL, 1);

	if (int err = Cache::create("krcu_bench"))
		return err;
	{
		auto none = slot->replace(Plain::make(krcu::GFP_KERNEL, 1));
		auto no_update = updated->replace(Plain::make(krcu::GFP_KERNEL, 1));
		auto no_srcu = srcu_slot->replace(OfDomain::make(*domain, krcu::GFP_KERNEL, 1));
		auto no_ref = counted_slot->replace(std::move(counted));
	}
	for (unsigned long i = 0; i < BENCH_ENTRIES; i++) {
		if (auto old = array->store(i, Plain::make(krcu::GFP_KERNEL, 1), krcu::GFP_KERNEL); !old)
			return old.error();
		if (auto id = ids->alloc(Plain::make(krcu::GFP_KERNEL, 1), 0, 1000, krcu::GFP_KERNEL); !id)
			return id.error();
	}
	for (int i = 0; i < BENCH_LISTED; i++)
		full_list->push_back(ListedBox::make(krcu::GFP_KERNEL, 1));
	// Not insert(), which is inlined where it is called once.
	auto old = full_table->replace(HashedBox::make(krcu::GFP_KERNEL, bench_key));
	return old ? 0 : old.error();
}

// Reading

void cxx_dereference(callback_head *)
{
	krcu::ReadGuard guard;

	if (auto found = slot->dereference(guard))
		bench_sink = *found;
}

void cxx_srcu_dereference(callback_head *)
{
	auto guard = domain->read_lock();

	if (auto found = srcu_slot->dereference(guard))
		bench_sink = *found;
}

void cxx_try_access(callback_head *)
{
	krcu::ReadGuard guard;

	if (auto found = resource->number.try_access(guard))
		bench_sink = *found;
}

void cxx_ref_try_get(callback_head *)
{
	Ref ref;
	{
		krcu::ReadGuard guard;

		if (auto found = counted_slot->dereference(guard))
			ref = Ref::try_get(*found, guard);
	}
}

void cxx_grace_period(callback_head *)
{
	bench_sink = krcu::GracePeriod::snapshot().elapsed();
}

// Making, and dropping what nobody has seen

void cxx_box(callback_head *)
{
	auto box = krcu::KBox<int>::make(krcu::GFP_NOWAIT, 1);
}

void cxx_cached_box(callback_head *)
{
	auto box = krcu::Box<int, Cache>::make(krcu::GFP_NOWAIT, 1);
}

void cxx_draft(callback_head *)
{
	auto draft = Plain::draft(krcu::GFP_NOWAIT, 1);
}

void cxx_tail(callback_head *)
{
	auto draft = Tailed::draft(krcu::GFP_NOWAIT, bench_tail);
}

// Retiring

void cxx_retire(callback_head *object)
{
	retire<Plain>(object);
}

void cxx_retire_free_box(callback_head *object)
{
	retire<Free>(object);
}

void cxx_retire_destructed(callback_head *object)
{
	retire<Destroyed>(object);
}

void cxx_retire_srcu(callback_head *object)
{
	retire<OfDomain>(object);
}

void cxx_retire_sleeper(callback_head *object)
{
	retire<Slept>(object);
}

void cxx_make_and_retire(callback_head *)
{
	(void)Slept::make(krcu::GFP_KERNEL, 1);
}

// Replacing

void cxx_replace(callback_head *object)
{
	auto old = updated->replace(Plain::from_foreign(object));
}

void cxx_compare_exchange(callback_head *object)
{
	krcu::ReadGuard guard;
	auto seen = updated->dereference(guard);
	auto old = updated->compare_exchange(seen, Plain::from_foreign(object));
}

void cxx_copy_update(callback_head *)
{
	auto held = lock->lock();
	auto old = updated->copy_update(held, [](const int *n) { return Plain::make(krcu::GFP_NOWAIT, n ? *n + 1 : 0); });
}

// Containers

void cxx_xa_load(callback_head *)
{
	krcu::ReadGuard guard;

	if (auto found = array->load(7, guard))
		bench_sink = *found;
}

void cxx_xa_for_each(callback_head *)
{
	krcu::ReadGuard guard;
	int sum = 0;

	array->for_each(guard, [&](unsigned long, int n) { sum += n; });
	bench_sink = sum;
}

void cxx_xa_store(callback_head *object)
{
	if (auto none = array->store(BENCH_ENTRIES, Plain::from_foreign(object), krcu::GFP_NOWAIT))
		keep(array->erase(BENCH_ENTRIES));
}

void cxx_xa_alloc(callback_head *object)
{
	if (auto id = ids->alloc(Plain::from_foreign(object), 0, 1000, krcu::GFP_NOWAIT))
		keep(ids->erase(*id));
}

void cxx_xa_reserve(callback_head *object)
{
	auto kept = array->reserve(BENCH_ENTRIES, krcu::GFP_NOWAIT);

	if (!kept)
		return;
	(void)std::move(*kept).fill(Plain::from_foreign(object));
	keep(array->erase(BENCH_ENTRIES));
}

void cxx_hash_find(callback_head *)
{
	krcu::ReadGuard guard;

	if (auto found = full_table->find(bench_key, guard))
		bench_sink = found->value;
}

void cxx_hash_insert(callback_head *object)
{
	auto box = HashedBox::from_foreign(object);
	const Hashed &hashed = *box;

	if (!table->insert(std::move(box)))
		keep(table->erase(hashed));
}

void cxx_list_walk(callback_head *)
{
	krcu::ReadGuard guard;
	int sum = 0;

	full_list->for_each(guard, [&](const Listed &l) { sum += l.value; });
	bench_sink = sum;
}

void cxx_list_push(callback_head *object)
{
	auto box = ListedBox::from_foreign(object);
	const Listed &listed = *box;

	list->push_back(std::move(box));
	auto old = list->erase(listed);
}

// Locks, and what else there is

void cxx_mutex(callback_head *)
{
	auto held = lock->lock();
	++locked;
}

void cxx_spin_lock_bh(callback_head *)
{
	auto held = spin->lock_bh();
	++locked;
}

void cxx_spin_lock_irqsave(callback_head *)
{
	auto held = spin->lock_irqsave();
	++locked;
}

void cxx_fetch_add(callback_head *)
{
	bench_sink = number.fetch_add(2);
}

void cxx_wake_up(callback_head *)
{
	queue->wake_up_poll(krcu::EPOLLIN);
}
