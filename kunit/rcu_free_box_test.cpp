// SPDX-License-Identifier: GPL-2.0
// RcuFreeBox: krcu/rcu_free_box.hpp

#include "support.hpp"

namespace {

/// Says when and where it was dropped.
struct Waiters {
	static inline constinit Counter dropped, address;

	static void reset() { dropped = address = 0; }

	void drop_before_gp()
	{
		++dropped;
		address = reinterpret_cast<long>(this);
	}

	int value;
};

using FreeBox = krcu::RcuFreeBox<Waiters>;
using TracedBox = krcu::RcuFreeBox<Waiters, Traced<>>;

static_assert(sizeof(FreeBox) == sizeof(void *));
static_assert(krcu::RcuFreeSafe<Waiters> && !krcu::RcuFreeSafe<int>);

struct MayFail {
	bool drop_before_gp();
};
static_assert(!krcu::RcuFreeSafe<MayFail>);

} // namespace

KUNIT_CASE(drop_before_gp_runs_at_once_and_on_the_object)
{
	Waiters::reset();
	auto box = FreeBox::make(krcu::GFP_KERNEL, 1);
	ASSERT_TRUE(box);
	const auto address = reinterpret_cast<long>(&*box);

	EXPECT_EQ(Waiters::dropped, 0);
	box.reset();
	EXPECT_EQ(Waiters::dropped, 1);
	EXPECT_EQ(Waiters::address, address);
	krcu::rcu_barrier();
	EXPECT_EQ(Waiters::dropped, 1);
}

KUNIT_CASE(memory_goes_after_a_grace_period_and_without_a_callback)
{
	Waiters::reset();
	Traced<>::reset();
	{
		auto box = TracedBox::make(krcu::GFP_KERNEL, 1);
		EXPECT_TRUE(box);
	}
	EXPECT_EQ(Traced<>::freed_rcu, 1);
	krcu::rcu_barrier();
	EXPECT_EQ(Traced<>::freed, 0);
}

namespace {
/// Owns an Object through a plain pointer, as a trivially destructible type has to.
struct Resourceful {
	explicit Resourceful(PlainOwner<Object> owner) : resource(std::move(owner).into_foreign()) {}
	void drop_before_gp() { auto last = PlainOwner<Object>::from_foreign(resource); }

	void *resource;
};
} // namespace
KUNIT_CASE(resources_of_the_object_are_given_back_once)
{
	Object::reset();
	{
		auto box = krcu::RcuFreeBox<Resourceful>::make(krcu::GFP_KERNEL, PlainOwner<Object>(1));
		ASSERT_TRUE(box);
		EXPECT_EQ(Object::destroyed, 0);
	}
	EXPECT_EQ(Object::made, 1);
	EXPECT_EQ(Object::destroyed, 1);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

static constinit krcu::Rcu<krcu::RcuFreeBox<Waiters, krcu::Vmalloc>> shared;
KUNIT_CASE(memory_stays_for_a_reader_on_another_cpu)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;
	const void *object;

	Waiters::reset();
	{
		auto old = shared.replace(krcu::RcuFreeBox<Waiters, krcu::Vmalloc>::make(krcu::GFP_KERNEL, 77));
	}
	Reader reader([](const krcu::ReadGuard &guard, auto stay) {
		auto waiters = shared.dereference(guard);

		stay();
		seen = waiters ? waiters->value : 0;
	});
	ASSERT_TRUE(reader);
	{
		auto old = shared.take();
		object = &*old;
	}
	EXPECT_EQ(Waiters::dropped, 1);
	kunit_sleep_ms(10);
	EXPECT_TRUE(kunit_is_mapped(object));
	EXPECT_TRUE(reader.reading());
	reader.leave();
	EXPECT_TRUE(sleep_until([] { return seen == 77; }));
}

KUNIT_CASE(moves_drop_an_object_once_and_empty_boxes_none)
{
	Waiters::reset();
	{
		FreeBox empty;
		auto box = FreeBox::make(krcu::GFP_KERNEL, 1);
		auto &same = box;

		box = std::move(same);
		EXPECT_EQ(Waiters::dropped, 0);
		ASSERT_TRUE(box);
		box = FreeBox::make(krcu::GFP_KERNEL, 2);
		EXPECT_EQ(Waiters::dropped, 1);
		FreeBox moved = std::move(box);
		EXPECT_FALSE(box);
		EXPECT_EQ(moved->value, 2);
		EXPECT_EQ(Waiters::dropped, 1);
	}
	EXPECT_EQ(Waiters::dropped, 2);
}

KUNIT_CASE(make_is_empty_and_drops_nothing_when_allocation_fails)
{
	struct Titan : Huge {
		void drop_before_gp() { ++Waiters::dropped; }
	};

	Waiters::reset();
	Traced<>::reset();
	Traced<>::failing = 1;
	EXPECT_FALSE(TracedBox::make(krcu::GFP_KERNEL, 1));
	EXPECT_FALSE((krcu::RcuFreeBox<Titan, krcu::KVmalloc>::make(krcu::GFP_KERNEL | krcu::__GFP_NOWARN)));
	EXPECT_EQ(Waiters::dropped, 0);
	EXPECT_EQ(Traced<>::freed_rcu, 0);
}

KUNIT_CASE(can_be_made_and_dropped_in_softirq_under_a_guard)
{
	Waiters::reset();
	kunit_run_in_softirq(
		[](void *) {
			krcu::ReadGuard guard;
			auto box = FreeBox::make(krcu::GFP_ATOMIC, 1);
		},
		nullptr);
	EXPECT_EQ(Waiters::dropped, 1);
}

namespace {
/// Like the context of a dma-fence, whose name is printed by whoever still has a fence of it.
class FenceContext {
public:
	struct View {
		const char *name;
	};

	explicit FenceContext(const char (&name)[8])
	{
		for (int i = 0; i < 8; i++)
			name_[i] = name[i];
	}

	void drop_before_gp() { __atomic_store_n(&signalled_, true, __ATOMIC_RELEASE); }
	View rcu_view(const krcu::ReadGuard &) const { return { name_ }; }

private:
	char name_[8] = {};
	bool signalled_ = false;
};
struct NoView {
	void drop_before_gp() {}
};
static_assert(krcu::RcuViewable<FenceContext> && !krcu::RcuViewable<NoView>);
} // namespace

KUNIT_CASE(view_is_read_after_the_drop)
{
	auto box = krcu::RcuFreeBox<FenceContext>::make(krcu::GFP_KERNEL, "gfx_0.0");
	ASSERT_TRUE(box);
	krcu::ReadGuard guard;
	const auto view = box.rcu_view(guard);

	box.reset();
	spin_ms(20);
	EXPECT_EQ(view.name[0], 'g');
	EXPECT_EQ(view.name[6], '0');
	EXPECT_EQ(view.name[7], 0);
}

KUNIT_CASE(view_is_read_on_another_cpu_after_the_drop)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;
	static constinit void *foreign;
	auto box = krcu::RcuFreeBox<FenceContext>::make(krcu::GFP_KERNEL, "gfx_0.1");
	ASSERT_TRUE(box);

	foreign = std::move(box).into_foreign();
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			const auto view = krcu::RcuFreeBox<FenceContext>::rcu_view(foreign, guard);

			stay();
			seen = view.name[6];
		});
		ASSERT_TRUE(reader);
		box = box.from_foreign(foreign);
		box.reset();
		kunit_sleep_ms(30);
		EXPECT_TRUE(reader.reading());
	}
	EXPECT_EQ(seen, '1');
}

KUNIT_SUITE(rcu_free_box);
