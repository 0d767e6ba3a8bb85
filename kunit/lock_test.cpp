// SPDX-License-Identifier: GPL-2.0
// Mutex and SpinLock: krcu/lock.hpp

#include <type_traits>

#include "support.hpp"

namespace {

struct First {
	static constexpr const char *name = "krcu_kunit_first";
};
struct Second {
	static constexpr const char *name = "krcu_kunit_second";
};
using Mutex = krcu::Mutex<First>;
using Spin = krcu::SpinLock<First>;
using OtherSpin = krcu::SpinLock<Second>;

static_assert(sizeof(Mutex) == KRCU_MUTEX_SIZE && sizeof(Spin) == (KRCU_SPINLOCK_SIZE ? KRCU_SPINLOCK_SIZE : 1));
static_assert(!std::is_copy_constructible_v<Mutex> && !std::is_move_constructible_v<Mutex>);
static_assert(!std::is_copy_constructible_v<Spin> && !std::is_move_constructible_v<Spin>);
static_assert(!std::is_move_constructible_v<Mutex::Guard> && !std::is_move_constructible_v<Spin::PlainGuard> &&
	      !std::is_move_constructible_v<Spin::BhGuard> && !std::is_move_constructible_v<Spin::IrqsaveGuard>);
// Memory without a destructor takes no callback to retire, with a lock in it neither.
static_assert(std::is_trivially_destructible_v<Mutex> && std::is_trivially_destructible_v<Spin>);
static_assert(!std::is_convertible_v<Mutex::Guard &, const krcu::Mutex<Second>::Guard &>);
static_assert(krcu::LockGuard<Mutex::Guard> && krcu::LockGuard<Spin::Guard> && krcu::LockGuard<Spin::IrqsaveGuard>);
static_assert(!krcu::LockGuard<krcu::ReadGuard> && !krcu::LockGuard<Mutex>);

/// Whether two CPUs that do something `under()` a lock exclude each other: both add to a number that nothing else
/// protects, for long enough to do it at the same moment.
bool excludes(auto under)
{
	Counter arrived, rounds;
	volatile long sum = 0;
	const auto add = [&] {
		meet(arrived, 1);
		const auto end = kunit_now_ms() + 200;

		do {
			for (int i = 0; i < 1000; i++, ++rounds) {
				under([&] {
					const long seen = sum;

					kunit_relax();
					sum = seen + 1;
				});
			}
		} while (kunit_now_ms() < end);
	};
	{
		OnOtherCpu other(add);

		if (!other)
			return false;
		add();
	}
	return sum == rounds;
}

// For callers who hold a lock of the tag, however they took it.
bool under(const Mutex::Guard &)
{
	return true;
}
bool under(const Spin::Guard &)
{
	return true;
}

} // namespace

KUNIT_CASE(mutex_excludes)
{
	NEEDS_CONCURRENCY();
	Mutex lock;

	EXPECT_TRUE(excludes([&](auto add) {
		auto held = lock.lock();
		add();
	}));
}

KUNIT_CASE(mutex_is_waited_for_in_sleep)
{
	static constinit Counter inside;
	Mutex lock;

	inside = 0;
	OnOtherCpu other([&] {
		auto held = lock.lock();

		++inside;
		kunit_sleep_ms(30);
		++inside;
	});
	ASSERT_TRUE(other);
	EXPECT_TRUE(sleep_until([] { return inside >= 1; }));
	auto held = lock.lock();
	EXPECT_EQ(inside, 2);
}

KUNIT_CASE(spin_lock_excludes)
{
	NEEDS_CONCURRENCY();
	Spin lock;

	EXPECT_TRUE(excludes([&](auto add) {
		auto held = lock.lock();
		add();
	}));
	EXPECT_TRUE(excludes([&](auto add) {
		auto held = lock.lock_bh();
		add();
	}));
	EXPECT_TRUE(excludes([&](auto add) {
		auto held = lock.lock_irqsave();
		add();
	}));
}

KUNIT_CASE(lock_bh_disables_softirqs)
{
	Spin lock;
	OtherSpin other;

	{
		auto held = lock.lock_bh();
		{
			auto inner = other.lock_bh();

			EXPECT_TRUE(kunit_softirqs_disabled());
		}
		EXPECT_TRUE(kunit_softirqs_disabled());
		EXPECT_FALSE(kunit_irqs_disabled());
		EXPECT_TRUE(under(held));
	}
	EXPECT_FALSE(kunit_softirqs_disabled());
	auto held = lock.lock();
	EXPECT_FALSE(kunit_softirqs_disabled());
	EXPECT_FALSE(kunit_irqs_disabled());
}

KUNIT_CASE(lock_irqsave_leaves_interrupts_as_they_were)
{
	Spin lock;
	OtherSpin other;

	if (kunit_is_rt())
		SKIP("spin locks disable no interrupts here");
	{
		auto held = lock.lock_irqsave();
		{
			auto inner = other.lock_irqsave();

			EXPECT_TRUE(kunit_irqs_disabled());
		}
		EXPECT_TRUE(kunit_irqs_disabled());
		EXPECT_TRUE(under(held));
	}
	EXPECT_FALSE(kunit_irqs_disabled());
}

