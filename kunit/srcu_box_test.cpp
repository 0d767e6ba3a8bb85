// SPDX-License-Identifier: GPL-2.0
// Objects whose readers are a domain's: krcu/srcu_box.hpp, Rcu<P, Srcu<Tag>>, Srcu::wrap()

#include <type_traits>

#include "support.hpp"

namespace {

struct Table {
	static constexpr const char *name = "krcu_kunit_srcu_box";
};
using Domain = krcu::Srcu<Table>;
template <class T>
using SrcuBox = krcu::SrcuKBox<T, Table>;
using Box = SrcuBox<Object>;
using Pointer = krcu::Rcu<Box, Domain>;

static_assert(sizeof(Box) == sizeof(void *) && sizeof(Pointer) == sizeof(void *));
static_assert(sizeof(krcu::RcuOld<Box, Domain>) == sizeof(void *));
static_assert(krcu::ForeignOwnableRcu<Box, Domain::Guard> && !krcu::ForeignOwnableRcu<Box>);

/// What a new reader of it sees: 0 for null.
int read(const Pointer &rcu, const Domain &domain)
{
	auto guard = domain.read_lock();
	auto object = rcu.dereference(guard);

	return object ? object->value : 0;
}

} // namespace

KUNIT_CASE(object_is_destroyed_after_a_sleeping_reader_has_left)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	auto box = Box::make(domain, krcu::GFP_KERNEL, 3);
	ASSERT_TRUE(box);
	Object::reset();
	{
		Sleeper reader(domain);

		ASSERT_TRUE(reader);
		box.reset();
		EXPECT_FALSE(box);
		// Neither at once nor after RCU's grace period.
		krcu::synchronize_rcu();
		krcu::rcu_barrier();
		EXPECT_TRUE(reader.reading());
		EXPECT_EQ(Object::destroyed, 0);
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(reader_keeps_the_object_that_was_replaced)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Object::reset();
	{
		Pointer rcu(Box::make(domain, krcu::GFP_KERNEL, 1));
		{
			auto guard = domain.read_lock();
			auto object = rcu.dereference(guard);
			ASSERT_TRUE(object);
			{
				auto old = rcu.replace(Box::make(domain, krcu::GFP_KERNEL, 2));
				ASSERT_TRUE(old);
				EXPECT_EQ(old->value, 1);
			}
			kunit_sleep_ms(30);
			EXPECT_EQ(object->value, 1);
			EXPECT_EQ(Object::destroyed, 0);
			EXPECT_EQ(read(rcu, domain), 2);
		}
		domain.barrier();
		EXPECT_EQ(Object::destroyed, 1);
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 2);
}

KUNIT_CASE(dropping_an_old_object_does_not_block)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Pointer rcu(Box::make(domain, krcu::GFP_KERNEL, 1));
	Sleeper reader(domain);

	ASSERT_TRUE(reader);
	{
		auto old = rcu.take();
		EXPECT_TRUE(old);
	}
	EXPECT_TRUE(reader.reading());
	EXPECT_EQ(read(rcu, domain), 0);
}

KUNIT_CASE(copy_update_makes_the_new_from_the_old)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Object::reset();
	{
		Pointer rcu;
		auto increment = [&](const Object *old) {
			return Box::make(domain, krcu::GFP_KERNEL, old ? old->value + 1 : 100);
		};

		EXPECT_FALSE(rcu.copy_update(increment));
		EXPECT_TRUE(rcu.copy_update(increment));
		EXPECT_EQ(read(rcu, domain), 101);
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 2);
}

KUNIT_CASE(updaters_read_under_their_lock)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Object::reset();
	{
		Pointer rcu;
		krcu::Mutex<Table> lock;
		auto held = lock.lock();
		const auto increment = [&](const Object *old) {
			return Box::make(domain, krcu::GFP_KERNEL, old ? old->value + 1 : 1);
		};

		EXPECT_FALSE(rcu.dereference(held));
		EXPECT_TRUE(rcu.copy_update(held, increment));
		auto old = rcu.copy_update(held, increment);
		ASSERT_TRUE(old && *old);
		EXPECT_EQ((*old)->value, 1);
		auto current = rcu.dereference(held);
		EXPECT_TRUE(current && current->value == 2);
		auto guard = domain.read_lock();
		auto seen = rcu.dereference(guard);
		EXPECT_TRUE(rcu.compare_exchange(seen, increment(seen.get())));
		EXPECT_FALSE(rcu.compare_exchange(seen, Box()));
		EXPECT_EQ(read(rcu, domain), 3);
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 3);
}

