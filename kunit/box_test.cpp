// SPDX-License-Identifier: GPL-2.0
// Box: krcu/box.hpp

#include <type_traits>

#include "support.hpp"

namespace {

using Box = krcu::KBox<Object>;

static_assert(sizeof(Box) == sizeof(void *));
static_assert(!std::is_copy_constructible_v<Box> && !std::is_copy_assignable_v<Box>);
static_assert(krcu::ForeignOwnable<Box> && !krcu::ForeignOwnableRcu<Box>);

} // namespace

KUNIT_CASE(object_is_destroyed_at_once_by_the_owner)
{
	Object::reset();
	Traced<>::reset();
	{
		auto box = krcu::Box<Object, Traced<>>::make(krcu::GFP_KERNEL, 4);

		ASSERT_TRUE(box);
		EXPECT_EQ(box->value, 4);
		EXPECT_EQ(Traced<>::last_size, sizeof(Object));
	}
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 1);
	EXPECT_EQ(Traced<>::freed, 1);
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(object_can_be_changed_by_the_owner)
{
	auto box = Box::make(krcu::GFP_KERNEL, 1);

	ASSERT_TRUE(box);
	box->value = 2;
	EXPECT_EQ((*box).value, 2);
}

KUNIT_CASE(make_is_empty_and_constructs_nothing_when_allocation_fails)
{
	using Titan = LargeObject<sizeof(Huge)>;
	constexpr krcu::gfp_t quiet = krcu::GFP_KERNEL | krcu::__GFP_NOWARN;

	Object::reset();
	Traced<>::reset();
	Traced<>::failing = 1;
	auto refused = krcu::Box<Object, Traced<>>::make(krcu::GFP_KERNEL);
	EXPECT_FALSE(refused);
	EXPECT_FALSE(krcu::KBox<Titan>::make(quiet));
	EXPECT_FALSE(krcu::VBox<Titan>::make(quiet));
	EXPECT_FALSE(krcu::KVBox<Titan>::make(quiet));
	EXPECT_EQ(Object::made, 0);
}

KUNIT_CASE(memory_may_be_vmalloced)
{
	const void *object;

	Object::reset();
	{
		auto box = krcu::VBox<LargeObject<1 << 20>>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(box);
		object = &*box;
		EXPECT_TRUE(kunit_is_vmalloc(object));
	}
	EXPECT_FALSE(kunit_is_mapped(object));
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(over_aligned_objects_are_aligned)
{
	auto small = krcu::KBox<Bytes<24, 64>>::make(krcu::GFP_KERNEL);
	auto page = krcu::VBox<Bytes<24, 4096>>::make(krcu::GFP_KERNEL);

	ASSERT_TRUE(small && page);
	EXPECT_EQ(reinterpret_cast<unsigned long>(&*small) % 64, 0);
	EXPECT_EQ(reinterpret_cast<unsigned long>(&*page) % 4096, 0);
}

KUNIT_CASE(moving_and_reset_destroy_once)
{
	Object::reset();
	auto box = Box::make(krcu::GFP_KERNEL, 1), other = Box::make(krcu::GFP_KERNEL, 2);
	auto &same = box;

	box = std::move(same);
	ASSERT_TRUE(box);
	EXPECT_EQ(Object::destroyed, 0);
	box = std::move(other);
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_FALSE(other);
	EXPECT_EQ(box->value, 2);
	box.reset();
	box.reset();
	EXPECT_EQ(Object::destroyed, 2);
	EXPECT_FALSE(box);
}

KUNIT_CASE(foreign_pointer_is_the_object)
{
	Object::reset();
	auto box = Box::make(krcu::GFP_KERNEL, 6);
	void *foreign = std::move(box).into_foreign();

	ASSERT_TRUE(foreign);
	EXPECT_FALSE(box);
	EXPECT_EQ(static_cast<Object *>(foreign)->value, 6);
	EXPECT_EQ(&Box::borrow(foreign), foreign);
	EXPECT_EQ(Object::destroyed, 0);
	{
		auto back = Box::from_foreign(foreign);
		EXPECT_EQ(back->value, 6);
	}
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_FALSE(Box::from_foreign(std::move(box).into_foreign()));
}

static constinit krcu::Rcu<krcu::VBox<Object>> shared;
KUNIT_CASE(old_box_of_an_rcu_waits_for_the_reader)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;

	Object::reset();
	{
		auto old = shared.replace(krcu::VBox<Object>::make(krcu::GFP_KERNEL, 7));
		EXPECT_FALSE(old);
	}
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			auto object = shared.dereference(guard);

			stay(50);
			seen = object ? object->value : 0;
		});
		ASSERT_TRUE(reader);
		{
			auto old = shared.take();
		}
		EXPECT_FALSE(reader.reading());
		EXPECT_EQ(Object::destroyed, 1);
		EXPECT_EQ(Object::destroyed_in_task, 1);
	}
	EXPECT_EQ(seen, 7);
}

namespace {
struct ResetsItsBox : Object {
	krcu::KBox<ResetsItsBox> *box;

	explicit ResetsItsBox(krcu::KBox<ResetsItsBox> *b) : box(b) {}
	~ResetsItsBox() { box->reset(); }
};
} // namespace
KUNIT_CASE(object_that_resets_its_box_is_destroyed_once)
{
	Object::reset();
	{
		krcu::KBox<ResetsItsBox> box;

		box = krcu::KBox<ResetsItsBox>::make(krcu::GFP_KERNEL, &box);
	}
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_SUITE(box);
