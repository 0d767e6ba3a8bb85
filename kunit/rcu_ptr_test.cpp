// SPDX-License-Identifier: GPL-2.0
// Rcu and RcuOld: krcu/rcu_ptr.hpp

#include <cerrno>
#include <type_traits>

#include "support.hpp"

namespace {

using Box = krcu::RcuKBox<Object>;
using Owner = PlainOwner<Object>;

static_assert(sizeof(krcu::Rcu<Box>) == sizeof(void *) && sizeof(krcu::RcuOld<Box>) == sizeof(void *));
static_assert(!std::is_copy_constructible_v<krcu::Rcu<Box>> && !std::is_move_constructible_v<krcu::Rcu<Box>>);
static_assert(!std::is_copy_constructible_v<krcu::RcuOld<Box>>);

Box make(int value)
{
	return Box::make(krcu::GFP_KERNEL, value);
}

/// What a new reader of it sees: 0 for null.
template <class P>
int read(const krcu::Rcu<P> &rcu)
{
	krcu::ReadGuard guard;
	auto object = rcu.dereference(guard);

	return object ? object->value : 0;
}

/// What the updaters of the cases hold.
struct Updaters {
	static constexpr const char *name = "krcu_kunit_updaters";
};
using Mutex = krcu::Mutex<Updaters>;
using Spin = krcu::SpinLock<Updaters>;

} // namespace

static constinit krcu::Rcu<Box> never_filled;
KUNIT_CASE(constinit_pointer_is_null)
{
	EXPECT_EQ(read(never_filled), 0);
	EXPECT_FALSE(never_filled.take());
	EXPECT_FALSE(never_filled.replace(Box()));
	EXPECT_EQ(read(never_filled), 0);
}

