// SPDX-License-Identifier: GPL-2.0
// The C++ half of krcu_exits: what each scenario leaves to the module's exit. In each, the last destructor says so,
// which it can only while the module's text is there.

#include <krcu/krcu.hpp>

#include "exits.h"

/// Not in the anonymous namespace, so that functions of its box are in COMDAT groups: see krcu-ungroup in Kbuild.krcu.
struct Quick {
	~Quick() { exits_busy_ms(0); }
};

namespace {

/// So many, and so slow, that some are still pending when an exit that does not wait has returned.
constexpr int objects = 50;

struct Slow {
	static inline constinit int destroyed;

	~Slow()
	{
		exits_busy_ms(3);
		if (__atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED) == objects)
			exits_say("all are destroyed");
	}
};

/// Returns when the exit has begun and would be over by now if it waited for nobody.
template <void (*pause_ms)(unsigned int)>
void stay_late()
{
	for (int ms = 0; ms < 5000 && !exits_have_begun(); ms++)
		pause_ms(1);
	pause_ms(150);
}

struct Left {
	static constexpr const char *name = "krcu_exits_left";
	static constexpr unsigned int teardown_timeout_ms = 50;
};
struct Other {
	static constexpr const char *name = "krcu_exits_other";
};

// Not emptied by anybody.
constinit krcu::Srcu<Left> left;
constinit krcu::Srcu<Other> other, third;

template <class Retire>
void retire_each(Retire retire)
{
	for (int i = 0; i < objects; i++)
		retire();
}

void retire_into_rcu()
{
	retire_each([] { krcu::RcuKBox<Slow>::make(krcu::GFP_KERNEL).reset(); });
}

void retire_into_other()
{
	retire_each([] { krcu::Callback<Slow>::make(krcu::GFP_KERNEL).submit(other); });
}

/// Enters the domain that is left, stays for longer than its timeout, and lets `retire` have the last word.
template <void (*retire)()>
void read_left()
{
	auto guard = left.read_lock();

	exits_inside();
	stay_late<exits_sleep_ms>();
	retire();
}

void hold_callbacks_up_and_retire()
{
	exits_hold_callbacks_up();
	retire_into_rcu();
}

int with_late_reader()
{
	return exits_late_thread(read_left<hold_callbacks_up_and_retire>);
}

int own_domain_left()
{
	left = krcu::Srcu<Left>::make();
	return left ? with_late_reader() : -ENOMEM;
}

void drop_left()
{
	left = krcu::Srcu<Left>();
}

int wrapper_left()
{
	left = krcu::Srcu<Left>::wrap(exits_c_domain());
	return left ? with_late_reader() : -ENOMEM;
}

int domain_abandoned_before_init_fails()
{
	int err = own_domain_left();

	drop_left();
	return err ? err : -EINVAL;
}

/// A reader of one domain retires into another.
int into_another_domain()
{
	left = krcu::Srcu<Left>::make();
	other = krcu::Srcu<Other>::make();
	return left && other ? exits_late_thread(read_left<retire_into_other>) : -ENOMEM;
}

int reader_of_rcu()
{
	return exits_late_thread([] {
		krcu::ReadGuard guard;

		exits_inside();
		stay_late<exits_busy_ms>();
		retire_each([] { krcu::RcuKBox<Slow>::make(krcu::GFP_ATOMIC).reset(); });
	});
}

// A domain that is dropped in a work item, where its reader is given up when the module goes already.
using Boxed = krcu::RcuKBox<krcu::Srcu<Left>, krcu::reclaim::Work>;
constinit krcu::Rcu<Boxed> boxed;

int domain_dropped_in_work()
{
	left = krcu::Srcu<Left>::make();
	if (!left)
		return -ENOMEM;
	return exits_late_thread([] {
		auto guard = left.read_lock();

		exits_inside();
		(void)boxed.replace(Boxed::make(krcu::GFP_KERNEL, std::move(left)));
		stay_late<exits_sleep_ms>();
		retire_into_rcu();
	});
}

void drop_boxed()
{
	(void)boxed.take();
}

/// While the exit waits for a reader that is a destructor, that drops another domain.
struct DropsOther {
	static constexpr bool destructor_may_sleep = true;

	~DropsOther()
	{
		auto guard = other.read_lock();

		exits_inside();
		exits_sleep_ms(150);
		third = krcu::Srcu<Other>();
		retire_into_rcu();
	}
};

int destructor_reads_and_drops()
{
	other = krcu::Srcu<Other>::make();
	third = krcu::Srcu<Other>::make();
	left = krcu::Srcu<Left>::make();
	if (!left || !other || !third)
		return -ENOMEM;
	return exits_late_thread([] {
		auto guard = left.read_lock();

		exits_inside();
		stay_late<exits_sleep_ms>(); // the exit is waiting for this reader
		krcu::RcuKBox<DropsOther, krcu::reclaim::Work>::make(krcu::GFP_KERNEL).reset();
		exits_sleep_ms(200);
	});
}

