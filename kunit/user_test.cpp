// SPDX-License-Identifier: GPL-2.0
// Copying from and to user space: krcu/user.hpp

#include <cerrno>
#include <cstring>
#include <type_traits>

#include "abi_shims.h"
#include "support.hpp"

using krcu::UserPtr;

static_assert(sizeof(UserPtr) == sizeof(void *) && std::is_trivially_copyable_v<UserPtr>);
static_assert(!std::is_convertible_v<unsigned long, UserPtr> && !std::is_convertible_v<void *, UserPtr> &&
	      !std::is_convertible_v<UserPtr, const void *> && !std::is_constructible_v<void *, UserPtr>);
static_assert((UserPtr(4096) + 8).address() == 4104 && UserPtr().address() == 0);

namespace {
using NameBox = krcu::RcuKBox<krcu::Tail<abi_name, char>>;
}

// There is no user space in a kernel thread, and nobody's address is good.

KUNIT_CASE(bad_addresses_are_told_of)
{
	static constinit __u64 object, array[4];
	auto elements = krcu::RcuKBox<__u32[]>::draft(krcu::GFP_KERNEL, 3);
	const UserPtr bad[] = { UserPtr(), UserPtr(64ul), UserPtr(~0ul - 4), UserPtr(&object) };

	ASSERT_TRUE(elements);
	for (UserPtr p : bad) {
		EXPECT_EQ(krcu::copy_from_user(&object, p, sizeof(object)), -EFAULT);
		EXPECT_EQ(krcu::copy_from_user(object, p), -EFAULT);
		EXPECT_EQ(krcu::copy_from_user(array, p), -EFAULT);
		EXPECT_EQ(krcu::copy_from_user(*elements, p), -EFAULT);
		EXPECT_EQ(krcu::copy_to_user(p, &object, sizeof(object)), -EFAULT);
		EXPECT_EQ(krcu::copy_to_user(p, object), -EFAULT);
		EXPECT_EQ(krcu::copy_to_user(p, array), -EFAULT);
		EXPECT_EQ(krcu::copy_to_user(p, *elements), -EFAULT);
	}
	EXPECT_EQ(krcu::copy_from_user(&object, UserPtr(), 0), 0);
}

KUNIT_CASE(nothing_stays_uninitialised)
{
	__u32 object = ~0u, array[4] = { 1, 2, 3, 4 };
	auto name = NameBox::draft(krcu::GFP_KERNEL, 5);
	auto numbers = krcu::RcuKBox<__u32[]>::draft(krcu::GFP_KERNEL, 3);

	ASSERT_TRUE(name && numbers);
	for (__u32 &n : numbers)
		n = ~0u;
	for (char &c : name->tail())
		c = 'x';
	EXPECT_EQ(krcu::copy_from_user(object, UserPtr()), -EFAULT);
	EXPECT_EQ(object, 0);
	EXPECT_EQ(krcu::copy_from_user(array, UserPtr()), -EFAULT);
	EXPECT_EQ(array[3], 0);
	EXPECT_EQ(krcu::copy_from_user(name->tail(), UserPtr()), -EFAULT);
	for (char c : name->tail())
		EXPECT_EQ(c, 0);
	EXPECT_EQ(krcu::copy_from_user(*numbers, UserPtr()), -EFAULT);
	for (__u32 n : numbers)
		EXPECT_EQ(n, 0);
}

// A driver's ioctls, and a program that calls them.

namespace {

constinit krcu::Rcu<NameBox> current_name;
constinit Counter zeroed, not_zeroed;

int set_name(UserPtr from)
{
	abi_name header;

	if (krcu::copy_from_user(header, from))
		return -EFAULT;
	auto draft = NameBox::draft_for_overwrite(krcu::GFP_KERNEL, header.length);
	if (!draft)
		return -ENOMEM;
	draft->header() = header;
	for (char &c : draft->tail())
		c = 'x';
	if (krcu::copy_from_user(draft->tail(), from + sizeof(header))) {
		++(draft->tail()[header.length - 1] ? not_zeroed : zeroed);
		return -EFAULT;
	}
	if (std::memcmp(draft->tail().data(), "eight by", 8))
		return -EINVAL;
	auto old = current_name.replace(std::move(draft));
	return 0;
}

int get_length(UserPtr to)
{
	__u32 length = 0;
	{
		krcu::ReadGuard guard;
		if (auto name = current_name.dereference(guard))
			length = name->length;
	}
	return krcu::copy_to_user(to, length);
}

int change_record(UserPtr both)
{
	abi_record record;

	if (krcu::copy_from_user(record, both))
		return -EFAULT;
	record.flag++;
	record.small++;
	record.port++;
	record.number++;
	record.address++;
	record.little++;
	record.big++;
	record.offset++;
	return krcu::copy_to_user(both, record);
}

long device_ioctl(unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case ABI_FORGET:
		(void)current_name.take();
		return 0;
	case ABI_LENGTH:
		return get_length(UserPtr(arg));
	case ABI_NAME:
		return set_name(UserPtr(arg));
	case ABI_RECORD:
		return change_record(UserPtr(arg));
	}
	return -ENOTTY;
}

long device_write(const void *from, size_t n)
{
	char c;

	return krcu::copy_from_user(c, UserPtr(from)) ?: long(n);
}

} // namespace

KUNIT_CASE(program_and_driver_understand_each_other)
{
	static constexpr kunit_abi_device device = { device_ioctl, device_write };
	char what[] = "copies";

	zeroed = not_zeroed = 0;
	const int status = kunit_run_abi_user(what, &device);
	(void)current_name.take();
	if (status == -ENOENT)
		SKIP("the program abi_user is not there");
	EXPECT_EQ(status, 0); // its complaint, if it had one, is in the log
	EXPECT_EQ(zeroed, 1);
	EXPECT_EQ(not_zeroed, 0);
}

KUNIT_SUITE(user);
