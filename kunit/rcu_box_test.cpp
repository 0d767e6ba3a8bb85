// SPDX-License-Identifier: GPL-2.0
// RcuBox: krcu/rcu_box.hpp

#include <cerrno>
#include <type_traits>

#include "support.hpp"

namespace {

using Box = krcu::RcuKBox<Object>;

static_assert(sizeof(Box) == sizeof(void *) && sizeof(krcu::RcuVBox<Huge>) == sizeof(void *));
// Their destructors wait, so a box that destroys in softirq refuses them.
static_assert(krcu::internal::DestructorMaySleep<krcu::Srcu<Object>> &&
	      krcu::internal::DestructorMaySleep<krcu::Rcu<krcu::KBox<int>>> &&
	      !krcu::internal::DestructorMaySleep<krcu::Rcu<Box>>);
static_assert(!std::is_copy_constructible_v<Box> && !std::is_copy_assignable_v<Box>);

} // namespace

KUNIT_CASE(reads_what_it_was_made_from)
{
	auto box = Box::make(krcu::GFP_KERNEL, 42);

	ASSERT_TRUE(box);
	EXPECT_EQ((*box).value, 42);
	EXPECT_EQ(box->value, 42);
	krcu::ReadGuard guard;
	EXPECT_EQ(box.with_rcu(guard).value, 42);
}