KUNIT_CASE(each_box_is_retired_into_the_domain_it_was_made_with)
{
	auto domain = Domain::make(), other = Domain::make();
	ASSERT_TRUE(domain && other);
	Object::reset();
	Sleeper reader(other);

	ASSERT_TRUE(reader);
	Box::make(domain, krcu::GFP_KERNEL).reset();
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_TRUE(reader.reading());
}

KUNIT_CASE(boxes_without_a_destructor_wait_too)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	using Allocator = Traced<>;
	using Plain = krcu::SrcuBox<int, Table, Allocator>;

	Allocator::reset();
	auto box = Plain::make(domain, krcu::GFP_KERNEL, 5);
	ASSERT_TRUE(box);
	EXPECT_EQ(Allocator::last_size, sizeof(void *) * 3);
	{
		auto guard = domain.read_lock();
		const int &value = box.with_rcu(guard);

		EXPECT_EQ(*box, 5);
		box.reset();
		kunit_sleep_ms(30);
		EXPECT_EQ(value, 5);
		EXPECT_EQ(Allocator::freed, 0);
	}
	domain.barrier();
	EXPECT_EQ(Allocator::freed, 1);
	EXPECT_EQ(Allocator::freed_rcu, 0);
}

KUNIT_CASE(boxes_move_and_go_through_a_pointer)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Object::reset();
	{
		auto box = Box::make(domain, krcu::GFP_KERNEL, 4);
		ASSERT_TRUE(box);
		Box moved = std::move(box);
		EXPECT_FALSE(box);
		void *foreign = std::move(moved).into_foreign();

		EXPECT_EQ(Box::borrow(foreign).value, 4);
		{
			auto guard = domain.read_lock();
			EXPECT_EQ(Box::rcu_borrow(foreign, guard).value, 4);
		}
		domain.barrier();
		EXPECT_EQ(Object::destroyed, 0);
		box = Box::from_foreign(foreign);
		EXPECT_EQ(box->value, 4);
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(errors_come_out_and_nothing_is_retired)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	using Allocator = Traced<>;
	using Plain = krcu::SrcuBox<int, Table, Allocator>;

	Allocator::reset();
	auto refused = Plain::try_make(domain, krcu::GFP_KERNEL, [](int *) { return -22; });
	EXPECT_FALSE(refused);
	EXPECT_EQ(refused.error(), -22);
	EXPECT_EQ(Allocator::freed, 1);
	auto made = Plain::try_make(domain, krcu::GFP_KERNEL, [](int *value) { return *value = 8, 0; });
	ASSERT_TRUE(made);
	EXPECT_EQ(**made, 8);
	Allocator::failing = 1;
	EXPECT_FALSE(Plain::make(domain, krcu::GFP_KERNEL));
	auto none = Plain::try_make(domain, krcu::GFP_KERNEL, [](int *) { return 0; });
	EXPECT_FALSE(none);
	EXPECT_EQ(none.error(), -ENOMEM);
	Allocator::failing = 0;
}

namespace {
/// A chain: dropping one drops the next, in its callback.
struct Link : Object {
	SrcuBox<Link> next;
};
} // namespace
KUNIT_CASE(destruction_of_a_domain_waits_for_what_destructors_retire)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	constexpr int length = 5;

	Object::reset();
	{
		SrcuBox<Link> chain;

		for (int i = 0; i < length; i++) {
			auto link = SrcuBox<Link>::try_make(domain, krcu::GFP_KERNEL, [&](Link *l) {
				new (l) Link{ {}, std::move(chain) };
				return 0;
			});
			ASSERT_TRUE(link);
			chain = std::move(*link);
		}
	}
	domain = Domain();
	EXPECT_EQ(Object::destroyed, length);
}

KUNIT_CASE(wrapped_domain_is_the_c_code_s_own)
{
	srcu_struct *in_c = kunit_c_domain_begin();
	ASSERT_TRUE(in_c);
	Object::reset();
	{
		auto domain = Domain::wrap(in_c);
		ASSERT_TRUE(domain);
		auto box = Box::make(domain, krcu::GFP_KERNEL, 7);
		int idx = kunit_c_domain_read_lock();

		// A reader in C holds up what C++ retires,
		box.reset();
		krcu::Callback<Object>::make(krcu::GFP_KERNEL).submit(domain);
		kunit_sleep_ms(30);
		EXPECT_EQ(Object::destroyed, 0);
		kunit_c_domain_read_unlock(idx);
		domain.synchronize();
		// and a reader in C++ a grace period in C.
		auto guard = domain.read_lock();
		EXPECT_FALSE(kunit_c_domain_elapses(30));
	}
	// Dropping the wrapper waited for what was submitted, and C goes on with its domain.
	EXPECT_EQ(Object::destroyed, 2);
	int idx = kunit_c_domain_read_lock();
	EXPECT_FALSE(kunit_c_domain_elapses(30));
	kunit_c_domain_read_unlock(idx);
	EXPECT_TRUE(sleep_until([] { return kunit_c_domain_elapses(30); }));
	kunit_c_domain_end();
}