KUNIT_CASE(owns_what_it_was_constructed_from)
{
	Object::reset();
	{
		krcu::Rcu<Box> rcu(make(4)), null(Box{});

		EXPECT_EQ(read(rcu), 4);
		EXPECT_EQ(read(null), 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(replace_publishes_the_new_and_returns_the_old)
{
	Object::reset();
	krcu::Rcu<Box> rcu(make(1));
	auto old = rcu.replace(make(2));

	ASSERT_TRUE(old);
	EXPECT_EQ(old->value, 1);
	EXPECT_EQ((*old).value, 1);
	EXPECT_EQ(read(rcu), 2);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 0);
}

KUNIT_CASE(take_leaves_null)
{
	Object::reset();
	krcu::Rcu<Box> rcu(make(1));
	{
		auto old = rcu.take();

		ASSERT_TRUE(old);
		EXPECT_EQ(old->value, 1);
		EXPECT_EQ(read(rcu), 0);
		EXPECT_FALSE(rcu.take());
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(copy_update_makes_the_new_from_the_old)
{
	Object::reset();
	krcu::Rcu<Box> rcu;
	auto increment = [](const Object *old) { return make(old ? old->value + 1 : 100); };

	EXPECT_FALSE(rcu.copy_update(increment));
	EXPECT_EQ(read(rcu), 100);
	auto old = rcu.copy_update(increment);
	ASSERT_TRUE(old);
	EXPECT_EQ(old->value, 100);
	EXPECT_EQ(read(rcu), 101);
}

KUNIT_CASE(copy_update_that_makes_nothing_changes_nothing)
{
	Object::reset();
	krcu::Rcu<Box> rcu(make(1));

	EXPECT_FALSE(rcu.copy_update([](const Object *) { return Box(); }));
	EXPECT_EQ(read(rcu), 1);
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 0);
}

KUNIT_CASE(can_be_read_under_the_lock_of_its_updaters)
{
	krcu::Rcu<Box> rcu;
	krcu::Rcu<Owner> plain_rcu(Owner(3));
	Mutex mutex;
	Spin spin;
	{
		auto held = mutex.lock();

		EXPECT_FALSE(rcu.dereference(held));
		auto object = plain_rcu.dereference(held);
		EXPECT_TRUE(object && object->value == 3);
	}
	(void)rcu.replace(make(2));
	const auto value = [&](const krcu::LockGuard auto &held) {
		auto object = rcu.dereference(held);

		return object ? object->value : 0;
	};
	{
		auto held = mutex.lock();
		EXPECT_EQ(value(held), 2);
	}
	{
		auto held = spin.lock();
		EXPECT_EQ(value(held), 2);
	}
	{
		auto held = spin.lock_bh();
		EXPECT_EQ(value(held), 2);
	}
	{
		auto held = spin.lock_irqsave();
		EXPECT_EQ(value(held), 2);
	}
	auto held = Mutex::wrap(kunit_c_mutex()).lock();
	EXPECT_EQ(value(held), 2);
}

KUNIT_CASE(copy_update_under_a_lock_makes_the_new_from_the_old)
{
	Object::reset();
	{
		krcu::Rcu<Box> rcu;
		Mutex lock;
		auto held = lock.lock();
		auto increment = [](const Object *old) { return make(old ? old->value + 1 : 100); };
		auto first = rcu.copy_update(held, increment);

		EXPECT_TRUE(first && !*first);
		EXPECT_EQ(read(rcu), 100);
		auto old = rcu.copy_update(held, increment);
		ASSERT_TRUE(old && *old);
		EXPECT_EQ((*old)->value, 100);
		EXPECT_EQ(read(rcu), 101);

		auto none = rcu.copy_update(held, [](const Object *) { return Box(); });
		EXPECT_TRUE(!none && none.error() == -ENOMEM);
		EXPECT_EQ(read(rcu), 101);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, Object::made);
}

KUNIT_CASE(copy_update_publishes_drafts)
{
	krcu::Rcu<Box> rcu(make(1));
	Spin lock;
	auto held = lock.lock();
	auto add_two = [](const Object *old) {
		auto fresh = Box::draft(krcu::GFP_ATOMIC, old->value);

		if (fresh)
			fresh->value += 2;
		return fresh;
	};

	EXPECT_TRUE(rcu.copy_update(held, add_two));
	EXPECT_EQ(read(rcu), 3);
	EXPECT_TRUE(rcu.copy_update(add_two));
	EXPECT_EQ(read(rcu), 5);
	auto none = rcu.copy_update(held, [](const Object *) { return krcu::Draft<Box>(); });
	EXPECT_TRUE(!none && none.error() == -ENOMEM);
	EXPECT_EQ(read(rcu), 5);
}

namespace {
/// Exchanges null for the first object, that for the second, and that for null; and nothing that has changed
/// meanwhile. Returns how many objects were made, or a negative number for what went wrong.
template <class P, class Domain>
int compare_and_exchange(krcu::Rcu<P, Domain> &rcu, const auto &guard, auto make_one)
{
	auto null = rcu.dereference(guard);
	{
		auto old = rcu.compare_exchange(null, make_one(1));
		if (!old || *old)
			return -1;
	}
	auto first = rcu.dereference(guard);
	if (!first || first->value != 1)
		return -2;
	{
		auto refused = rcu.compare_exchange(null, make_one(2));
		if (refused || !refused.error() || rcu.dereference(guard).get() != first.get())
			return -3;
		auto old = rcu.compare_exchange(first, std::move(refused.error()));
		if (!old || !*old || (*old)->value != 1)
			return -4;
	}
	auto second = rcu.dereference(guard);
	if (!second || second->value != 2)
		return -5;
	if (rcu.compare_exchange(first, make_one(3)) || rcu.compare_exchange(null, P()))
		return -6;
	if (rcu.dereference(guard).get() != second.get() || second->value != 2)
		return -7;
	auto last = rcu.compare_exchange(second, P());
	if (!last || !*last || (*last)->value != 2 || rcu.dereference(guard))
		return -8;
	return 3;
}
} // namespace
KUNIT_CASE(compare_exchange_publishes_where_nothing_has_changed)
{
	krcu::Rcu<Box> boxes;
	const auto make_one = [](int value) { return Box::make(krcu::GFP_ATOMIC, value); };

	Object::reset();
	{
		krcu::ReadGuard guard;
		EXPECT_EQ(compare_and_exchange(boxes, guard, make_one), 3);
	}
	{
		Spin lock;
		auto held = lock.lock();
		EXPECT_EQ(compare_and_exchange(boxes, held, make_one), 3);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::made, 6);
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(compare_exchange_takes_any_owner)
{
	using FreeBox = krcu::RcuFreeBox<CountsDrops>;
	krcu::Rcu<Owner> owners;
	krcu::Rcu<krcu::KBox<Object>> plain_boxes;
	krcu::Rcu<FreeBox> free_boxes;
	Mutex lock;
	auto held = lock.lock(); // and no reader, as some of these wait

	Object::reset();
	CountsDrops::dropped = 0;
	EXPECT_EQ(compare_and_exchange(owners, held, [](int value) { return Owner(value); }), 3);
	EXPECT_EQ(Object::destroyed, 3);
	EXPECT_EQ(compare_and_exchange(plain_boxes, held,
				       [](int value) { return krcu::KBox<Object>::make(krcu::GFP_KERNEL, value); }),
		  3);
	EXPECT_EQ(Object::destroyed, 6);
	EXPECT_EQ(compare_and_exchange(free_boxes, held,
				       [](int value) { return FreeBox::make(krcu::GFP_KERNEL, value); }),
		  3);
	EXPECT_EQ(CountsDrops::dropped, 3);
}

KUNIT_CASE(compare_exchange_leaves_a_draft_a_draft)
{
	Object::reset();
	krcu::Rcu<Box> rcu(make(1));
	krcu::ReadGuard guard;
	auto seen = rcu.dereference(guard);
	{
		auto refused = rcu.compare_exchange(krcu::Found<Object>(nullptr), Box::draft(krcu::GFP_ATOMIC, 2));

		ASSERT_FALSE(refused.has_value());
		krcu::Draft<Box> &draft = refused.error();
		EXPECT_TRUE(draft && draft->value == 2);
	}
	EXPECT_EQ(Object::destroyed, 1); // at once, as a draft ends
	auto old = rcu.compare_exchange(seen, Box::draft(krcu::GFP_ATOMIC, 3));
	EXPECT_TRUE(old && *old);
	EXPECT_EQ(read(rcu), 3);
}

static constexpr int rounds = 2000;
static constinit krcu::Rcu<Box> sum;
static constinit Counter arrived, exchanges, wrong;
KUNIT_CASE(no_update_is_lost)
{
	NEEDS_CONCURRENCY();
	Mutex mutex;
	Spin spin;
	const auto increment = [](const Object *old) {
		return Box::make(krcu::GFP_ATOMIC, old ? old->value + 1 : 1);
	};
	const auto under_mutex = [&] {
		for (int i = 0; i < rounds; i++) {
			auto held = mutex.lock();
			if (!sum.copy_update(held, increment))
				++wrong;
		}
	};
	const auto under_spin = [&] {
		for (int i = 0; i < rounds; i++) {
			auto held = spin.lock_bh();
			if (!sum.copy_update(held, increment))
				++wrong;
		}
	};
	// Of those who do so at the same moment, one gets there first, and it alone has the old object.
	const int moments = kunit_is_slow() ? 200 : rounds;
	const auto without_a_lock = [&] {
		for (int i = 0; i < moments; i++) {
			krcu::ReadGuard guard;
			auto seen = sum.dereference(guard);
			auto fresh = increment(seen.get());

			meet(arrived, i + 2);
			auto exchanged = sum.compare_exchange(seen, std::move(fresh));
			if (exchanged)
				++exchanges;
			else if (!exchanged.error())
				++wrong;
		}
	};
	const auto twice = [](auto update) {
		arrived = 0;
		OnOtherCpu other([&] { meet(arrived, 1), update(); });
		if (!other)
			return false;
		meet(arrived, 1);
		update();
		return true;
	};

	Object::reset();
	wrong = 0;
	exchanges = 0;
	EXPECT_TRUE(twice(under_mutex));
	EXPECT_EQ(read(sum), 2 * rounds);
	EXPECT_TRUE(twice(under_spin));
	EXPECT_EQ(read(sum), 4 * rounds);
	EXPECT_TRUE(twice(without_a_lock));
	EXPECT_TRUE(exchanges >= moments);
	EXPECT_EQ(read(sum), 4 * rounds + exchanges);
	(void)sum.take();
	krcu::rcu_barrier();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(reading_goes_on_when_the_pointer_itself_is_gone)
{
	Object::reset();
	auto box = make(6);
	ASSERT_TRUE(box);
	{
		krcu::ReadGuard guard;
		const Object *object;
		{
			krcu::Rcu<Box> rcu(std::move(box));
			auto found = rcu.dereference(guard);
			object = found.get(); // for as long as the guard
		}
		spin_ms(20);
		EXPECT_EQ(object->value, 6);
		EXPECT_EQ(Object::destroyed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(can_be_read_and_replaced_in_softirq)
{
	static constinit krcu::Rcu<Box> *rcu;
	krcu::Rcu<Box> local(make(1));

	rcu = &local;
	kunit_run_in_softirq(
		[](void *) {
			int value = read(*rcu);
			auto old = rcu->replace(Box::make(krcu::GFP_ATOMIC, value + 1));
		},
		nullptr);
	EXPECT_EQ(read(local), 2);
}

static constinit krcu::Rcu<Owner> plain;
KUNIT_CASE(old_plain_owner_is_dropped_after_the_reader_has_left)
{
	NEEDS_CONCURRENCY();
	static constinit Counter seen;

	Object::reset();
	{
		auto old = plain.replace(Owner(7));
	}
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			auto object = plain.dereference(guard);

			stay(50);
			seen = object ? object->value : 0;
		});
		ASSERT_TRUE(reader);
		{
			auto old = plain.take();
		}
		EXPECT_FALSE(reader.reading());
		EXPECT_EQ(Object::destroyed, 1);
	}
	EXPECT_EQ(seen, 7);
	EXPECT_EQ(Object::destroyed_in_task, 1);
}

KUNIT_CASE(dropping_an_old_box_does_not_block)
{
	NEEDS_CONCURRENCY();
	Object::reset();
	krcu::Rcu<Box> rcu(make(1));
	Reader reader;

	ASSERT_TRUE(reader);
	{
		auto old = rcu.replace(make(2));
	}
	{
		auto old = rcu.take();
	}
	EXPECT_TRUE(reader.reading());
}

KUNIT_CASE(nothing_old_means_nothing_to_wait_for)
{
	NEEDS_CONCURRENCY();
	krcu::Rcu<Owner> rcu;
	Reader reader;

	ASSERT_TRUE(reader);
	{
		auto nothing = rcu.replace(Owner());
		krcu::Rcu<Owner> null;
	}
	EXPECT_TRUE(reader.reading());
}

KUNIT_CASE(old_boxes_move_and_drop_their_object_once)
{
	Object::reset();
	{
		krcu::Rcu<Box> rcu(make(1));
		auto old = rcu.replace(make(2));
		auto &same = old;

		old = std::move(same);
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 0);
		ASSERT_TRUE(old);
		old = rcu.take();
		krcu::rcu_barrier();
		EXPECT_EQ(Object::destroyed, 1);
		EXPECT_EQ(old->value, 2);
		auto moved = std::move(old);
		EXPECT_FALSE(old);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 2);
}

KUNIT_CASE(free_boxes_can_be_published)
{
	CountsDrops::dropped = 0;
	krcu::Rcu rcu(krcu::RcuFreeBox<CountsDrops>::make(krcu::GFP_KERNEL, 3));
	krcu::ReadGuard guard;
	auto waiters = rcu.dereference(guard);
	{
		auto old = rcu.take();
		EXPECT_EQ(CountsDrops::dropped, 0);
	}
	EXPECT_EQ(CountsDrops::dropped, 1);
	EXPECT_TRUE(waiters && waiters->value == 3);
}

static constinit krcu::Rcu<Box> contended;
static constexpr int canary = 0x5afe;
static void update_and_read_often()
{
	for (int i = 1; i <= rounds; i++) {
		Box fresh = i % 2 ? make(canary) : Box();

		meet(arrived, i);
		auto old = fresh ? contended.replace(std::move(fresh)) : contended.take();
		int seen = read(contended);

		if ((old && old->value != canary) || (seen && seen != canary))
			++wrong;
	}
}
namespace {
/// Unpublishes itself when it goes, wherever it was published.
struct Unpublishes {
	static inline constinit Counter dropped;

	krcu::Rcu<krcu::RcuFreeBox<Unpublishes>> *rcu;

	void drop_before_gp()
	{
		++dropped;
		(void)rcu->take();
	}
};
} // namespace
KUNIT_CASE(object_that_unpublishes_itself_is_dropped_once)
{
	Unpublishes::dropped = 0;
	{
		krcu::Rcu<krcu::RcuFreeBox<Unpublishes>> rcu;

		(void)rcu.replace(krcu::RcuFreeBox<Unpublishes>::make(krcu::GFP_KERNEL, &rcu));
	}
	EXPECT_EQ(Unpublishes::dropped, 1);
}

KUNIT_CASE(racing_updaters_drop_every_object_once)
{
	NEEDS_CONCURRENCY();
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
	krcu::rcu_barrier();
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(Object::made, rounds);
	EXPECT_EQ(Object::destroyed, Object::made);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

namespace {
/// What two CPUs exchange for long enough to do it at the same moment: one has it in hand, or it is published.
struct Token {
	bool in_hand = true;
};
class TokenOwner {
public:
	using element_type = Token;

	explicit TokenOwner(Token *token) : token_(token) {}

	void *into_foreign() && { return token_.release(); }
	static TokenOwner from_foreign(void *foreign) { return TokenOwner(static_cast<Token *>(foreign)); }
	static const Token &borrow(void *foreign) { return *static_cast<Token *>(foreign); }
	static const Token &rcu_borrow(void *foreign, const krcu::ReadGuard &) { return borrow(foreign); }

private:
	struct Drop {
		void operator()(Token *) const {}
	};
	krcu::internal::Unique<Token, Drop> token_;
};
constinit krcu::Rcu<TokenOwner> exchanged;

void exchange(Token *token)
{
	const auto end = kunit_now_ms() + 500;

	do {
		for (int i = 0; token && i < 1000; i++) {
			__atomic_store_n(&token->in_hand, false, __ATOMIC_RELAXED);
			auto old = exchanged.replace(TokenOwner(token));
			token = old ? const_cast<Token *>(&*old) : nullptr;
			if (!token || __atomic_exchange_n(&token->in_hand, true, __ATOMIC_RELAXED))
				++wrong;
		}
	} while (!wrong && kunit_now_ms() < end);
}
} // namespace
KUNIT_CASE(updaters_at_the_same_moment_do_not_get_the_same_object)
{
	NEEDS_CONCURRENCY();
	Token tokens[3];

	wrong = 0;
	tokens[0].in_hand = false;
	(void)exchanged.replace(TokenOwner(&tokens[0]));
	{
		OnOtherCpu other([&] { exchange(&tokens[1]); });

		ASSERT_TRUE(other);
		exchange(&tokens[2]);
	}
	(void)exchanged.take();
	EXPECT_EQ(wrong, 0);
}

KUNIT_CASE(tag_of_several_sources_is_one_lock_class)
{
	krcu::Mutex<SharedTag> mutex; // in lock_test.cpp as well
	krcu::SpinLock<SharedTag> spin;
	auto held = mutex.lock();
	auto spinning = spin.lock();
}

KUNIT_SUITE(rcu_ptr);
