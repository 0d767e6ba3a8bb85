// SPDX-License-Identifier: GPL-2.0
// Of krcu_globals: the last global, in a file of its own.

#include "globals.hpp"

namespace {

/// Its end retires what uses the first one.
struct Last {
	static constexpr const char *name = "last", *made = "last: made", *empty = "last: empty", *ended = "last: ended";

	static void at_end() { krcu::RcuKBox<Item>::make(krcu::GFP_KERNEL, 0).reset(); }
};

KRCU_GLOBAL(last, Stage<Last>);

} // namespace