namespace {
/// Lockdep would not have one that was once taken with softirqs enabled.
struct InSoftirq {
	static constexpr const char *name = "krcu_kunit_in_softirq";
};
} // namespace
KUNIT_CASE(spin_lock_is_shared_with_softirqs)
{
	struct {
		krcu::SpinLock<InSoftirq> lock;
		long value = 0;
	} counted;

	for (int i = 0; i < 10; i++) {
		kunit_run_in_softirq(
			[](void *arg) {
				auto *c = static_cast<decltype(counted) *>(arg);
				auto held = c->lock.lock();

				c->value++;
			},
			&counted);
		auto held = counted.lock.lock_bh();
		counted.value++;
	}
	EXPECT_EQ(counted.value, 20);
}

KUNIT_CASE(locks_of_c_are_held_by_the_same_guards)
{
	auto wrapped = Mutex::wrap(kunit_c_mutex());
	{
		auto held = wrapped.lock();

		EXPECT_TRUE(kunit_c_mutex_is_locked());
		EXPECT_TRUE(under(held));
	}
	EXPECT_FALSE(kunit_c_mutex_is_locked());

	auto spin = Spin::wrap(kunit_c_spinlock());
	const auto is_locked = [](const Spin::Guard &held) {
		return under(held) && (kunit_c_spinlock_is_locked() || !kunit_spinlock_can_tell());
	};
	{
		auto held = spin.lock();
		EXPECT_TRUE(is_locked(held));
	}
	EXPECT_FALSE(kunit_c_spinlock_is_locked());
	{
		auto held = spin.lock_bh();
		EXPECT_TRUE(is_locked(held) && kunit_softirqs_disabled());
	}
	EXPECT_FALSE(kunit_c_spinlock_is_locked() || kunit_softirqs_disabled());
	{
		auto held = spin.lock_irqsave();
		EXPECT_TRUE(is_locked(held) && (kunit_irqs_disabled() || kunit_is_rt()));
	}
	EXPECT_FALSE(kunit_c_spinlock_is_locked() || kunit_irqs_disabled());
}

KUNIT_CASE(each_tag_is_a_lock_class)
{
	// Holds because a lock of krcu is nothing but the kernel's.
	const auto of_mutex = [](const auto &lock, kunit_lock_class &of) {
		return kunit_mutex_class(reinterpret_cast<const mutex *>(&lock), &of);
	};
	const auto of_spinlock = [](const auto &lock, kunit_lock_class &of) {
		return kunit_spinlock_class(reinterpret_cast<const spinlock *>(&lock), &of);
	};
	Mutex mutex, same_mutex;
	krcu::Mutex<Second> other_mutex;
	Spin spin, same_spin;
	OtherSpin other_spin;
	kunit_lock_class a, b, c;

	if (!of_mutex(mutex, a))
		SKIP("the kernel has no lockdep");
	EXPECT_TRUE(of_mutex(same_mutex, b) && of_mutex(other_mutex, c));
	EXPECT_EQ(a.key, b.key);
	EXPECT_NE(a.key, c.key);
	EXPECT_EQ(a.name, First::name);
	EXPECT_EQ(c.name, Second::name);
	EXPECT_TRUE(of_spinlock(spin, b));
	EXPECT_NE(a.key, b.key);
	EXPECT_TRUE(of_spinlock(same_spin, a) && of_spinlock(other_spin, c));
	EXPECT_EQ(a.key, b.key);
	EXPECT_NE(a.key, c.key);
	EXPECT_EQ(a.name, First::name);
	EXPECT_EQ(c.name, Second::name);
}

namespace {
struct Account {
	Spin lock;
	mutable long balance = 0;
};
using AccountBox = krcu::RcuKBox<Account>;
constinit krcu::Rcu<AccountBox> account;
} // namespace
KUNIT_CASE(readers_change_what_a_lock_inside_the_object_protects)
{
	NEEDS_CONCURRENCY();
	constexpr int rounds = 3000;

	(void)account.replace(AccountBox::make(krcu::GFP_KERNEL));
	const auto pay_in = [] {
		for (int i = 0; i < rounds; i++) {
			krcu::ReadGuard guard;
			auto a = account.dereference(guard);

			if (a) {
				auto held = a->lock.lock_bh();

				a->balance++;
			}
		}
	};
	{
		OnOtherCpu other(pay_in);

		ASSERT_TRUE(other);
		pay_in();
	}
	auto last = account.take();
	ASSERT_TRUE(last);
	EXPECT_EQ(last->balance, 2 * rounds);
}

KUNIT_CASE(tag_of_several_sources_is_one_lock_class)
{
	krcu::Mutex<SharedTag> mutex; // in rcu_ptr_test.cpp as well; lockdep wants one name for each class
	krcu::SpinLock<SharedTag> spin;
	auto held = mutex.lock();
	auto spinning = spin.lock();
}

KUNIT_SUITE(lock);
