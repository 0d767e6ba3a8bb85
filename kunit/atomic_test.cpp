// SPDX-License-Identifier: GPL-2.0
// Atomic numbers: krcu/atomic.hpp

#include <type_traits>

#include "support.hpp"

using krcu::Atomic;

static_assert(!std::is_copy_constructible_v<Atomic<int>> && !std::is_copy_assignable_v<Atomic<int>> &&
	      std::is_trivially_destructible_v<Atomic<int>>);
static_assert(sizeof(Atomic<int>) == 4 && sizeof(Atomic<bool>) == 4 && sizeof(Atomic<void *>) == sizeof(void *));
static_assert(sizeof(Atomic<long long>) == 8 && alignof(Atomic<long long>) == 8);

namespace {
enum class State : unsigned int { idle,
				  busy,
				  gone = ~0u };
enum class Wide : long long { none,
			      all = -1 };

// In namespace scope: the values are there without a constructor.
constinit Atomic<int> five = 5;
constinit Atomic<unsigned long long> huge = ~0ull - 1;
constinit Atomic<bool> yes = true, no;
constinit Atomic<State> busy = State::busy;
constinit Atomic<Wide> all = Wide::all;
constinit Atomic<const int *> null, pointer = &Object::dead;
} // namespace

KUNIT_CASE(begins_with_its_value)
{
	EXPECT_EQ(five.load(), 5);
	EXPECT_EQ(huge.load(), ~0ull - 1);
	EXPECT_TRUE(yes.load() && !no.load());
	EXPECT_TRUE(busy.load() == State::busy && all.load() == Wide::all);
	EXPECT_TRUE(!null.load() && pointer.load() == &Object::dead);
	const Atomic<short *> constant;
	EXPECT_FALSE(constant.load(krcu::acquire));
}

/// All that numbers have, in every order.
template <class T>
static void check_number(kunit *test)
{
	Atomic<T> n = 10;

	n.store(11);
	n.store(12, krcu::release);
	EXPECT_EQ(n.load(krcu::acquire), 12);
	n.add(5);
	n.sub(3);
	n.inc();
	EXPECT_EQ(n.load(krcu::relaxed), 15);
	n.dec();
	n.dec();
	EXPECT_EQ(n.load(), 13);

	EXPECT_EQ(n.fetch_add(4), 13);
	EXPECT_EQ(n.fetch_add(4, krcu::relaxed), 17);
	EXPECT_EQ(n.fetch_add(4, krcu::acquire), 21);
	EXPECT_EQ(n.fetch_add(4, krcu::release), 25);
	EXPECT_EQ(n.fetch_add(4, krcu::full), 29);
	EXPECT_EQ(n.fetch_sub(3), 33);
	EXPECT_EQ(n.fetch_sub(3, krcu::release), 30);
	EXPECT_EQ(n.fetch_and(0x1e), 27);
	EXPECT_EQ(n.fetch_or(0x60), 26);
	EXPECT_EQ(n.fetch_xor(0x71), 0x7a);
	EXPECT_EQ(n.exchange(1), 0x0b);
	EXPECT_EQ(n.exchange(2, krcu::relaxed), 1);
	EXPECT_EQ(n.exchange(3, krcu::acquire), 2);
	EXPECT_EQ(n.exchange(4, krcu::release), 3);

	T expected = 9;
	EXPECT_FALSE(n.compare_exchange(expected, 5));
	EXPECT_EQ(expected, 4);
	EXPECT_TRUE(n.compare_exchange(expected, 5));
	EXPECT_EQ(expected, 4);
	expected = 5;
	EXPECT_TRUE(n.compare_exchange(expected, 2, krcu::relaxed));
	EXPECT_EQ(n.load(), 2);
	EXPECT_FALSE(n.dec_and_test());
	EXPECT_TRUE(n.dec_and_test());

	// It wraps around; and every bit of it is kept.
	constexpr T top = T(1) << (8 * sizeof(T) - 1), least = std::is_signed_v<T> ? top : 0;
	EXPECT_EQ(n.fetch_sub(1), 0);
	EXPECT_EQ(n.load(), T(-1));
	using Unsigned = std::make_unsigned_t<T>;
	n.store(T(Unsigned(least) - 1));
	n.inc();
	EXPECT_EQ(n.load(), least);
	n.store(top | 1);
	EXPECT_EQ(n.exchange(0), T(top | 1));
}

