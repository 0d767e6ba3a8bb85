// SPDX-License-Identifier: GPL-2.0
// Allocation flags: krcu/gfp.hpp

#include <type_traits>

#include "support.hpp"

static_assert(std::is_same_v<decltype(krcu::GFP_KERNEL | krcu::__GFP_ZERO), krcu::gfp_t>);

KUNIT_CASE(flags_have_the_values_of_this_kernel)
{
	static constexpr krcu::gfp_t flags[] = {
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

	for (krcu::gfp_t flag : flags)
		EXPECT_EQ(flag, kunit_gfp[i++]);
}

KUNIT_SUITE(gfp);