namespace {
struct Wrapped {
	static constexpr const char *name = "krcu_kunit_wrapped";
	static constexpr unsigned int teardown_timeout_ms = 20;
};
} // namespace
KUNIT_CASE(wrapper_waits_for_a_late_reader_as_its_domain_is_not_krcu_s_to_keep)
{
	srcu_struct *in_c = kunit_c_domain_begin();
	ASSERT_TRUE(in_c);
	auto domain = krcu::Srcu<Wrapped>::wrap(in_c);
	ASSERT_TRUE(domain);
	{
		Sleeper reader(domain, 100);

		ASSERT_TRUE(reader);
		domain = krcu::Srcu<Wrapped>();
		EXPECT_FALSE(reader.reading());
	}
	kunit_c_domain_end();
}

KUNIT_CASE(domain_can_be_wrapped_more_than_once)
{
	srcu_struct *in_c = kunit_c_domain_begin();
	ASSERT_TRUE(in_c);
	Object::reset();
	{
		auto first = Domain::wrap(in_c), second = Domain::wrap(in_c);

		ASSERT_TRUE(first && second);
		first = Domain();
		second.synchronize();
		Box::make(second, krcu::GFP_KERNEL, 7).reset();
	}
	EXPECT_EQ(Object::destroyed, 1);
	kunit_c_domain_end();
}

namespace {
constinit Pointer contended;
constinit Counter arrived, wrong;
constinit const Domain *contended_domain;
constexpr int canary = 0x5afe, rounds = 1000;

void update_and_read_often()
{
	const Domain &domain = *contended_domain;

	for (int i = 1; i <= rounds; i++) {
		Box fresh = i % 2 ? Box::make(domain, krcu::GFP_KERNEL, canary) : Box();

		meet(arrived, i);
		auto old = contended.replace(std::move(fresh));
		int seen = read(contended, domain);

		if ((old && old->value != canary) || (seen && seen != canary))
			++wrong;
	}
}
} // namespace
KUNIT_CASE(racing_updaters_and_sleeping_readers_drop_every_object_once)
{
	NEEDS_CONCURRENCY();
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	contended_domain = &domain;
	Object::reset();
	arrived = 0;
	wrong = 0;
	{
		OnOtherCpu other(update_and_read_often);

		ASSERT_TRUE(other);
		update_and_read_often();
	}
	{
		auto last = contended.take();
	}
	domain.barrier();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::made, rounds);
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(tag_of_several_sources_is_one_lock_class)
{
	auto domain = krcu::Srcu<SharedTag>::make(); // in srcu_test.cpp as well

	ASSERT_TRUE(domain);
	auto guard = domain.read_lock();
}

// What is left to the module's exit: two domains, and a chain of objects in them, in RCU and in a work item, each
// of which retires the next. scripts/guests/kunit.sh looks for the last one's line.
namespace {
struct Older {
	static constexpr const char *name = "krcu_kunit_older";
};
struct Newer {
	static constexpr const char *name = "krcu_kunit_newer";
};
constinit krcu::Srcu<Older> older;
constinit krcu::Srcu<Newer> newer;

struct Chained {
	int left;

	~Chained() { retire_next(); }
	void retire_next() const
	{
		if (left == 0)
			kunit_say("exit: the last object of the chain is gone");
		else if (left == 2)
			drop(krcu::RcuKBox<Chained>::make(krcu::GFP_ATOMIC, left - 1));
		else if (left == 3)
			drop(krcu::RcuKBox<Chained, krcu::reclaim::Work>::make(krcu::GFP_ATOMIC, left - 1));
		else if (left % 2) // so many that they outlast a barrier of RCU's
			drop(krcu::SrcuKBox<Chained, Older>::make(older, krcu::GFP_ATOMIC, left - 1));
		else
			drop(krcu::SrcuKBox<Chained, Newer>::make(newer, krcu::GFP_ATOMIC, left - 1));
	}

	static void drop(auto) {}
};
} // namespace

extern "C" void cleanup_module()
{
	older = krcu::Srcu<Older>::make();
	newer = krcu::Srcu<Newer>::make();
	if (older && newer)
		Chained first = { 40 };
}

KUNIT_SUITE(srcu_box);
