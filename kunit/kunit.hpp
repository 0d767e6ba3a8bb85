// SPDX-License-Identifier: GPL-2.0
/// @file
/// KUnit in C++: a case is written once, where it stands, and a file of cases is a suite.
///
///     KUNIT_CASE(adds_up)
///     {
///             ASSERT_TRUE(table);
///             EXPECT_EQ(1 + 1, 2);
///     }
///
///     KUNIT_SUITE(arithmetic); // the last line of the file: all cases above it
///
/// A failed EXPECT reports file, line, expression and values as KUnit's own do, and goes on; a failed
/// ASSERT ends the case there, without destructors, so it stands before anything it would leak.
///
/// The suites are real `struct kunit_suite`s where the kernel looks for them in a module; filters,
/// debugfs results and KTAP are KUnit's.
#ifndef KUNIT_HPP
#define KUNIT_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include <krcu-constants.h>
#include <kunit-constants.h>

#include "kunit_shims.h"

namespace kunit_cxx {

using run_case_t = void (*)(kunit *);

// struct kunit_case and struct kunit_suite, as far as a suite fills them in.

struct CaseObject {
	run_case_t run_case;
	const char *name;
	std::byte rest[KUNIT_CASE_SIZE - 2 * sizeof(void *)];
};
static_assert(KUNIT_CASE_RUN == offsetof(CaseObject, run_case) && KUNIT_CASE_NAME == offsetof(CaseObject, name) &&
	      KUNIT_CASE_SIZE == sizeof(CaseObject));

template <int n>
struct SuiteObject {
	char name[KUNIT_SUITE_NAME_SIZE];
	std::byte before_exit[KUNIT_SUITE_EXIT - KUNIT_SUITE_NAME_SIZE];
	run_case_t exit;
	CaseObject *test_cases;
	std::byte rest[KUNIT_SUITE_SIZE - KUNIT_SUITE_CASES - sizeof(void *)];
	CaseObject cases[n + 1]; // behind the kernel's part; ends with an empty one

	static_assert(KUNIT_SUITE_NAME == 0 && KUNIT_SUITE_CASES == KUNIT_SUITE_EXIT + sizeof(void *));
};

inline void check(kunit *test, const kunit_where &where, const char *text, bool value, bool expected)
{
	if (value != expected) [[unlikely]]
		kunit_fail_condition(test, &where, text, expected);
}

template <class L, class R, class Op>
void compare(kunit *test, const kunit_where &where, const char *op_text, const char *left_text, const char *right_text,
	     const L &left, const R &right, Op op)
{
	if (op(left, right)) [[likely]]
		return;
	if constexpr (std::is_convertible_v<L, const volatile void *> &&
		      std::is_convertible_v<R, const volatile void *>)
		kunit_fail_pointers(test, &where, op_text, left_text, right_text, (const void *)left,
				    (const void *)right);
	else
		kunit_fail_numbers(test, &where, op_text, left_text, right_text, (long long)left, (long long)right);
}

} // namespace kunit_cxx

#define KUNIT_CHECK_(fatal, condition, expected) \
	::kunit_cxx::check(test, { __FILE__, __LINE__, fatal }, #condition, static_cast<bool>(condition), expected)
#define KUNIT_COMPARE_(fatal, left, op, right)                                                         \
	::kunit_cxx::compare(test, { __FILE__, __LINE__, fatal }, #op, #left, #right, (left), (right), \
			     [](const auto &l, const auto &r) { return l op r; })

#define EXPECT_TRUE(condition) KUNIT_CHECK_(false, condition, true)
#define EXPECT_FALSE(condition) KUNIT_CHECK_(false, condition, false)
#define EXPECT_EQ(left, right) KUNIT_COMPARE_(false, left, ==, right)
#define EXPECT_NE(left, right) KUNIT_COMPARE_(false, left, !=, right)
#define EXPECT_LE(left, right) KUNIT_COMPARE_(false, left, <=, right)
#define EXPECT_GE(left, right) KUNIT_COMPARE_(false, left, >=, right)
#define ASSERT_TRUE(condition) KUNIT_CHECK_(true, condition, true)
#define ASSERT_FALSE(condition) KUNIT_CHECK_(true, condition, false)
#define ASSERT_EQ(left, right) KUNIT_COMPARE_(true, left, ==, right)
#define SKIP(why) kunit_skip_case(test, why)

// Each case specialises Case for the next number; __COUNTER__ counts them, and nothing else in a
// suite's file may use it (a hole would be an incomplete type, so it would not compile).
namespace {
constexpr int kunit_first_case = __COUNTER__ + 1;
template <int number>
struct Case;
} // namespace

#define KUNIT_CASE(function)                                                                \
	static void function(kunit *test);                                                  \
	namespace {                                                                         \
	template <>                                                                         \
	struct Case<__COUNTER__ - kunit_first_case> {                                       \
		static constexpr ::kunit_cxx::CaseObject object{ function, #function, {} }; \
	};                                                                                  \
	}                                                                                   \
	static void function([[maybe_unused]] kunit *test)

#define KUNIT_SUITE(suite_name)                                                                                    \
	namespace {                                                                                                \
	template <int... number>                                                                                   \
	constexpr ::kunit_cxx::SuiteObject<sizeof...(number)>                                                      \
	kunit_make_suite(::kunit_cxx::SuiteObject<sizeof...(number)> *self, std::integer_sequence<int, number...>) \
	{                                                                                                          \
		return { #suite_name, {}, kunit_after_case, self->cases, {}, { Case<number>::object..., {} } };    \
	}                                                                                                          \
	constexpr int kunit_cases = __COUNTER__ - kunit_first_case;                                                \
	constinit ::kunit_cxx::SuiteObject<kunit_cases> kunit_this_suite =                                         \
		kunit_make_suite(&kunit_this_suite, std::make_integer_sequence<int, kunit_cases>());               \
	[[gnu::section(".kunit_test_suites"), gnu::used]] void *kunit_suite_entry = &kunit_this_suite;             \
	}                                                                                                          \
	static_assert(kunit_cases > 0)

#endif // KUNIT_HPP
