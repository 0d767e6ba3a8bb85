// SPDX-License-Identifier: GPL-2.0
// What C, C++ and user space share: krcu/uapi.hpp, and <cstring>, which both halves have

#include <cerrno>
#include <cstring>
#include <type_traits>

#include <string.h>

#include "abi_shims.h"
#include "support.hpp"

static constexpr unsigned long numbers[ABI_COUNT] = {
#include "abi_numbers.h"
};

static_assert(std::is_same_v<__u64, unsigned long long> && std::is_same_v<__s64, long long>); // %llu, in all kernels
static_assert(alignof(abi_record) == 8 && std::has_unique_object_representations_v<abi_record>);

KUNIT_CASE(numbers_are_those_of_c)
{
	for (int i = 0; i < ABI_COUNT; i++)
		EXPECT_EQ(numbers[i], kunit_abi_numbers[i]);
}

static constinit int compared;

static long compare(const void *from, size_t n)
{
	static constinit unsigned long long theirs[ABI_COUNT];

	if (n != sizeof(theirs))
		return -EINVAL;
	if (krcu::copy_from_user(theirs, krcu::UserPtr(from)))
		return -EFAULT;
	for (int i = 0; i < ABI_COUNT; i++)
		compared += theirs[i] == numbers[i];
	return n;
}

KUNIT_CASE(numbers_are_those_of_user_space)
{
	static constexpr kunit_abi_device device = { nullptr, compare };
	char what[] = "numbers";

	compared = 0;
	const int status = kunit_run_abi_user(what, &device);
	if (status == -ENOENT)
		SKIP("the program abi_user is not there");
	EXPECT_EQ(status, 0); // its complaint, if it had one, is in the log
	EXPECT_EQ(compared, ABI_COUNT);
}

// Lengths that no compiler knows.
static std::size_t unknown(std::size_t n)
{
	asm volatile("" : "+r"(n));
	return n;
}

KUNIT_CASE(bytes_are_copied_set_and_compared)
{
	char text[32] = "a text of some length", copy[32];

	std::memset(copy, 'x', unknown(sizeof(copy)));
	EXPECT_EQ(copy[31], 'x');
	std::memcpy(copy, text, unknown(10));
	EXPECT_EQ(std::memcmp(copy, text, unknown(10)), 0);
	EXPECT_EQ(copy[10], 'x');
	EXPECT_TRUE(std::memcmp(copy, text, unknown(11)) > 0);
	std::memmove(text + 1, text, unknown(20));
	EXPECT_EQ(memcmp(text, "aa text of some lengt", unknown(21)), 0);
	EXPECT_TRUE(memchr(text, 'o', unknown(32)) == text + 8);
	EXPECT_FALSE(std::memchr(text, 'z', unknown(32)));
}

KUNIT_CASE(strings_are_measured_searched_and_compared)
{
	char text[] = "one, two";
	const char *same = text + unknown(0);

	EXPECT_EQ(strlen(same), 8);
	EXPECT_EQ(std::strcmp(same, "one, two"), 0);
	EXPECT_TRUE(std::strcmp(same, "one, tx") < 0);
	EXPECT_EQ(std::strncmp(same, "one, three", unknown(6)), 0);
	EXPECT_TRUE(std::strchr(same, ',') == text + 3);
	EXPECT_TRUE(std::strrchr(same, 'o') == text + 7);
	EXPECT_TRUE(std::strstr(same, "two") == text + 5);
	EXPECT_TRUE(std::strpbrk(same, "wt") == text + 5);
	EXPECT_EQ(std::strspn(same, "eno"), 3);
	EXPECT_EQ(std::strcspn(same, " "), 4);
	*std::strchr(text, ',') = ';';
	EXPECT_EQ(text[3], ';');
	static_assert(std::is_same_v<decltype(std::strchr(same, 0)), const char *>);
}

KUNIT_SUITE(uapi);
