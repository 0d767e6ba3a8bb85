// SPDX-License-Identifier: GPL-2.0
// Resources that are taken away: krcu/revocable.hpp

#include <type_traits>
#include <utility>

#include "support.hpp"

namespace {

using Revocable = krcu::Revocable<Object>;
using Domain = krcu::Srcu<SharedTag>;
using DomainRevocable = krcu::Revocable<Object, Domain>;

static_assert(!std::is_copy_constructible_v<Revocable> && !std::is_move_constructible_v<Revocable>);
static_assert(!std::is_default_constructible_v<Revocable>);

} // namespace

KUNIT_CASE(is_there_until_it_is_revoked)
{
	Object::reset();
	{
		const Revocable revocable(std::in_place, 7);
		{
			krcu::ReadGuard guard;
			auto object = revocable.try_access(guard);
			ASSERT_TRUE(object);
			EXPECT_EQ(object->value, 7);
		}
		EXPECT_TRUE(revocable.revoke());
		EXPECT_EQ(Object::destroyed, 1);
		krcu::ReadGuard guard;
		EXPECT_FALSE(revocable.try_access(guard));
	}
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(second_revocation_does_nothing)
{
	Object::reset();
	Revocable revocable(std::in_place);

	EXPECT_TRUE(revocable.revoke());
	EXPECT_FALSE(revocable.revoke());
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_CASE(what_was_not_revoked_ends_with_it)
{
	Object::reset();
	{
		Revocable revocable(std::in_place);
	}
	EXPECT_EQ(Object::destroyed, 1);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(revocation_waits_for_a_reader_on_another_cpu)
{
	NEEDS_CONCURRENCY();
	static constinit const Revocable *shared;
	static constinit Counter seen;
	Revocable revocable(std::in_place, 7);

	Object::reset();
	seen = 0;
	shared = &revocable;
	{
		Reader reader([](const krcu::ReadGuard &guard, auto stay) {
			auto object = shared->try_access(guard);

			stay(50);
			seen = object ? object->value : 0;
		});
		ASSERT_TRUE(reader);
		EXPECT_TRUE(revocable.revoke());
		EXPECT_FALSE(reader.reading());
		EXPECT_EQ(Object::destroyed, 1);
	}
	EXPECT_EQ(seen, 7);
}

KUNIT_CASE(one_of_two_revokers_destroys)
{
	NEEDS_CONCURRENCY();
	static constexpr int rounds = 20;
	static constinit Counter arrived, revoked;

	Object::reset();
	arrived = revoked = 0;
	for (int i = 0; i < rounds; i++) {
		const Revocable revocable(std::in_place);
		arrived = 0;
		OnOtherCpu other([&] {
			meet(arrived, 1);
			if (revocable.revoke())
				++revoked;
		});
		ASSERT_TRUE(other);
		meet(arrived, 1);
		if (revocable.revoke())
			++revoked;
	}
	EXPECT_EQ(revoked, rounds);
	EXPECT_EQ(Object::destroyed, rounds);
	EXPECT_EQ(Object::destroyed_dead, 0);
}

KUNIT_CASE(readers_of_a_domain_may_sleep_in_it)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Object::reset();
	const DomainRevocable revocable(std::in_place, 7);
	{
		auto guard = domain.read_lock();
		auto object = revocable.try_access(guard);
		ASSERT_TRUE(object);
		kunit_sleep_ms(1);
		EXPECT_EQ(object->value, 7);
	}
	{
		Sleeper reader(domain, 30);
		ASSERT_TRUE(reader);
		EXPECT_TRUE(revocable.revoke(domain));
		EXPECT_FALSE(reader.reading());
	}
	EXPECT_FALSE(revocable.revoke(domain));
	EXPECT_EQ(Object::destroyed, 1);
	auto guard = domain.read_lock();
	EXPECT_FALSE(revocable.try_access(guard));
}

namespace {

struct Device : krcu::RefCounted {
	explicit Device(int value) : registers(std::in_place, value) {}

	Revocable registers;
};
using DeviceRef = krcu::RcuRef<Device>;

} // namespace

KUNIT_CASE(users_keep_the_device_and_lose_its_registers)
{
	Object::reset();
	{
		auto device = DeviceRef::make(krcu::GFP_KERNEL, 7);
		ASSERT_TRUE(device);
		DeviceRef opened(device);
		EXPECT_TRUE(device->registers.revoke());
		device.reset();
		EXPECT_EQ(Object::destroyed, 1);
		krcu::ReadGuard guard;
		EXPECT_FALSE(opened->registers.try_access(guard));
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Object::destroyed, 1);
}

KUNIT_SUITE(revocable);
