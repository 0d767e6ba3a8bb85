// SPDX-License-Identifier: GPL-2.0
// SlabCache: krcu/slab_cache.hpp
//
// What a case leaves in a cache, the kernel complains of when the module goes.

#include <cerrno>
#include <utility>

#include "support.hpp"

namespace {

template <class T, krcu::reclaim::Policy R = krcu::reclaim::Softirq>
using Box = krcu::RcuBox<T, krcu::SlabCache<T>, R>;

static_assert(krcu::Allocator<krcu::SlabCache<Object>> && sizeof(Box<Object>) == sizeof(void *));

} // namespace

namespace {
using Odd = Bytes<200, 8>; // with its rcu_head 216 bytes or, of 32-bit pointers, 208: kmalloc() would make 256 of them
constexpr std::size_t odd_size = 200 + 2 * sizeof(void *);
} // namespace
KUNIT_CASE(objects_come_from_the_cache_and_are_not_rounded_up)
{
	using Cache = krcu::SlabCache<Odd>;

	ASSERT_EQ(Cache::create("krcu_kunit_odd"), 0);
	auto box = Box<Odd>::make(krcu::GFP_KERNEL);
	auto plain = krcu::Box<Odd, Cache>::make(krcu::GFP_KERNEL);
	ASSERT_TRUE(box && plain);
	void *of_box = std::move(box).into_foreign(), *of_plain = std::move(plain).into_foreign();

	EXPECT_EQ(kunit_ksize(of_box), odd_size);
	EXPECT_EQ(kunit_ksize(of_plain), odd_size);
	box = Box<Odd>::from_foreign(of_box);
	plain = krcu::Box<Odd, Cache>::from_foreign(of_plain);

	EXPECT_EQ(Cache::create("krcu_kunit_odd_again"), -EEXIST);
	// An allocator asked for more than it has says null.
	EXPECT_FALSE(Cache::alloc(odd_size + 1, 8, krcu::GFP_KERNEL));
	EXPECT_FALSE(Cache::alloc(64, 64, krcu::GFP_KERNEL));
}

namespace {
using Aligned = LargeObject<40, 256>; // by 256, as KASAN's red zones keep less than that by chance
} // namespace
KUNIT_CASE(objects_are_aligned_and_zeroed_if_asked)
{
	ASSERT_EQ(krcu::SlabCache<Aligned>::create("krcu_kunit_aligned"), 0);
	Box<Aligned> boxes[8];
	int sum = 0;

	for (auto &box : boxes) {
		auto made = Box<Aligned>::try_make(krcu::GFP_KERNEL | krcu::__GFP_ZERO, [&](Aligned *aligned) {
			for (std::size_t i = 0; i < sizeof(Aligned); i++)
				sum += reinterpret_cast<volatile unsigned char *>(aligned)[i];
			::new (aligned) Aligned;
			return 0;
		});
		ASSERT_TRUE(made.has_value());
		box = std::move(*made);
		EXPECT_EQ(reinterpret_cast<unsigned long>(&*box) % 256, 0);
	}
	EXPECT_EQ(sum, 0);
}

namespace {
struct Session : Object {
	using Object::Object;
};
} // namespace
KUNIT_CASE(destructor_waits_for_a_reader_and_runs_once)
{
	ASSERT_EQ(krcu::SlabCache<Session>::create("krcu_kunit_session"), 0);
	Object::reset();
	auto box = Box<Session>::make(krcu::GFP_KERNEL, 7);
	ASSERT_TRUE(box);
	{
		krcu::ReadGuard guard;
		const Session &session = box.with_rcu(guard);

		box.reset();
		spin_ms(20);
		EXPECT_EQ(session.value, 7);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 0);
}

namespace {
struct Number {
	long value;
};
} // namespace
KUNIT_CASE(memory_without_a_destructor_is_not_used_again_before_the_readers_have_left)
{
	ASSERT_EQ(krcu::SlabCache<Number>::create("krcu_kunit_number"), 0);
	auto box = Box<Number>::make(krcu::GFP_KERNEL, 1);
	ASSERT_TRUE(box);
	krcu::ReadGuard guard;
	const Number &number = box.with_rcu(guard);

	box.reset();
	// The cache gives back first what was freed last.
	for (int i = 0; i < 1000; i++)
		box = Box<Number>::make(krcu::GFP_ATOMIC, 2);
	EXPECT_EQ(number.value, 1);
}