/// Readers of C code's own domain drop others, while its wrapper comes and goes.
int c_readers_drop_domains()
{
	static constinit bool done;
	int err = exits_late_thread([] {
		exits_inside();
		for (int i = 0; i < 30; i++) {
			int idx = exits_c_read_lock();

			exits_c_call();
			{
				auto domain = krcu::Srcu<Other>::make();
			}
			exits_c_read_unlock(idx);
		}
		__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	});

	while (!err && !__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		auto wrapper = krcu::Srcu<Left>::wrap(exits_c_domain());

		if (wrapper)
			krcu::Callback<int>::make(krcu::GFP_KERNEL).submit(wrapper);
	}
	retire_into_rcu();
	return err;
}

/// So many that it shows if their memory is not given back.
constinit krcu::Srcu<Other> many[50];

int many_domains_left()
{
	for (auto &domain : many) {
		domain = krcu::Srcu<Other>::make();
		if (!domain)
			return -ENOMEM;
	}
	return 0;
}

int domain_shared()
{
	other = krcu::Srcu<Other>::make();
	return other ? 0 : -ENOMEM;
}

/// Its end retires the next one.
template <void (*retire)(int links_left)>
struct Link {
	int links_left;

	~Link()
	{
		if (links_left)
			retire(links_left - 1);
		else
			exits_say("all are destroyed");
	}
};

/// The first ones into RCU, the work item, a domain and a wrapped one in turn; then into RCU, as a round of the exit's
/// may reach several links of different kinds.
void retire_in_turn(int links_left)
{
	switch (links_left < 40 ? 0 : links_left % 4) {
	case 0:
		krcu::RcuKBox<Link<retire_in_turn>>::make(krcu::GFP_ATOMIC, links_left).reset();
		break;
	case 1:
		krcu::RcuKBox<Link<retire_in_turn>, krcu::reclaim::Work>::make(krcu::GFP_ATOMIC, links_left).reset();
		break;
	case 2:
		krcu::Callback<Link<retire_in_turn>>::make(krcu::GFP_ATOMIC, links_left).submit(other);
		break;
	default:
		krcu::Callback<Link<retire_in_turn>>::make(krcu::GFP_ATOMIC, links_left).submit(left);
	}
}

void retire_into_left(int links_left)
{
	krcu::Callback<Link<retire_into_left>>::make(krcu::GFP_ATOMIC, links_left).submit(left);
}

int chain_of_all()
{
	left = krcu::Srcu<Left>::wrap(exits_c_domain());
	other = krcu::Srcu<Other>::make();
	return left && other ? 0 : -ENOMEM;
}

/// Longer than what the exit takes for no more than a writer of parameter files.
void retire_long_chain()
{
	retire_in_turn(50);
}

/// One domain of C code under two tags, of which one goes.
int wrapped_under_two_tags()
{
	left = krcu::Srcu<Left>::wrap(exits_c_domain());
	{
		auto under_other_tag = krcu::Srcu<Other>::wrap(exits_c_domain());
	}
	return left ? 0 : -ENOMEM;
}

void retire_chain_into_left()
{
	retire_into_left(10);
}

int null_wrapped()
{
	left = krcu::Srcu<Left>::wrap(nullptr);
	return left ? -EINVAL : 0;
}

struct Scenario {
	const char *name;
	int (*begin)();
	void (*end)();
};
constexpr Scenario scenarios[] = {
	{ "none", nullptr, nullptr },
	{ "own_domain_left", own_domain_left, nullptr },
	{ "own_domain_dropped", own_domain_left, drop_left },
	{ "wrapper_left", wrapper_left, nullptr },
	{ "wrapper_dropped", wrapper_left, drop_left },
	{ "domain_abandoned_before_init_fails", domain_abandoned_before_init_fails, nullptr },
	{ "into_another_domain", into_another_domain, nullptr },
	{ "reader_of_rcu", reader_of_rcu, nullptr },
	{ "domain_dropped_in_work", domain_dropped_in_work, drop_boxed },
	{ "destructor_reads_and_drops", destructor_reads_and_drops, nullptr },
	{ "c_readers_drop_domains", c_readers_drop_domains, nullptr },
	{ "chain_of_all", chain_of_all, retire_long_chain },
	{ "wrapped_under_two_tags", wrapped_under_two_tags, retire_chain_into_left },
	{ "many_domains_left", many_domains_left, retire_into_rcu },
	{ "domain_shared", domain_shared, nullptr },
	{ "null_wrapped", null_wrapped, retire_into_rcu },
};
constinit const Scenario *scenario;

bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

} // namespace

int exits_begin(const char *name)
{
	for (const Scenario &s : scenarios) {
		if (!same(s.name, name))
			continue;
		scenario = &s;
		return s.begin ? s.begin() : 0;
	}
	return -ENOENT;
}

void exits_end()
{
	if (scenario->end)
		scenario->end();
}

/// So that an end of the module that does not wait for callbacks comes before them.
int exits_hold_callbacks_up()
{
	return exits_late_thread([] {
		krcu::ReadGuard guard;

		exits_inside();
		exits_busy_ms(200);
	});
}

void exits_retire_all()
{
	retire_in_turn(20);
	exits_inside();
}

void exits_retire_one()
{
	static constinit bool said;

	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		exits_say("a writer goes on");
	krcu::RcuKBox<Quick>::make(krcu::GFP_KERNEL).reset();
}

void *exits_shared_domain()
{
	return &other;
}
