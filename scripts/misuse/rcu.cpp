// SPDX-License-Identifier: GPL-2.0
// Rcu and RcuOld. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Config {
	int limit;
};
using Box = krcu::RcuKBox<Config>;

constinit krcu::Rcu<Box> config;

#ifdef MISUSE_a_raw_pointer_as_the_owner // error: (template constraint failure for|constraints not satisfied for) .*Rcu
krcu::Rcu<Config *> raw;
#endif
#ifdef MISUSE_an_owner_that_owns_nothing // error: (template constraint failure for|constraints not satisfied for) .*Rcu
krcu::Rcu<Config> value;
#endif
#ifdef MISUSE_a_callback_as_the_owner // error: (template constraint failure for|constraints not satisfied for) .*Rcu
krcu::Rcu<krcu::Callback<Config>> callback;
#endif

void updates(Box box, Box another)
{
	auto old = config.replace(std::move(box));
	auto older = config.take();
	auto oldest = config.copy_update([](const Config *c) { return Box::make(krcu::GFP_KERNEL, c ? c->limit + 1 : 0); });
	auto moved = std::move(old);

#ifdef MISUSE_copying_a_pointer // error: (use of|call to) deleted (function|constructor)
	krcu::Rcu<Box> copy(config);
#endif
#ifdef MISUSE_moving_a_pointer // error: (use of|call to) deleted (function|constructor)
	krcu::Rcu<Box> gone(std::move(config));
#endif
#ifdef MISUSE_assigning_a_pointer // error: (use of deleted function|overload resolution selected deleted operator)
	krcu::Rcu<Box> other;
	other = config;
#endif
#ifdef MISUSE_publishing_a_box_that_stays // error: (use of deleted function|call to implicitly-deleted copy constructor)
	older = config.replace(another);
#endif
#ifdef MISUSE_copying_an_old_object // error: (use of deleted function|call to implicitly-deleted copy constructor)
	auto copy = older;
#endif
#ifdef MISUSE_ignoring_what_was_replaced // error: dropping the old object may wait for a grace period
	config.replace(std::move(another));
#endif
#ifdef MISUSE_ignoring_what_was_taken // error: dropping the old object may wait for a grace period
	config.take();
#endif
#ifdef MISUSE_ignoring_what_was_updated // error: dropping the old object may wait for a grace period
	config.copy_update([](const Config *) { return Box(); });
#endif
#ifdef MISUSE_an_update_that_changes_the_old_object // error: krcu: copy_update\(\) wants a `P update\(const T \*old\)`
	older = config.copy_update([](Config *c) { c->limit++; return Box(); });
#endif
#ifdef MISUSE_an_update_to_another_type // error: krcu: copy_update\(\) wants a `P update\(const T \*old\)`
	older = config.copy_update([](const Config *c) { return c->limit + 1; });
#endif
#ifdef MISUSE_changing_an_old_object // error: (in read-only object|return value is not assignable|because .* returns a const value)
	older->limit = 1;
#endif
}

struct Updaters {
	static constexpr const char *name = "updaters";
};
using Mutex = krcu::Mutex<Updaters>;
using Spin = krcu::SpinLock<Updaters>;

void locked_updates(const Mutex &lock)
{
	auto held = lock.lock();
	auto old = config.copy_update(held, [](const Config *c) { return Box::make(krcu::GFP_KERNEL, c ? c->limit + 1 : 0); });

#ifdef MISUSE_ignoring_what_was_updated_under_a_lock // error: nothing is published where memory is short
	config.copy_update(held, [](const Config *) { return Box(); });
#endif
#ifdef MISUSE_a_locked_update_to_another_type // error: krcu: copy_update\(\) wants a `P update\(const T \*old\)`
	old = config.copy_update(held, [](const Config *c) { return c->limit + 1; });
#endif
#ifdef MISUSE_an_update_under_a_lock_that_is_not_held // error: (no matching (member )?function for call to|constraint)
	old = config.copy_update(lock, [](const Config *) { return Box(); });
#endif
#ifdef MISUSE_an_update_under_a_read_guard // error: (no matching (member )?function for call to|constraint)
	krcu::ReadGuard guard;
	old = config.copy_update(guard, [](const Config *) { return Box(); });
#endif
#ifdef MISUSE_a_pointer_read_under_a_lock_that_is_gone // error: (use of|call to) deleted (member )?function
	int limit = config.dereference(lock.lock())->limit;
#endif
}

int locked_reads(const Spin &lock)
{
	auto held = lock.lock_irqsave();
	auto c = config.dereference(held);

#ifdef MISUSE_changing_what_a_lock_shows // error: (in read-only object|return value is not assignable|because .* returns a const value)
	c->limit = 1;
#endif
#ifdef MISUSE_keeping_what_a_lock_shows // error: krcu: what a look-up found must not outlive its guard
	const Config *p = config.dereference(held);
#endif
	return c ? c->limit : 0;
}

void exchanges(Box fresh, Box another)
{
	krcu::ReadGuard guard;
	auto seen = config.dereference(guard);
	auto result = config.compare_exchange(seen, std::move(fresh));

#ifdef MISUSE_ignoring_whether_it_was_exchanged // error: nothing is published if another object is there
	config.compare_exchange(seen, std::move(another));
#endif
#ifdef MISUSE_exchanging_what_was_never_seen // error: no matching (member )?function for call to|cannot convert
	result = config.compare_exchange(nullptr, std::move(another));
#endif
#ifdef MISUSE_exchanging_a_box_that_stays // error: (use of deleted function|call to implicitly-deleted copy constructor)
	result = config.compare_exchange(seen, another);
#endif
}

int reads()
{
	krcu::ReadGuard guard;
	auto c = config.dereference(guard);

#ifdef MISUSE_changing_what_a_pointer_shows // error: (discards qualifiers|drops 'const' qualifier)
	Config &writable = *c;
#endif
	return c ? c->limit : 0;
}

void drops(krcu::Rcu<krcu::KBox<Config>> &plain)
{
	auto old = plain.take();
	{
		krcu::ReadGuard guard;
		auto retired = config.take();	// does not sleep
#ifdef MISUSE_dropping_what_waits_under_a_guard // Clang error: cannot call function '~RcuOld' while read-side critical section 'rcu' is held
		auto waits = plain.take();
#endif
#ifdef MISUSE_a_pointer_that_waits_under_a_guard // Clang error: cannot call function '~Rcu' while read-side critical section 'rcu' is held
		krcu::Rcu<krcu::KBox<Config>> local;
#endif
		krcu::Rcu<Box> retires;
	}
}
