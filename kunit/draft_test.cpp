// SPDX-License-Identifier: GPL-2.0
// Objects before they are published: krcu/draft.hpp

#include <cerrno>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace {

using Box = krcu::RcuBox<Object, Traced<>>;
using Draft = krcu::Draft<Box>;

struct Tag {
	static constexpr const char *name = "krcu_kunit_draft";
};

static_assert(sizeof(Draft) == sizeof(void *));
static_assert(!std::is_copy_constructible_v<Draft> && !std::is_copy_assignable_v<Draft>);
static_assert(std::is_same_v<decltype(*std::declval<Draft>()), Object &>);
static_assert(krcu::Publishable<Draft, Box> && krcu::Publishable<Box, Box> && !krcu::Publishable<Draft &, Box>);
// It has no readers, so no container may take it for what it is not yet.
static_assert(!krcu::ForeignOwnable<Draft>);

void reset()
{
	krcu::drain(); // what other cases have left
	Object::reset();
	Traced<>::reset();
}

} // namespace

KUNIT_CASE(is_written_to_and_published)
{
	reset();
	{
		krcu::Rcu<Box> rcu;
		auto draft = Box::draft(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(draft);
		draft->value = 2;
		EXPECT_EQ((*draft).value, 2);
		EXPECT_FALSE(rcu.replace(std::move(draft)));
		EXPECT_FALSE(draft);
		krcu::ReadGuard guard;
		auto found = rcu.dereference(guard);
		ASSERT_TRUE(found);
		EXPECT_EQ(found->value, 2);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(dropping_it_waits_for_nobody)
{
	reset();
	{
		krcu::ReadGuard guard;
		{
			auto draft = Box::draft(krcu::GFP_ATOMIC);
			ASSERT_TRUE(draft);
		}
		EXPECT_EQ(Object::destroyed, 1);
		EXPECT_EQ(Traced<>::freed, 1);
	}
	{
		auto draft = krcu::RcuBox<int, Traced<>>::draft(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(draft);
		draft = {};
		EXPECT_EQ(Traced<>::freed, 2);
	}
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(sealed_it_is_retired_as_others)
{
	reset();
	{
		auto draft = Box::draft(krcu::GFP_KERNEL);
		ASSERT_TRUE(draft);
		Box box = std::move(draft).seal();
		ASSERT_TRUE(box);
		krcu::ReadGuard guard;
		box.reset();
		spin_ms(20);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(moving_one_over_another_ends_that)
{
	reset();
	auto draft = Box::draft(krcu::GFP_KERNEL, 1);
	ASSERT_TRUE(draft);
	draft = Box::draft(krcu::GFP_KERNEL, 2);
	EXPECT_EQ(Object::destroyed, 1);
	ASSERT_TRUE(draft);
	EXPECT_EQ(draft->value, 2);
	Draft other(std::move(draft));
	EXPECT_FALSE(draft);
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(without_memory_it_is_empty)
{
	reset();
	Traced<>::failing = 1;
	auto draft = Box::draft(krcu::GFP_KERNEL);
	auto array = krcu::RcuBox<int[], Traced<>>::draft_for_overwrite(krcu::GFP_KERNEL, 3);

	EXPECT_FALSE(draft);
	EXPECT_FALSE(array);
	EXPECT_FALSE(std::move(draft).seal());
	EXPECT_EQ(Object::made, 0);
}

KUNIT_CASE(elements_of_an_array_can_be_set)
{
	using Array = krcu::RcuBox<Object[], Traced<>>;

	reset();
	{
		auto draft = Array::draft(krcu::GFP_KERNEL, 3);
		ASSERT_TRUE(draft);
		EXPECT_EQ(draft.size(), 3ul);
		for (Object &object : draft)
			object.value = 5;
		draft[1].value = 6;
		Array array = std::move(draft).seal();
		EXPECT_EQ(array[0].value, 5);
		EXPECT_EQ(array[1].value, 6);
		EXPECT_EQ(array[2].value, 5);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 3);
	{
		auto draft = Array::draft(krcu::GFP_KERNEL, 2);
		ASSERT_TRUE(draft);
	}
	EXPECT_EQ(Object::destroyed, 5);
}

KUNIT_CASE(elements_to_be_overwritten_are_left_as_they_are)
{
	using Array = krcu::RcuKBox<int[]>;
	auto draft = Array::draft_for_overwrite(krcu::GFP_KERNEL | krcu::__GFP_ZERO, 100);
	auto set = Array::draft(krcu::GFP_KERNEL, 100);

	ASSERT_TRUE(draft && set);
	EXPECT_EQ(draft[99], 0);
	EXPECT_EQ(set[99], 0);
	draft[99] = 1;
	Array array = std::move(draft).seal();
	EXPECT_EQ(array[99], 1);
}

KUNIT_CASE(free_box_s_object_is_cleaned_up_at_once)
{
	using FreeBox = krcu::RcuFreeBox<CountsDrops, Traced<>>;

	reset();
	CountsDrops::dropped = 0;
	{
		krcu::ReadGuard guard;
		{
			auto draft = FreeBox::draft(krcu::GFP_ATOMIC);
			ASSERT_TRUE(draft);
			draft->value = 1;
		}
		EXPECT_EQ(CountsDrops::dropped, 1);
		EXPECT_EQ(Traced<>::freed, 1);
		EXPECT_EQ(Traced<>::freed_rcu, 0);
	}
}

KUNIT_CASE(domain_s_object_needs_no_callback_of_it)
{
	using Domain = krcu::Srcu<Tag>;
	using DomainBox = krcu::SrcuBox<Object, Tag, Traced<>>;
	auto domain = Domain::make();

	ASSERT_TRUE(domain);
	reset();
	{
		auto guard = domain.read_lock();
		{
			auto draft = DomainBox::draft(domain, krcu::GFP_KERNEL, 1);
			ASSERT_TRUE(draft);
		}
		EXPECT_EQ(Object::destroyed, 1);
		EXPECT_EQ(Traced<>::freed, 1);
	}
	{
		auto draft = DomainBox::draft(domain, krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(draft);
		krcu::Rcu<DomainBox, Domain> rcu(std::move(draft));
	}
	domain.barrier();
	EXPECT_EQ(Object::destroyed, 2);
}

KUNIT_CASE(plain_box_has_drafts_too)
{
	reset();
	{
		auto draft = krcu::Box<Object, Traced<>>::draft(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(draft);
		auto box = std::move(draft).seal();
		EXPECT_EQ(box->value, 1);
	}
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Traced<>::freed, 1);
}

KUNIT_CASE(array_stores_it)
{
	krcu::XArray<Box> array;

	{
		auto first = Box::draft(krcu::GFP_KERNEL, 1);
		ASSERT_TRUE(first);
		ASSERT_TRUE(array.store(3, std::move(first), krcu::GFP_KERNEL).has_value());
		auto place = array.reserve(4, krcu::GFP_KERNEL);
		ASSERT_TRUE(place.has_value());
		EXPECT_FALSE(std::move(*place).fill(Box::draft(krcu::GFP_KERNEL, 2)));
	}
	krcu::ReadGuard guard;
	auto first = array.load(3, guard), second = array.load(4, guard);
	EXPECT_TRUE(first && first->value == 1);
	EXPECT_TRUE(second && second->value == 2);
}

KUNIT_CASE(what_cannot_be_stored_stays_a_draft)
{
	if (!kunit_can_fail_allocations())
		SKIP("the kernel has no fault injection");
	krcu::XArray<Box> array;

	reset();
	{
		auto draft = Box::draft(krcu::GFP_KERNEL, 3);
		ASSERT_TRUE(draft);
		ASSERT_TRUE(array.store(0, Box::draft(krcu::GFP_KERNEL), krcu::GFP_KERNEL).has_value());
		kunit_fail_all_allocations(true);
		auto old = array.store(1ul << 30, std::move(draft), krcu::GFP_KERNEL);
		kunit_fail_all_allocations(false);

		EXPECT_TRUE(!old && old.error() == -ENOMEM);
		EXPECT_TRUE(draft && draft->value == 3);
		EXPECT_EQ(Object::destroyed, 0);
	}
	EXPECT_EQ(Object::destroyed, 1); // at once
}

KUNIT_CASE(ownership_can_go_through_one_pointer)
{
	reset();
	auto draft = Box::draft(krcu::GFP_KERNEL, 1);
	ASSERT_TRUE(draft);
	void *foreign = std::move(draft).into_foreign();
	ASSERT_TRUE(foreign);
	draft = Draft::from_foreign(foreign);
	EXPECT_EQ(draft->value, 1);
	EXPECT_FALSE(Draft::from_foreign(nullptr));
	EXPECT_EQ(Object::destroyed, 0);
}

KUNIT_SUITE(draft);