KUNIT_CASE(numbers_of_four_bytes)
{
	check_number<int>(test);
	check_number<unsigned int>(test);
}

KUNIT_CASE(numbers_of_eight_bytes)
{
	check_number<long long>(test);
	check_number<unsigned long long>(test);
}

KUNIT_CASE(numbers_of_a_words_size)
{
	check_number<long>(test);
	check_number<unsigned long>(test);
}

/// Of what is no number.
template <class T>
static void check_value(kunit *test, T a, T b)
{
	Atomic<T> v(a);

	EXPECT_TRUE(v.exchange(b) == a);
	EXPECT_TRUE(v.exchange(b, krcu::acquire) == b);
	T expected = a;
	EXPECT_FALSE(v.compare_exchange(expected, a));
	EXPECT_TRUE(expected == b);
	EXPECT_TRUE(v.compare_exchange(expected, a, krcu::release));
	EXPECT_TRUE(v.load() == a);
	v.store(b, krcu::release);
	EXPECT_TRUE(v.load(krcu::acquire) == b);
}

KUNIT_CASE(flags_states_and_pointers)
{
	static constinit int x, y;

	check_value(test, false, true);
	check_value(test, true, false);
	check_value(test, State::idle, State::gone);
	check_value(test, Wide::none, Wide::all);
	check_value<const int *>(test, &x, &y);
	check_value<int *>(test, nullptr, &y);
}

namespace {
/// As readers see it: const, except what they count.
struct Session {
	mutable Atomic<unsigned long> packets = 0;
};
} // namespace

KUNIT_CASE(readers_count_in_what_is_published)
{
	krcu::Rcu<krcu::RcuKBox<Session>> session(krcu::RcuKBox<Session>::make(krcu::GFP_KERNEL));
	krcu::ReadGuard guard;
	auto s = session.dereference(guard);

	ASSERT_TRUE(s);
	s->packets.inc();
	EXPECT_EQ(s->packets.load(), 1);
}

template <class T>
static void count_on_two_cpus(kunit *test)
{
	static constexpr int rounds = 200'000;
	static constinit Counter arrived;
	Atomic<T> incremented = 0, added = 0, exchanged = 0;
	const auto work = [&] {
		meet(arrived, 1);
		for (int i = 0; i < rounds; i++)
			incremented.inc();
		meet(arrived, 2);
		for (int i = 0; i < rounds; i++)
			added.fetch_add(2, krcu::relaxed);
		meet(arrived, 3);
		for (int i = 0; i < rounds; i++) {
			for (T seen = exchanged.load(); !exchanged.compare_exchange(seen, seen + 1);)
				;
		}
	};

	arrived = 0;
	{
		OnOtherCpu other(work);
		ASSERT_TRUE(other);
		work();
	}
	EXPECT_EQ(incremented.load(), 2 * rounds);
	EXPECT_EQ(added.load(), 4 * rounds);
	EXPECT_EQ(exchanged.load(), 2 * rounds);
}

KUNIT_CASE(no_change_is_lost)
{
	NEEDS_CONCURRENCY();
	count_on_two_cpus<int>(test);
	count_on_two_cpus<unsigned long long>(test);
}

KUNIT_CASE(what_is_released_is_seen_by_who_acquires)
{
	NEEDS_CONCURRENCY();
	static constexpr int rounds = 5000;
	Atomic<int> turn = 0;
	int shared = 0, wrong = 0; // not atomic: KCSAN sees whether turns order it

	{
		OnOtherCpu other([&] {
			for (int i = 1; i <= rounds; i++) {
				while (turn.load(krcu::acquire) != 2 * i - 1)
					kunit_relax();
				shared++;
				turn.store(2 * i, krcu::release);
			}
		});
		ASSERT_TRUE(other);
		for (int i = 1; i <= rounds; i++) {
			shared++;
			turn.store(2 * i - 1, krcu::release);
			while (turn.load(krcu::acquire) != 2 * i)
				kunit_relax();
			wrong += shared != 2 * i;
		}
	}
	EXPECT_EQ(wrong, 0);
}

KUNIT_SUITE(atomic);
