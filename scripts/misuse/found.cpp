// SPDX-License-Identifier: GPL-2.0
// What a look-up found. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Config {
	int limit;
};
using Box = krcu::RcuKBox<Config>;
using Configs = krcu::XArray<Box>;

int use(const Config &config);
int use_pointer(const Config *config);

int found(const krcu::Rcu<Box> &rcu, const Configs &configs)
{
	krcu::ReadGuard guard;
	auto config = rcu.dereference(guard);
	int sum = config ? config->limit + use(*config) + use_pointer(config.get()) + use_pointer(&*config) : 0;

	if (auto other = configs.load(3, guard); other && other.get() != config.get())
		sum += other->limit;
#ifdef MISUSE_holding_a_plain_pointer // error: krcu: what a look-up found must not outlive its guard: hold it as auto
	const Config *pointer = rcu.dereference(guard);
	sum += pointer->limit;
#endif
#ifdef MISUSE_holding_an_entry_s_plain_pointer // error: krcu: what a look-up found must not outlive its guard: hold it as auto
	const Config *pointer = configs.load(3, guard);
	sum += pointer->limit;
#endif
#ifdef MISUSE_passing_what_was_found_as_a_pointer // error: krcu: what a look-up found must not outlive its guard: .* &\* where a function wants a pointer
	sum += use_pointer(config);
#endif
#ifdef MISUSE_copying_what_was_found // error: (use of|call to) deleted (function|constructor)
	auto copy = config;
#endif
#ifdef MISUSE_moving_what_was_found // error: (use of|call to) deleted (function|constructor)
	auto moved = std::move(config);
#endif
#ifdef MISUSE_assigning_what_was_found // error: (use of deleted function|overload resolution selected deleted operator)
	config = configs.load(3, guard);
#endif
#ifdef MISUSE_what_was_found_on_the_heap // error: (use of|call to) deleted function
	auto *heap = new krcu::Found<Config>(rcu.dereference(guard));
#endif
#ifdef MISUSE_boxing_what_was_found // error: krcu: a guard belongs to the scope that made it
	auto box = krcu::KBox<krcu::Found<Config>>::make(krcu::GFP_ATOMIC, nullptr);
#endif
#ifdef MISUSE_writing_to_what_was_found // error: (assignment of member 'Config::limit' in read-only object|cannot assign to return value)
	config->limit = 1;
#endif
#ifdef MISUSE_looking_up_for_nothing // error: a look-up has no other effect than its result
	rcu.dereference(guard);
#endif
	return sum;
}

// The caller's guard lives on.
auto looked_up(const Configs &configs, const krcu::ReadGuard &callers)
{
	return configs.load(3, callers);
}

int caller(const Configs &configs)
{
	krcu::ReadGuard guard;
	auto config = looked_up(configs, guard);

	return config ? config->limit : 0;
}

#ifdef MISUSE_keeping_a_pointer_past_its_guard // error: krcu: what a look-up found must not outlive its guard: hold it as auto
int assigned_to_an_outer_variable(const krcu::Rcu<Box> &rcu)
{
	const Config *config;
	{
		krcu::ReadGuard guard;
		config = rcu.dereference(guard);
	}
	return config->limit;
}
#endif
#ifdef MISUSE_returning_a_pointer_by_name // error: krcu: what a look-up found must not outlive its guard: hold it as auto
const Config *returned_by_name(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	auto config = rcu.dereference(guard);
	return config;
}
#endif
#ifdef MISUSE_returning_what_was_found_by_name // error: (use of|call to) deleted (function|constructor)
auto returned_as_it_is(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	auto config = rcu.dereference(guard);
	return config;
}
#endif
#ifdef MISUSE_returning_a_pointer_past_its_guard // error: (krcu: what a look-up found must not outlive its guard|.*local variable 'guard')
const Config *returned_at_once(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	return rcu.dereference(guard);
}
#endif
#ifdef MISUSE_returning_an_entry_past_its_guard // error: (krcu: what a look-up found must not outlive its guard|.*local variable 'guard')
const Config *entry_returned(const Configs &configs)
{
	krcu::ReadGuard guard;
	return configs.load(3, guard);
}
#endif

// GCC has no check for what outlives what.

#ifdef MISUSE_returning_what_was_found_past_its_guard // Clang error: (address|reference|stack) .*local variable 'guard'
krcu::Found<Config> returned_as_found(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	return rcu.dereference(guard);
}
#endif
#ifdef MISUSE_returning_the_object_past_its_guard // Clang error: (address|reference|stack) .*local variable 'config'
const Config &object_returned(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	auto config = rcu.dereference(guard);
	return *config;
}
#endif
#ifdef MISUSE_returning_the_object_s_address_past_its_guard // Clang error: (address|reference|stack) .*local variable 'config'
const Config *address_returned(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	auto config = rcu.dereference(guard);
	return &*config;
}
#endif
#ifdef MISUSE_returning_get_past_its_guard // Clang error: (address|reference|stack) .*local variable 'config'
const Config *pointer_returned(const krcu::Rcu<Box> &rcu)
{
	krcu::ReadGuard guard;
	auto config = rcu.dereference(guard);
	return config.get();
}
#endif
