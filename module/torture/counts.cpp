// SPDX-License-Identifier: GPL-2.0
// What the torture's C half is told of the counts.

#include "counts.hpp"
#include "task.hpp"

namespace torture {

// In the order of Kind.
constexpr const char *const names[kinds] = {
	"RcuBox/kvfree", "RcuBox", "RcuBox/Work", "RcuBox[]", "Tail", "RcuVBox", "RcuKVBox", "SlabCache", "RcuFreeBox",
	"PollWaitQueue", "XArray", "List", "HashTable", "Callback", "Callback/hurry", "Callback/Srcu", "SrcuBox", "RcuRef",
	"RcuOld<Box>", "RcuOld<VBox>", "Revocable", "Revocable/Srcu", "Srcu", "Srcu/SrcuBox", "planted"
};
static_assert(names[kinds - 1]);

constinit Shard shards[Shard::count];

namespace {

/// The module's first global, which ends when all that others owned is destroyed.
struct Balance {
	~Balance() { torture_check_balance(); }
};
KRCU_GLOBAL(balance, Balance);

} // namespace

} // namespace torture

using namespace torture;

bool torture_count(unsigned int i, torture_kind *kind)
{
	if (i >= kinds || (i == planted && torture_planted() == TORTURE_NO_BUG))
		return false;
	*kind = { .name = names[i] };
	for (const Shard &shard : shards) {
		const Counts &counts = shard.of[i];

		kind->retired += counts.retired.load();
		kind->made += counts.made.load();
		kind->destroyed += counts.destroyed.load();
		kind->allocated += counts.allocated.load();
		kind->freed += counts.freed.load();
		kind->nomem += counts.nomem.load();
	}
	return true;
}

void torture_sum(torture_totals *totals)
{
	torture_kind kind;

	*totals = {};
	for (const Task &task : tasks) {
		totals->reads += task.reads.get();
		totals->updates += task.updates.get();
	}
	for (unsigned int i = 0; torture_count(i, &kind); i++) {
		totals->retired += kind.retired;
		totals->pending += kind.allocated - kind.freed;
		totals->nomem += kind.nomem;
	}
}

void torture_check_balance()
{
	torture_kind kind;

	for (unsigned int i = 0; torture_count(i, &kind); i++) {
		if (kind.made != kind.destroyed)
			torture_fail("not as many were destroyed as were made", kind.name);
		if (kind.allocated != kind.freed)
			torture_fail("not as much was freed as was allocated", kind.name);
	}
}
