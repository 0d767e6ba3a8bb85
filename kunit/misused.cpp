// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_misused: what only a debug kernel tells at run time, each with one WARN that says what is wrong.

#include <krcu/krcu.hpp>

#include "misused.h"

namespace {

struct Table {
	static constexpr const char *name = "krcu_misused";
};
using Domain = krcu::Srcu<Table>;
using Box = krcu::SrcuKBox<int, Table>;

/// The domain of another module.
Domain &foreign()
{
	return *static_cast<Domain *>(exits_domain());
}

void drop_foreign_domain()
{
	foreign() = Domain();
}

void retire_into_foreign_domain()
{
	Box::make(foreign(), krcu::GFP_KERNEL).reset();
}

void retire_into_domain_that_is_gone()
{
	struct {
		krcu::Rcu<Box, Domain> pointer;
		Domain domain; // goes first
	} wrong_order;

	wrong_order.domain = Domain::make();
	if (wrong_order.domain)
		(void)wrong_order.pointer.replace(Box::make(wrong_order.domain, krcu::GFP_KERNEL));
}

struct Drains {
	static constexpr bool destructor_may_sleep = true;

	~Drains() { krcu::drain(); }
};

void drain_in_destructor()
{
	krcu::RcuKBox<Drains, krcu::reclaim::Work>::make(krcu::GFP_KERNEL).reset();
	krcu::drain();
}

void drain_in_reader()
{
	auto domain = Domain::make();

	if (domain) {
		auto guard = domain.read_lock();

		krcu::drain();
	}
}

void poll_wait_under_a_guard()
{
	krcu::PollWaitQueue queue;
	krcu::ReadGuard guard;

	queue.poll_wait(nullptr, nullptr);
}

void make_box_before_its_cache()
{
	(void)krcu::RcuBox<int, krcu::SlabCache<int>>::make(krcu::GFP_KERNEL);
}

struct Shared : krcu::RefCounted {
	krcu::ListLink link;
};
using Ref = krcu::RcuRef<Shared>;
using List = krcu::List<Ref, &Shared::link>;

void push_twice()
{
	List list;

	if (auto ref = Ref::make(krcu::GFP_KERNEL)) {
		list.push_back(Ref(ref));
		list.push_back(Ref(ref));
	}
}

void push_what_was_erased()
{
	List list;

	if (auto ref = Ref::make(krcu::GFP_KERNEL)) {
		list.push_back(Ref(ref));
		(void)list.erase(*ref);
		list.push_back(Ref(ref));
	}
}

void erase_from_another_list()
{
	List list, other;

	if (auto ref = Ref::make(krcu::GFP_KERNEL)) {
		list.push_back(Ref(ref));
		(void)other.erase(*ref);
	}
}

void take_more_references_than_can_be_counted()
{
	if (auto ref = Ref::make(krcu::GFP_KERNEL)) {
		// Its first member: 2^31 copies would take too long.
		*reinterpret_cast<int *>(const_cast<Shared *>(&*ref)) = ~0u >> 1;
		// Both are kept: giving one up would be the next mistake.
		(void)Ref(ref).into_foreign();
		(void)std::move(ref).into_foreign();
	}
}

struct Updaters {
	static constexpr const char *name = "krcu_misused_updaters";
};

void dereference_without_its_mutex()
{
	krcu::Rcu<krcu::RcuKBox<int>> pointer;
	auto held = krcu::Mutex<Updaters>::wrap(misused_mutex()).lock();

	misused_unlock_mutex();
	(void)pointer.dereference(held).get();
	misused_lock_mutex();
}

void dereference_without_its_spin_lock()
{
	krcu::Rcu<krcu::RcuKBox<int>> pointer;
	auto held = krcu::SpinLock<Updaters>::wrap(misused_spinlock()).lock();

	misused_unlock_spinlock();
	(void)pointer.dereference(held).get();
	misused_lock_spinlock();
}

struct Hashed : krcu::RefCounted {
	krcu::HashLink link;
	int key = 1;
};
using HashedRef = krcu::RcuRef<Hashed>;
using Hash = krcu::HashTable<HashedRef, &Hashed::link, &Hashed::key>;

// By one link into two tables.
void insert_what_is_in_another_table()
{
	auto first = Hash::make(), second = Hash::make();
	auto ref = HashedRef::make(krcu::GFP_KERNEL), other_ref = ref;

	if (!first || !second || !ref || first.insert(std::move(ref)))
		return;
	if (second.insert(std::move(other_ref)) != -EEXIST || !other_ref || second.size())
		__builtin_trap();
}

void insert_before_readers_have_left()
{
	auto table = Hash::make();
	auto ref = HashedRef::make(krcu::GFP_KERNEL);

	if (!table || !ref || table.insert(std::move(ref)))
		return;
	krcu::ReadGuard guard;
	(void)table.insert(table.erase(1));
}

struct Later {
	int value = 1;
};
extern krcu::Global<Later> later;

struct Earlier {
	static inline constinit int seen;

	Earlier()
	{
		if (misused_what() == 15)
			seen = later->value;
	}
};
KRCU_GLOBAL(earlier, Earlier);
KRCU_GLOBAL(later, Later);

// earlier has done it.
void use_a_global_before_it_is_made()
{
}

// By the shims, as newer Clangs refuse it under a ReadGuard.
void copy_from_user_in_a_reader()
{
	int n;

	krcu_read_lock();
	(void)!krcu::copy_from_user(n, krcu::UserPtr());
	krcu_read_unlock();
}

struct Retired {
	~Retired() {}
};
constinit krcu::RcuKBox<Retired, krcu::reclaim::Work> retired;

void retire_in_nmi()
{
	retired = decltype(retired)::make(krcu::GFP_KERNEL);
	misused_run_in_nmi([] { retired.reset(); });
}

struct Waiter {
	static constexpr bool destructor_may_sleep = true;

	~Waiter() { (void)krcu::reclaim::wait(); }
};

void wait_in_destructor()
{
	(void)krcu::RcuKBox<Waiter, krcu::reclaim::Work>::make(krcu::GFP_KERNEL);
}

} // namespace

void misuse(unsigned int what)
{
	static constexpr void (*each[])() = {
		retire_into_foreign_domain, retire_into_domain_that_is_gone, drain_in_destructor, drain_in_reader,
		drop_foreign_domain, poll_wait_under_a_guard, make_box_before_its_cache,
		dereference_without_its_mutex, dereference_without_its_spin_lock, push_twice,
		push_what_was_erased, erase_from_another_list, take_more_references_than_can_be_counted,
		insert_what_is_in_another_table, insert_before_readers_have_left, use_a_global_before_it_is_made,
		copy_from_user_in_a_reader, retire_in_nmi, wait_in_destructor
	};

	if (what < sizeof(each) / sizeof(each[0]))
		each[what]();
}
