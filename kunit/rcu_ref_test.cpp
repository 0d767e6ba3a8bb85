// SPDX-License-Identifier: GPL-2.0
// References: krcu/rcu_ref.hpp

#include <cerrno>
#include <new>
#include <type_traits>
#include <utility>

#include "support.hpp"

namespace {

struct Counted : krcu::RefCounted, Object {
	using Object::Object;
};
struct Plain : krcu::RefCounted {
	int value;
};
struct Sleeps : krcu::RefCounted, Object {
	static constexpr bool destructor_may_sleep = true;
};

using Ref = krcu::RcuRef<Counted, Traced<>>;

static_assert(sizeof(Ref) == sizeof(void *) && sizeof(krcu::RefCounted) == sizeof(int));
static_assert(std::is_nothrow_copy_constructible_v<Ref> && std::is_nothrow_move_constructible_v<Ref>);
static_assert(krcu::ForeignOwnableRcu<Ref>);
static_assert(std::is_same_v<decltype(*std::declval<Ref>()), const Counted &>);

void reset()
{
	krcu::drain(); // what other cases have left
	Object::reset();
	Traced<>::reset();
}

} // namespace

KUNIT_CASE(the_last_owner_retires_the_object)
{
	reset();
	{
		Ref first = Ref::make(krcu::GFP_KERNEL, 7);
		ASSERT_TRUE(first);
		{
			Ref second(first), third;
			third = second;
			EXPECT_TRUE(&*second == &*first && &*third == &*first);
			first.reset();
			EXPECT_FALSE(first);
			krcu::rcu_barrier();
			EXPECT_EQ(Object::destroyed, 0);
			EXPECT_EQ(third->value, 7);
			first = std::move(third);
			EXPECT_FALSE(third);
		}
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		krcu::ReadGuard guard;
		first.reset();
		spin_ms(20);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Traced<>::freed, 1);
}

