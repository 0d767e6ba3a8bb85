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
