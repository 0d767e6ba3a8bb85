// SPDX-License-Identifier: GPL-2.0
// Every allocation of every operation fails in turn: nothing leaks, nothing is half done, every error
// comes out. An XArray tries each of its twice, so that failing one shows nothing: see its own suite.

#include "support.hpp"

namespace {

constexpr krcu::gfp_t gfp = krcu::GFP_KERNEL | krcu::__GFP_NOWARN;

struct Table {
	static constexpr const char *name = "krcu_kunit_faults";
};
using Domain = krcu::Srcu<Table>;

/// Calls `operation()`, which returns whether it worked, with its first allocation failing, then with
/// its second, ... until none was left to fail, and it worked. Returns how often it did not work: never
/// more often than an allocation failed, as debugging aids of the kernel allocate too and get by without.
/// -1 if it did not come to an end, or did not work without a failure, or did where it could not have.
template <class F>
int refusals(F operation)
{
	int refused = 0;

	for (int nth = 1; nth < 100; nth++) {
		kunit_fail_allocation(nth);
		bool worked = operation();
		bool failed = kunit_fail_allocation(0);

		if (!failed)
			return worked ? refused : -1;
		if (!worked)
			refused++;
	}
	return -1;
}

/// A box of that type, or for the boxes of a domain one of that.
template <class Box>
Box make(const Domain &domain)
{
	if constexpr (requires { Box::make(domain, gfp); })
		return Box::make(domain, gfp);
	else
		return Box::make(gfp);
}

/// For an RcuFreeBox, the same count.
struct Drops {
	Drops() { ++Object::made; }
	void drop_before_gp() { ++Object::destroyed; }
};

/// Makes one, empty where it fails; what was made by then, and only that, is destroyed with it.
template <class... Boxes>
bool made_or_empty(const Domain &domain)
{
	auto all_is_well = [&]<class Box>(Box (*make_one)(const Domain &)) {
		Object::reset();
		int refused = refusals([&] {
			const long before = Object::made;
			Box box = make_one(domain);

			return bool(box) && Object::made == before + 1;
		});
		domain.barrier();
		// Not rcu_barrier(), which does not wait for reclaim::Work.
		return refused >= 1 && Object::made >= 1 &&
		       sleep_until([] { return Object::destroyed == Object::made; });
	};

	return (all_is_well(make<Boxes>) && ...);
}

} // namespace

#define NEEDS_FAULTS()                                             \
	do {                                                       \
		if (!kunit_can_fail_allocations())                 \
			SKIP("the kernel has no fault injection"); \
	} while (0)

KUNIT_CASE(boxes_are_made_or_empty)
{
	NEEDS_FAULTS();
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	EXPECT_TRUE((made_or_empty<krcu::KBox<Object>, krcu::VBox<Object>, krcu::KVBox<Object>>(domain)));
	EXPECT_TRUE((made_or_empty<krcu::RcuKBox<Object>, krcu::RcuVBox<Object>, krcu::RcuKVBox<Object>>(domain)));
	EXPECT_TRUE((made_or_empty<krcu::RcuKBox<Object, krcu::reclaim::Work>>(domain)));
	EXPECT_TRUE((made_or_empty<krcu::RcuFreeBox<Drops>, krcu::RcuFreeBox<Drops, krcu::Vmalloc>>(domain)));
	EXPECT_TRUE((made_or_empty<krcu::Callback<Object>, krcu::Callback<Object, krcu::Vmalloc>>(domain)));
	EXPECT_TRUE((made_or_empty<krcu::SrcuKBox<Object, Table>, krcu::SrcuVBox<Object, Table>>(domain)));
}

KUNIT_CASE(arrays_are_made_whole_or_empty)
{
	NEEDS_FAULTS();
	Object::reset();
	int refused = refusals([&] {
		const long before = Object::made;
		auto box = krcu::RcuKVBox<Object[]>::make(gfp, 10);

		EXPECT_EQ(Object::made, before + (box ? 10 : 0));
		return bool(box);
	});
	EXPECT_GE(refused, 1);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}

KUNIT_CASE(try_make_says_enomem_and_does_not_initialise)
{
	NEEDS_FAULTS();
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Object::reset();
	auto init = [](Object *object) { return new (object) Object(3), 0; };
	auto check = [&](const auto &box, long before) {
		EXPECT_EQ(Object::made, before + (box ? 1 : 0));
		EXPECT_TRUE(box || box.error() == -ENOMEM);
		return bool(box);
	};

	int refused = refusals([&] {
		const long before = Object::made;
		return check(krcu::RcuKBox<Object>::try_make(gfp, init), before);
	});
	EXPECT_GE(refused, 1);
	refused = refusals([&] {
		const long before = Object::made;
		return check(krcu::SrcuKBox<Object, Table>::try_make(domain, gfp, init), before);
	});
	EXPECT_GE(refused, 1);
	krcu::rcu_barrier();
	domain.barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}

KUNIT_CASE(copy_update_publishes_the_new_or_keeps_the_old)
{
	NEEDS_FAULTS();
	using Box = krcu::RcuKBox<Object>;
	Object::reset();
	{
		krcu::Rcu<Box> rcu(Box::make(gfp, 1));
		int refused = refusals([&] {
			krcu::ReadGuard guard;
			auto before = rcu.dereference(guard);
			auto old = rcu.copy_update([](const Object *current) {
				return Box::make(krcu::GFP_ATOMIC | krcu::__GFP_NOWARN, current->value + 1);
			});
			auto after = rcu.dereference(guard);

			EXPECT_TRUE(old ? after->value == before->value + 1 : after.get() == before.get());
			return bool(old);
		});
		EXPECT_GE(refused, 1);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}

KUNIT_CASE(copy_update_under_a_lock_says_enomem_or_publishes)
{
	NEEDS_FAULTS();
	using Box = krcu::RcuKBox<Object>;
	Object::reset();
	{
		krcu::Rcu<Box> rcu(Box::make(gfp, 1));
		krcu::Mutex<Table> lock;
		int refused = refusals([&] {
			auto held = lock.lock();
			const int before = rcu.dereference(held)->value;
			auto old = rcu.copy_update(held,
						   [](const Object *current) { return Box::draft(gfp, current->value + 1); });

			EXPECT_EQ(rcu.dereference(held)->value, old ? before + 1 : before);
			EXPECT_TRUE(old || old.error() == -ENOMEM);
			return old.has_value();
		});
		EXPECT_GE(refused, 1);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}

KUNIT_CASE(domains_are_made_and_wrapped_or_empty)
{
	NEEDS_FAULTS();
	auto works = [](Domain domain) {
		if (!domain)
			return false;
		auto guard = domain.read_lock();
		return true;
	};

	srcu_struct *in_c = kunit_c_domain_begin();
	ASSERT_TRUE(in_c);
	EXPECT_GE(refusals([&] { return works(Domain::make()); }), 2);
	EXPECT_GE(refusals([&] { return works(Domain::wrap(in_c)); }), 1);
	kunit_c_domain_end();
}

KUNIT_SUITE(faults);