KUNIT_CASE(assigning_it_to_itself_changes_nothing)
{
	reset();
	{
		Ref ref = Ref::make(krcu::GFP_KERNEL, 7);
		ASSERT_TRUE(ref);
		Ref &same = ref;
		ref = same;
		ref = std::move(same);
		ASSERT_TRUE(ref);
		EXPECT_EQ(ref->value, 7);
		Ref empty, copy(empty);
		EXPECT_FALSE(copy);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(reader_makes_itself_an_owner)
{
	reset();
	{
		krcu::Rcu<Ref> rcu(Ref::make(krcu::GFP_KERNEL, 7));
		Ref mine;
		{
			krcu::ReadGuard guard;
			auto found = rcu.dereference(guard);
			ASSERT_TRUE(found);
			mine = Ref::try_get(*found, guard);
			ASSERT_TRUE(mine);
			EXPECT_TRUE(&*mine == found.get());
		}
		{
			auto old = rcu.take();
		}
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_EQ(mine->value, 7);
		mine.reset();
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 1);
	}
}

KUNIT_CASE(there_is_no_reference_when_the_last_owner_has_let_go)
{
	reset();
	{
		krcu::Rcu<Ref> rcu(Ref::make(krcu::GFP_KERNEL, 7));
		krcu::ReadGuard guard;
		auto found = rcu.dereference(guard);
		ASSERT_TRUE(found);
		(void)rcu.take();
		EXPECT_FALSE(Ref::try_get(*found, guard));
		EXPECT_EQ(found->value, 7);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Traced<>::freed, 1);
}

KUNIT_CASE(nobody_else_s_object_gives_references)
{
	reset();
	{
		Counted local;
		krcu::ReadGuard guard;
		EXPECT_FALSE(Ref::try_get(local, guard));
		auto box = krcu::RcuKBox<Plain>::make(krcu::GFP_ATOMIC);
		ASSERT_TRUE(box);
		EXPECT_FALSE(krcu::RcuRef<Plain>::try_get(*box, guard));
		auto ref = krcu::RcuRef<Plain>::make(krcu::GFP_ATOMIC);
		ASSERT_TRUE(ref);
		// A copy has owners of its own, or none.
		Plain copy(*ref), assigned;
		assigned = *ref;
		EXPECT_FALSE(krcu::RcuRef<Plain>::try_get(copy, guard));
		EXPECT_FALSE(krcu::RcuRef<Plain>::try_get(assigned, guard));
		EXPECT_TRUE(krcu::RcuRef<Plain>::try_get(*ref, guard));
	}
}

KUNIT_CASE(draft_gives_no_references_before_it_is_sealed)
{
	reset();
	{
		krcu::ReadGuard guard;
		auto draft = Ref::draft(krcu::GFP_ATOMIC, 1);
		ASSERT_TRUE(draft);
		EXPECT_FALSE(Ref::try_get(*draft, guard));
		void *foreign = std::move(draft).into_foreign();
		EXPECT_TRUE(Ref::try_get(Ref::borrow(foreign), guard));
		// As after a container that could not take it
		draft = krcu::Draft<Ref>::from_foreign(foreign);
		EXPECT_FALSE(Ref::try_get(*draft, guard));
		draft->value = 2;
		Ref ref = std::move(draft).seal();
		Ref second = Ref::try_get(*ref, guard);
		ASSERT_TRUE(second);
		EXPECT_EQ(second->value, 2);
		{
			auto dropped = Ref::draft(krcu::GFP_ATOMIC, 3);
			ASSERT_TRUE(dropped);
		}
		EXPECT_EQ(Object::destroyed, 1); // at once
		EXPECT_FALSE(krcu::Draft<Ref>::from_foreign(nullptr));
		EXPECT_FALSE(krcu::Draft<Ref>().seal());
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 2);
	EXPECT_EQ(Traced<>::freed, 2);
}

KUNIT_CASE(foreign_pointer_is_one_reference)
{
	reset();
	{
		Ref ref = Ref::make(krcu::GFP_KERNEL, 7);
		ASSERT_TRUE(ref);
		void *foreign = Ref(ref).into_foreign();
		ref.reset();
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		EXPECT_EQ(Ref::borrow(foreign).value, 7);
		Ref back = Ref::from_foreign(foreign);
		EXPECT_EQ(back->value, 7);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(array_and_pointer_share_an_object)
{
	reset();
	{
		krcu::Rcu<Ref> rcu;
		krcu::XArray<Ref> array;
		Ref ref = Ref::make(krcu::GFP_KERNEL, 7);
		ASSERT_TRUE(ref);
		ASSERT_TRUE(array.store(1, Ref(ref), krcu::GFP_KERNEL).has_value());
		ASSERT_TRUE(array.store(2, Ref(ref), krcu::GFP_KERNEL).has_value());
		EXPECT_FALSE(rcu.replace(std::move(ref)));
		(void)array.erase(1);
		(void)rcu.take();
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		krcu::ReadGuard guard;
		auto found = array.load(2, guard);
		EXPECT_TRUE(found && Ref::try_get(*found, guard));
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(no_callback_runs_where_there_is_no_destructor)
{
	Traced<>::reset();
	{
		auto ref = krcu::RcuRef<Plain, Traced<>>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(ref);
	}
	EXPECT_EQ(Traced<>::freed_rcu, 1);
	EXPECT_EQ(Traced<>::freed, 0);
}

KUNIT_CASE(destructor_may_run_in_a_work_item)
{
	Object::reset();
	{
		auto ref = krcu::RcuRef<Sleeps, krcu::Kmalloc, krcu::reclaim::Work>::make(krcu::GFP_KERNEL);
		ASSERT_TRUE(ref);
	}
	krcu::drain();
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_in_task, 1);
}

KUNIT_CASE(last_reference_may_go_in_softirq)
{
	static constinit Ref *last;
	Ref ref = Ref::make(krcu::GFP_KERNEL);

	reset();
	ASSERT_TRUE(ref);
	last = &ref;
	kunit_run_in_softirq([](void *) { last->reset(); }, nullptr);
	EXPECT_FALSE(ref);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(try_make_owns_what_was_initialised)
{
	reset();
	auto made = Ref::try_make(krcu::GFP_KERNEL, [](Counted *c) {
		::new (static_cast<void *>(c)) Counted(5);
		return 0;
	});
	auto refused = Ref::try_make(krcu::GFP_KERNEL, [](Counted *) { return -EPERM; });
	{
		krcu::ReadGuard guard;
		EXPECT_TRUE(made && (*made)->value == 5 && Ref::try_get(**made, guard));
	}
	EXPECT_TRUE(!refused && refused.error() == -EPERM);
	EXPECT_EQ(Traced<>::freed, 1);
	Traced<>::failing = 1;
	EXPECT_FALSE(Ref::make(krcu::GFP_KERNEL));
	EXPECT_FALSE(Ref::draft(krcu::GFP_KERNEL));
	refused = Ref::try_make(krcu::GFP_KERNEL, [](Counted *) { return 0; });
	EXPECT_TRUE(!refused && refused.error() == -ENOMEM);
	Traced<>::failing = 0;
}

static constinit krcu::Rcu<Ref> raced;
KUNIT_CASE(references_race_with_the_last_owner)
{
	NEEDS_CONCURRENCY();
	static constexpr int rounds = 1000;
	static constinit Counter arrived, got, dead;

	reset();
	arrived = got = dead = 0;
	{
		OnOtherCpu taker([] {
			for (int i = 1; i <= rounds; i++) {
				meet(arrived, 2 * i - 1);
				krcu::ReadGuard guard;
				auto found = raced.dereference(guard);
				meet(arrived, 2 * i);
				if (!found)
					continue;
				for (int delay = i % 16; delay--;)
					kunit_relax();
				if (Ref mine = Ref::try_get(*found, guard)) {
					++got;
					if (mine->value != 3)
						++dead;
				}
			}
		});
		ASSERT_TRUE(taker);
		for (int i = 1; i <= rounds; i++) {
			(void)raced.replace(Ref::make(krcu::GFP_KERNEL, 3));
			meet(arrived, 2 * i - 1);
			meet(arrived, 2 * i);
			(void)raced.take();
		}
	}
	krcu::rcu_barrier();
	EXPECT_EQ(dead, 0);
	EXPECT_EQ(Object::made, rounds);
	EXPECT_EQ(Object::destroyed, rounds);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_SUITE(rcu_ref);