namespace {
struct Everywhere : Object {};
struct Sleeping : Object {
	static constexpr bool destructor_may_sleep = true;
};
struct Waiters : CountsDrops {};
struct Journal {
	static constexpr const char *name = "krcu_kunit_cached";
};
} // namespace
KUNIT_CASE(every_owner_can_use_a_cache)
{
	using Cache = krcu::SlabCache<Everywhere>;
	using Callback = krcu::Callback<Everywhere, Cache>;

	ASSERT_EQ(Cache::create("krcu_kunit_everywhere"), 0);
	ASSERT_EQ(krcu::SlabCache<Sleeping>::create("krcu_kunit_sleeping"), 0);
	ASSERT_EQ(krcu::SlabCache<Waiters>::create("krcu_kunit_waiters"), 0);

	Object::reset();
	CountsDrops::dropped = 0;
	{
		auto domain = krcu::Srcu<Journal>::make();
		ASSERT_TRUE(domain);
		Callback::make(krcu::GFP_KERNEL).submit();
		Callback::make(krcu::GFP_KERNEL).submit_hurry();
		Callback::make(krcu::GFP_KERNEL).submit(domain);
		EXPECT_TRUE(Callback::make(krcu::GFP_KERNEL));
		EXPECT_TRUE((krcu::Box<Everywhere, Cache>::make(krcu::GFP_KERNEL)));
		EXPECT_TRUE((krcu::RcuFreeBox<Waiters, krcu::SlabCache<Waiters>>::make(krcu::GFP_KERNEL)));
		EXPECT_TRUE((Box<Sleeping, krcu::reclaim::Work>::make(krcu::GFP_KERNEL)));
	}
	EXPECT_EQ(CountsDrops::dropped, 1);
	EXPECT_TRUE(sleep_until([] { return Object::destroyed == 6; }));
	EXPECT_EQ(Object::made, 6);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

namespace {
struct Scarce : Object {};
} // namespace
KUNIT_CASE(make_is_empty_and_constructs_nothing_when_allocation_fails)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	ASSERT_EQ(krcu::SlabCache<Scarce>::create("krcu_kunit_scarce"), 0);

	Object::reset();
	kunit_fail_all_allocations(true);
	auto box = Box<Scarce>::make(krcu::GFP_KERNEL);
	kunit_fail_all_allocations(false);
	EXPECT_FALSE(box);
	EXPECT_EQ(Object::made, 0);
	EXPECT_TRUE(Box<Scarce>::make(krcu::GFP_KERNEL));
}

namespace {
template <int n>
struct Nth {
	long value;
};

/// Creates a cache while the nth allocation from now fails. Returns whether that was refused.
template <int n>
bool check_create(kunit *test)
{
	using Cache = krcu::SlabCache<Nth<n>>;
	static constexpr char name[] = { 'k', 'r', 'c', 'u', '_', 'n', 't', 'h', '_', '0' + n, '\0' };

	kunit_fail_allocation(n);
	const int err = Cache::create(name);
	const bool failed = kunit_fail_allocation(0);

	EXPECT_TRUE(!err || (err == -ENOMEM && failed));
	if (err)
		EXPECT_EQ(Cache::create(name), 0);
	EXPECT_TRUE(Box<Nth<n>>::make(krcu::GFP_KERNEL));
	return err;
}
} // namespace
KUNIT_CASE(create_says_enomem_whichever_allocation_fails_and_can_be_tried_again)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	// Debugging aids allocate too, and get by without. Soon after these comes sysfs, and where that fails
	// kmem_cache_create() itself leaks the name.
	const int refused = check_create<1>(test) + check_create<2>(test) + check_create<3>(test) +
			    check_create<4>(test) + check_create<5>(test) + check_create<6>(test) +
			    check_create<7>(test) + check_create<8>(test);

	EXPECT_GE(refused, 2);
}

KUNIT_SUITE(slab_cache);
