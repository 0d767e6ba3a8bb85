// SPDX-License-Identifier: GPL-2.0
// A routing table: looked up without a lock, changed by ioctls, with routes that age.

#include <cerrno>
#include <cstring>

#include <krcu/krcu.hpp>

#include "abi.h"
#include "route.h"

namespace {

/// A route, and behind it the name of where it leads.
struct Route {
	Route(const route &r) : prefix(r.prefix), metric(r.metric), name_length(r.name_length), used(krcu::jiffies()) {}

	std::size_t tail_size() const { return name_length; }

	krcu::HashLink link;
	__u32 prefix, metric;
	__u8 name_length;
	mutable krcu::Atomic<__u64> hits;
	mutable krcu::Atomic<unsigned long> used; // in jiffies
};
using RouteBox = krcu::RcuKBox<krcu::Tail<Route, char>>;
using LimitsBox = krcu::RcuKBox<route_limits>;

struct Updaters {
	static constexpr const char *name = "krcu_route";
};

KRCU_GLOBAL(updaters, krcu::Mutex<Updaters>);
KRCU_GLOBAL(routes, krcu::HashTable<RouteBox, &Route::link, &Route::prefix>);
KRCU_GLOBAL(readers, krcu::PollWaitQueue);
KRCU_GLOBAL(limits, krcu::Rcu<LimitsBox>); // never empty from route_start() on
constinit krcu::Atomic<__u64> changes;

/// An open file: what it has read of.
struct Reader {
	mutable krcu::Atomic<__u64> seen;
};
using ReaderBox = krcu::KBox<Reader>;

void changed()
{
	changes.fetch_add(1, krcu::release); // who has seen it sees what has changed: route_read()
	readers->wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
}

int add(const route &r)
{
	auto fresh = RouteBox::draft_for_overwrite(krcu::GFP_KERNEL, r.name_length, r);

	if (!fresh)
		return -ENOMEM;
	std::memcpy(fresh->tail().data(), r.name, r.name_length);
	auto held = updaters->lock();
	if (routes->size() >= limits->dereference(held)->routes)
		return -ENOSPC;
	const int err = routes->insert(std::move(fresh));
	if (!err)
		changed();
	return err;
}

int add(krcu::UserPtr from)
{
	route r;

	if (krcu::copy_from_user(r, from))
		return -EFAULT;
	if (!r.name_length || r.name_length > ROUTE_NAME_MAX || r.reserved || r.hits)
		return -EINVAL;
	return add(r);
}

int del(krcu::UserPtr from)
{
	__u32 prefix;

	if (krcu::copy_from_user(prefix, from))
		return -EFAULT;
	if (!routes->erase(prefix))
		return -ENOENT;
	changed();
	return 0;
}

bool look_up(route &r)
{
	krcu::ReadGuard guard;
	auto found = routes->find(r.prefix, guard);

	if (!found)
		return false;
	found->used.store(krcu::jiffies());
	r = { found->prefix, found->metric, found->hits.fetch_add(1, krcu::relaxed) + 1, found->name_length, 0, {} };
	std::memcpy(r.name, found->tail().data(), found->name_length);
	return true;
}

int get(krcu::UserPtr user)
{
	route r;

	if (krcu::copy_from_user(r, user))
		return -EFAULT;
	return look_up(r) ? krcu::copy_to_user(user, r) : -ENOENT;
}

int set_limits(const route_limits &l)
{
	auto fresh = LimitsBox::make(krcu::GFP_KERNEL, l);

	if (!fresh)
		return -ENOMEM;
	auto held = updaters->lock(); // add() looks at them under it alone
	auto old = limits->replace(std::move(fresh));
	return 0;
}

int limit(krcu::UserPtr from)
{
	route_limits fresh;

	if (krcu::copy_from_user(fresh, from))
		return -EFAULT;
	return fresh.age_ms > ROUTE_AGE_MAX ? -EINVAL : set_limits(fresh);
}

} // namespace

int route_start()
{
	return set_limits({ .routes = 1024, .age_ms = 0 });
}

void *route_open()
{
	return ReaderBox::make(krcu::GFP_KERNEL, changes.load()).into_foreign();
}

void route_release(void *reader)
{
	auto last = ReaderBox::from_foreign(reader);
}

long route_ioctl(file *, unsigned int command, unsigned long argument)
{
	const krcu::UserPtr user(argument);

	switch (command) {
	case ROUTE_ADD:
		return add(user);
	case ROUTE_DEL:
		return del(user);
	case ROUTE_GET:
		return get(user);
	case ROUTE_LIMIT:
		return limit(user);
	default:
		return -ENOTTY;
	}
}

long route_read(void *reader, unsigned long buffer, unsigned long size)
{
	// The number first: what changes afterwards, poll() still tells.
	const route_stats stats = { changes.load(krcu::acquire), static_cast<__u32>(routes->size()), 0 };

	if (size < sizeof(stats))
		return -EINVAL;
	if (krcu::copy_to_user(krcu::UserPtr(buffer), stats))
		return -EFAULT;
	ReaderBox::borrow(reader).seen.store(stats.changes);
	return sizeof(stats);
}

bool route_poll(void *reader, file *filp, poll_table_struct *table)
{
	readers->poll_wait(filp, table);
	return changes.load() != ReaderBox::borrow(reader).seen.load();
}

void route_age()
{
	krcu::ReadGuard guard;
	const __u32 age_ms = limits->dereference(guard)->age_ms;

	if (!age_ms)
		return;
	const unsigned long oldest = krcu::jiffies() - krcu::msecs_to_jiffies(age_ms);
	bool any = false;
	routes->for_each(guard, [&](const auto &r) {
		if (krcu::time_before(r.used.load(), oldest))
			any |= bool(routes->erase(r));
	});
	if (any)
		changed();
}
