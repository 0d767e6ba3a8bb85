// SPDX-License-Identifier: GPL-2.0
// Of krcu_globals: the last globals, in a file of their own.

#include "globals.hpp"

namespace {

struct HelperName {
	static constexpr const char *made = "helper: made", *ended = "helper: ended",
				    *ended_early = "helper: ended before the items", *used_late = "helper: used when it had ended";
};

KRCU_GLOBAL(helper, Used<HelperName>);

/// Retired by the end of the last one, when the next to end is the helper.
struct UsesHelper {
	UsesHelper() { helper->count(1); }
	~UsesHelper()
	{
		globals_busy_ms(3);
		helper->count(-1);
	}
};

struct Last {
	static constexpr const char *name = "last", *made = "last: made", *empty = "last: empty", *ended = "last: ended";

	static void at_end() { krcu::RcuKBox<UsesHelper>::make(krcu::GFP_KERNEL).reset(); }
};

KRCU_GLOBAL(last, Stage<Last>);

} // namespace