static constinit krcu::Rcu<Box> shared;
KUNIT_CASE(destructor_waits_for_a_reader_on_another_cpu)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;

	Object::reset();
	{
		auto old = shared.replace(Box::make(krcu::GFP_KERNEL, 7));
	}
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			auto object = shared.dereference(guard);

			stay();
			seen = object ? object->value : 0;
		});
		ASSERT_TRUE(reader);
		{
			auto old = shared.take();
		}
		kunit_sleep_ms(50);
		EXPECT_TRUE(reader.reading());
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(seen, 7);
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(destructor_runs_in_a_callback_and_then_memory_goes)
{
	Object::reset();
	Traced<>::reset();
	{
		auto box = krcu::RcuBox<Object, Traced<>>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(box);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 0);
	EXPECT_EQ(Traced<>::freed, 1);
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(no_callback_runs_where_there_is_no_destructor)
{
	Traced<>::reset();
	{
		auto box = krcu::RcuBox<long, Traced<>>::make(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(box);
	}
	EXPECT_EQ(Traced<>::freed_rcu, 1);
	krcu::rcu_barrier();
	EXPECT_EQ(Traced<>::freed, 0);
	EXPECT_EQ(Traced<>::freed_rcu, 1);
}

/// Retires memory by a callback of its own, which needs an rcu_head.
template <class Base>
struct ByCallback : Base {
	static constexpr std::size_t head_size = 2 * sizeof(void *);

	static void free_rcu(callback_head *head)
	{
		krcu_call_rcu(head, [](callback_head *first) { Base::free(first); });
	}
};

KUNIT_CASE(allocation_is_the_object_and_a_head)
{
	using Memory = Traced<krcu::KVmalloc>;
	using Called = Traced<ByCallback<krcu::Kmalloc>>;
	struct Ends {
		long value;

		~Ends() { value = 0; }
	};

	Memory::reset();
	auto small = krcu::RcuBox<long, Memory>::make(krcu::GFP_KERNEL);
	EXPECT_EQ(Memory::last_size, sizeof(long) + KRCU_KVFREE_HEAD_SIZE);
	auto large = krcu::RcuBox<Bytes<100000>, Memory>::make(krcu::GFP_KERNEL);
	EXPECT_EQ(Memory::last_size, 100000 + KRCU_KVFREE_HEAD_SIZE);
	auto ends = krcu::RcuBox<Ends, Memory>::make(krcu::GFP_KERNEL);
	EXPECT_EQ(Memory::last_size, sizeof(long) + 2 * sizeof(void *));
	auto array = krcu::RcuBox<long[], Memory>::make(krcu::GFP_KERNEL, 3);
	EXPECT_EQ(Memory::last_size, 4 * sizeof(long) + KRCU_KVFREE_HEAD_SIZE);
	auto callback = krcu::Callback<long, Memory>::make(krcu::GFP_KERNEL);
	EXPECT_EQ(Memory::last_size, sizeof(long) + 2 * sizeof(void *));

	Called::reset();
	auto called = krcu::RcuBox<long, Called>::make(krcu::GFP_KERNEL);
	EXPECT_EQ(Called::last_size, sizeof(long) + 2 * sizeof(void *));
}

KUNIT_CASE(make_forwards_its_arguments)
{
	struct Aggregate {
		int &number;
		Box inner; // can only be moved in
	};
	int number = 1;
	auto inner = Box::make(krcu::GFP_KERNEL, 2);
	auto box = krcu::RcuKBox<Aggregate>::make(krcu::GFP_KERNEL, number, std::move(inner));

	ASSERT_TRUE(box);
	EXPECT_FALSE(inner);
	EXPECT_EQ(&box->number, &number);
	ASSERT_TRUE(box->inner);
	EXPECT_EQ(box->inner->value, 2);
}

KUNIT_CASE(make_is_empty_and_constructs_nothing_when_allocation_fails)
{
	krcu::drain(); // what other cases have retired is not to count
	Object::reset();
	Traced<>::reset();
	Traced<>::failing = 1;
	{
		auto box = krcu::RcuBox<Object, Traced<>>::make(krcu::GFP_KERNEL);
		EXPECT_FALSE(box);
	}
	EXPECT_EQ(Object::made, 0);
	EXPECT_EQ(Object::destroyed, 0);
	EXPECT_EQ(Traced<>::freed + Traced<>::freed_rcu, 0);
}

KUNIT_CASE(make_is_empty_when_the_kernel_has_no_memory)
{
	using Titan = LargeObject<sizeof(Huge)>;
	constexpr krcu::gfp_t quiet = krcu::GFP_KERNEL | krcu::__GFP_NOWARN;

	Object::reset();
	EXPECT_FALSE(krcu::RcuKBox<Titan>::make(quiet));
	EXPECT_FALSE(krcu::RcuVBox<Titan>::make(quiet));
	EXPECT_FALSE(krcu::RcuKVBox<Titan>::make(quiet));
	EXPECT_FALSE(krcu::RcuKVBox<Huge>::make(quiet));
	EXPECT_EQ(Object::made, 0);
}

KUNIT_CASE(try_make_lets_the_function_build_the_object)
{
	Object::reset();
	{
		auto box = Box::try_make(krcu::GFP_KERNEL, [](Object *object) {
			::new (object) Object(5);
			return 0;
		});
		ASSERT_TRUE(box.has_value());
		EXPECT_EQ((*box)->value, 5);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::made, 1);
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(try_make_hands_out_the_errno_and_frees_at_once)
{
	Object::reset();
	Traced<>::reset();
	auto box = krcu::RcuBox<Object, Traced<>>::try_make(krcu::GFP_KERNEL, [](Object *) { return -EBUSY; });

	ASSERT_FALSE(box.has_value());
	EXPECT_EQ(box.error(), -EBUSY);
	EXPECT_EQ(Traced<>::allocated, 1);
	EXPECT_EQ(Traced<>::freed, 1);
	krcu::rcu_barrier();
	EXPECT_EQ(Traced<>::freed_rcu, 0);
	EXPECT_EQ(Object::destroyed, 0);
}

KUNIT_CASE(try_make_says_enomem_and_calls_nothing_when_allocation_fails)
{
	static constinit Counter called;
	auto init = [](auto *) {
		++called;
		return 0;
	};

	called = 0;
	Traced<>::reset();
	Traced<>::failing = 1;
	auto refused = krcu::RcuBox<Object, Traced<>>::try_make(krcu::GFP_KERNEL, init);
	auto huge = krcu::RcuVBox<Huge>::try_make(krcu::GFP_KERNEL | krcu::__GFP_NOWARN, init);
	ASSERT_FALSE(refused.has_value());
	EXPECT_EQ(refused.error(), -ENOMEM);
	ASSERT_FALSE(huge.has_value());
	EXPECT_EQ(huge.error(), -ENOMEM);
	EXPECT_EQ(called, 0);
}

KUNIT_CASE(try_make_hands_over_zeroed_memory_if_asked)
{
	auto box = krcu::RcuKBox<Bytes<200>>::try_make(krcu::GFP_KERNEL | krcu::__GFP_ZERO, [](Bytes<200> *value) {
		value->bytes[0] += 1;
		return 0;
	});
	int sum = 0;

	ASSERT_TRUE(box.has_value());
	for (unsigned char byte : (*box)->bytes)
		sum += byte;
	EXPECT_EQ(sum, 1);
}

template <class A, std::size_t align>
static void check_over_aligned(kunit *test)
{
	krcu::RcuBox<LargeObject<40, align>, A> boxes[4];

	Object::reset();
	for (auto &box : boxes) {
		box = box.make(krcu::GFP_KERNEL);
		ASSERT_TRUE(box);
		EXPECT_EQ(reinterpret_cast<unsigned long>(&*box) % align, 0);
	}
	for (auto &box : boxes)
		box.reset();
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 4);
}
template <class A>
static void check_over_aligned_by(kunit *test)
{
	check_over_aligned<A, 16>(test);
	check_over_aligned<A, 64>(test);
	check_over_aligned<A, 256>(test);
	check_over_aligned<A, 4096>(test);
}
KUNIT_CASE(over_aligned_objects_are_aligned)
{
	check_over_aligned_by<krcu::Kmalloc>(test);
	check_over_aligned_by<krcu::Vmalloc>(test);
	check_over_aligned_by<krcu::KVmalloc>(test);
}

template <class T>
static void check_each_allocator(kunit *test)
{
	Object::reset();
	{
		auto k = krcu::RcuKBox<T>::make(krcu::GFP_KERNEL);
		auto v = krcu::RcuVBox<T>::make(krcu::GFP_KERNEL);
		auto kv = krcu::RcuKVBox<T>::make(krcu::GFP_KERNEL);
		EXPECT_TRUE(k && v && kv);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}
KUNIT_CASE(objects_may_be_empty_or_larger_than_a_page)
{
	struct Empty {};
	struct EmptyWithDestructor {
		~EmptyWithDestructor() { ++Object::destroyed; }
		EmptyWithDestructor() { ++Object::made; }
	};

	check_each_allocator<Empty>(test);
	check_each_allocator<EmptyWithDestructor>(test);
	EXPECT_EQ(Object::destroyed, 3);
	check_each_allocator<Bytes<5000>>(test);
	check_each_allocator<LargeObject<5000>>(test);
	EXPECT_EQ(Object::destroyed, 3);
}

template <class B>
static void check_vmalloced(kunit *test)
{
	const void *object;

	Object::reset();
	{
		auto box = B::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(box);
		object = &*box;
		EXPECT_TRUE(kunit_is_vmalloc(object) && kunit_is_mapped(object));
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	// vfree() leaves softirq for a work item.
	EXPECT_TRUE(sleep_until([&] { return !kunit_is_mapped(object); }));
}
KUNIT_CASE(vmalloced_objects_are_destroyed_and_unmapped)
{
	check_vmalloced<krcu::RcuVBox<Object>>(test);
	check_vmalloced<krcu::RcuVBox<LargeObject<1 << 20>>>(test);
	check_vmalloced<krcu::RcuKVBox<LargeObject<9 << 20>>>(test);
}

template <class B>
static void check_stays_mapped(kunit *test)
{
	NEEDS_CONCURRENCY();
	const void *object;
	Reader reader;

	ASSERT_TRUE(reader);
	{
		auto box = B::make(krcu::GFP_KERNEL);
		EXPECT_TRUE(box);
		object = &*box;
	}
	kunit_sleep_ms(10);
	EXPECT_TRUE(kunit_is_mapped(object));
	EXPECT_TRUE(reader.reading());
}
KUNIT_CASE(vmalloced_memory_without_a_destructor_stays_mapped_for_a_reader)
{
	check_stays_mapped<krcu::RcuVBox<long>>(test);
	check_stays_mapped<krcu::RcuVBox<Bytes<1 << 20>>>(test);
	check_stays_mapped<krcu::RcuKVBox<Bytes<9 << 20>>>(test);
}

KUNIT_CASE(moving_empties_the_source_and_keeps_the_object)
{
	Object::reset();
	auto box = Box::make(krcu::GFP_KERNEL, 3);
	const Object *object = &*box;
	Box moved = std::move(box);

	EXPECT_FALSE(box);
	EXPECT_EQ(&*moved, object);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 0);
}

KUNIT_CASE(moving_onto_itself_changes_nothing)
{
	Object::reset();
	auto box = Box::make(krcu::GFP_KERNEL, 3);
	auto &same = box;

	box = std::move(same);
	krcu::rcu_barrier();
	ASSERT_TRUE(box);
	EXPECT_EQ(box->value, 3);
	EXPECT_EQ(Object::destroyed, 0);
}

KUNIT_CASE(moving_over_a_full_box_retires_its_object_once)
{
	Object::reset();
	auto box = Box::make(krcu::GFP_KERNEL, 1), other = Box::make(krcu::GFP_KERNEL, 2);

	box = std::move(other);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_FALSE(other);
	ASSERT_TRUE(box);
	EXPECT_EQ(box->value, 2);
}

KUNIT_CASE(reset_retires_once_however_often)
{
	Box empty;

	Object::reset();
	empty.reset();
	auto box = Box::make(krcu::GFP_KERNEL);
	box.reset();
	EXPECT_FALSE(box);
	box.reset();
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(can_be_made_and_dropped_in_softirq)
{
	static constinit Counter made;

	Object::reset();
	made = 0;
	kunit_run_in_softirq(
		[](void *) {
			auto box = Box::make(krcu::GFP_ATOMIC, 9);

			if (box && box->value == 9 && !kunit_in_task())
				++made;
		},
		nullptr);
	krcu::rcu_barrier();
	EXPECT_EQ(made, 1);
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(object_outlives_a_box_dropped_under_the_guard)
{
	Object::reset();
	auto box = Box::make(krcu::GFP_KERNEL, 11);
	{
		krcu::ReadGuard guard;
		const Object &object = box.with_rcu(guard);

		box.reset();
		spin_ms(20);
		EXPECT_EQ(object.value, 11);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

namespace {
struct Link {
	Link(int value, krcu::RcuKBox<Link> rest) : object(value), next(std::move(rest)) {}

	Object object;
	krcu::Rcu<krcu::RcuKBox<Link>> next;
};
} // namespace
KUNIT_CASE(list_of_boxes_is_torn_down_whole)
{
	constexpr int length = 5;
	krcu::RcuKBox<Link> head;

	Object::reset();
	for (int i = 0; i < length; i++)
		head = head.make(krcu::GFP_KERNEL, i, std::move(head));
	EXPECT_EQ(head->object.value, length - 1);
	head.reset();
	for (int i = 0; i < length; i++)
		krcu::rcu_barrier(); // each waits for the callbacks that were there, not for those of their destructors
	EXPECT_EQ(Object::destroyed, length);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(array_is_one_allocation_of_value_initialised_elements)
{
	using Memory = Traced<krcu::KVmalloc>;
	int sum = 0;

	Memory::reset();
	auto array = krcu::RcuBox<int[], Memory>::make(krcu::GFP_KERNEL, 1000);
	ASSERT_TRUE(array);
	EXPECT_EQ(Memory::allocated, 1);
	EXPECT_EQ(Memory::last_size, KRCU_KVFREE_HEAD_SIZE + sizeof(std::size_t) + 1000 * sizeof(int));
	EXPECT_EQ(array.size(), 1000);
	for (int element : *array)
		sum += element;
	EXPECT_EQ(sum, 0);
	EXPECT_EQ(&array[999], array->end() - 1);
	array.reset();
	EXPECT_EQ(Memory::freed_rcu, 1);
}

KUNIT_CASE(elements_are_destroyed_once_each_after_a_grace_period)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	{
		Reader reader;

		ASSERT_TRUE(reader);
		{
			auto array = krcu::RcuVBox<LargeObject<100, 64>[]>::make(krcu::GFP_KERNEL, 100);
			ASSERT_TRUE(array);
			EXPECT_EQ(Object::made, 100);
			EXPECT_EQ(reinterpret_cast<unsigned long>(&array[1]) % 64, 0);
		}
		kunit_sleep_ms(20);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 100);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(array_of_more_than_can_be_addressed_is_empty)
{
	Object::reset();
	// Times the size of an Object, these wrap around to something small.
	for (std::size_t n : { ~0ul, ~0ul / sizeof(Object) + 2, ~0ul / 4 + 1, (~0ul / 2 + 1) / sizeof(Object) }) {
		EXPECT_FALSE(krcu::RcuKBox<Object[]>::make(krcu::GFP_KERNEL, n));
		EXPECT_FALSE(krcu::RcuVBox<Object[]>::make(krcu::GFP_KERNEL, n));
		EXPECT_FALSE((krcu::RcuKVBox<Bytes<4, 64>[]>::make(krcu::GFP_KERNEL, n)));
	}
	EXPECT_EQ(Object::made, 0);
}

template <class A>
static void check_silently_empty(kunit *test, std::size_t size)
{
	Object::reset();
	EXPECT_FALSE((krcu::RcuBox<char[], A>::make(krcu::GFP_KERNEL, size)));
	EXPECT_FALSE((krcu::RcuBox<char[], A>::make(krcu::GFP_KERNEL | krcu::__GFP_ZERO, size)));
	EXPECT_FALSE((krcu::RcuBox<Object[], A>::make(krcu::GFP_KERNEL, size / sizeof(Object))));
	EXPECT_FALSE((krcu::RcuBox<Bytes<64, 64>[], A>::make(krcu::GFP_ATOMIC, size / 64)));
	EXPECT_EQ(Object::made, 0);
}
// That the kernel says nothing is for the guest to see: any WARN or trace fails the run.
KUNIT_CASE(array_of_more_than_an_allocator_can_give_is_empty_and_the_kernel_silent)
{
	for (std::size_t size : { std::size_t(KRCU_KMALLOC_MAX_SIZE), std::size_t(16) << 20, std::size_t(1) << 30,
				  ~std::size_t(0) / 4 })
		if (size >= KRCU_KMALLOC_MAX_SIZE)
			check_silently_empty<krcu::Kmalloc>(test, size);
	for (std::size_t size : { sizeof(Huge), ~std::size_t(0) / 4 })
		check_silently_empty<krcu::KVmalloc>(test, size);
	for (std::size_t size : { sizeof(Huge), ~std::size_t(0) / 4 })
		check_silently_empty<krcu::Vmalloc>(test, size);
}

KUNIT_CASE(array_may_have_no_elements)
{
	auto array = krcu::RcuKBox<Object[]>::make(krcu::GFP_KERNEL, 0);

	ASSERT_TRUE(array);
	EXPECT_EQ(array.size(), 0);
	EXPECT_EQ(array->begin(), array->end());
}

static constinit krcu::Rcu<krcu::RcuKBox<int[]>> shared_array;
KUNIT_CASE(array_can_be_published)
{
	(void)shared_array.replace(krcu::RcuKBox<int[]>::make(krcu::GFP_KERNEL, 3));
	{
		krcu::ReadGuard guard;
		auto array = shared_array.dereference(guard);

		ASSERT_TRUE(array);
		EXPECT_EQ(array->size(), 3);
		EXPECT_EQ((*array)[2], 0);
	}
	(void)shared_array.take();
}

KUNIT_SUITE(rcu_box);
