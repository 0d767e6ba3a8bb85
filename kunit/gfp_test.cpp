// SPDX-License-Identifier: GPL-2.0
// Allocation flags: krcu/gfp.hpp

#include <type_traits>
#include <utility>

#include "support.hpp"

using krcu::gfp_t;

static_assert(std::is_same_v<decltype(krcu::GFP_KERNEL | krcu::__GFP_ZERO), gfp_t>);
static_assert(!std::is_convertible_v<int, gfp_t> && !std::is_convertible_v<krcu_gfp_t, gfp_t> &&
	      !std::is_convertible_v<gfp_t, int> && !std::is_convertible_v<gfp_t, bool>);

KUNIT_CASE(flags_have_the_values_of_this_kernel)
{
	static constexpr gfp_t flags[] = {
		krcu::GFP_KERNEL,
		krcu::GFP_KERNEL_ACCOUNT,
		krcu::GFP_ATOMIC,
		krcu::GFP_NOWAIT,
		krcu::GFP_NOIO,
		krcu::GFP_NOFS,
		krcu::GFP_USER,
		krcu::__GFP_ZERO,
		krcu::__GFP_NOWARN,
		krcu::__GFP_NORETRY,
		krcu::__GFP_RETRY_MAYFAIL,
		krcu::__GFP_NOFAIL,
		krcu::__GFP_HIGH,
		krcu::__GFP_ACCOUNT,
	};
	int i = 0;

	for (gfp_t flag : flags)
		EXPECT_EQ(std::to_underlying(flag), kunit_gfp[i++]);
}

KUNIT_CASE(flags_combine_as_their_values_do)
{
	constexpr unsigned int kernel = std::to_underlying(krcu::GFP_KERNEL);
	constexpr unsigned int zero = std::to_underlying(krcu::__GFP_ZERO);
	gfp_t gfp = krcu::GFP_KERNEL;

	EXPECT_TRUE((gfp & krcu::__GFP_ZERO) == gfp_t());
	gfp |= krcu::__GFP_ZERO;
	EXPECT_EQ(std::to_underlying(gfp), kernel | zero);
	EXPECT_TRUE((gfp & krcu::__GFP_ZERO) == krcu::__GFP_ZERO);
	gfp &= ~krcu::__GFP_ZERO;
	EXPECT_TRUE(gfp == gfp_t(kernel));
	EXPECT_EQ(std::to_underlying(~gfp_t()), ~0u);
}

KUNIT_SUITE(gfp);
