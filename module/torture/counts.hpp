// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the torture counts: objects and memory, by kind and by CPU.
#ifndef COUNTS_HPP
#define COUNTS_HPP

#include <cstddef>

#include <krcu/allocator.hpp>
#include <krcu/atomic.hpp>

#include "torture.h"

namespace torture {

/// The kinds of object, each counted by itself; names are in counts.cpp.
enum Kind : unsigned int {
	plain,
	boxed,
	worked,
	arrays,
	tailed,
	vmalloced,
	kvmalloced,
	cached,
	free_boxed,
	polled,
	indexed,
	listed,
	hashed,
	submitted,
	hurried,
	srcu_submitted,
	srcu_boxed,
	referenced,
	waiting,
	waiting_vmalloced,
	revoked,
	srcu_revoked,
	domains,
	in_domain,
	planted,
	kinds
};
extern const char *const names[kinds];

inline void fail(const char *what, Kind kind)
{
	torture_fail(what, names[kind]);
}

struct Counts {
	/// Numbers that several tasks may change.
	krcu::Atomic<unsigned long> ids, retired, made, destroyed, allocated, freed, nomem;
};

/// One for each CPU, or for a few CPUs on very large machines, so that they do not fight for cache lines.
struct alignas(64) Shard {
	static constexpr unsigned int count = 64;

	Counts of[kinds];
};
extern constinit Shard shards[Shard::count];

inline Counts &counts(Kind kind)
{
	return shards[torture_cpu() % Shard::count].of[kind];
}

/// An allocator that counts.
template <krcu::Allocator Base, Kind kind>
struct Counted {
	static constexpr std::size_t max_align = Base::max_align, head_size = Base::head_size;

	static void *alloc(std::size_t size, std::size_t align, krcu::gfp_t gfp)
	{
		void *memory = Base::alloc(size, align, gfp);

		(memory ? counts(kind).allocated : counts(kind).nomem).inc();
		return memory;
	}
	static void free(void *p)
	{
		counts(kind).freed.inc();
		Base::free(p);
	}
	static void free_rcu(callback_head *head)
	{
		counts(kind).freed.inc();
		Base::free_rcu(head);
	}
};

} // namespace torture

#endif // COUNTS_HPP
