// SPDX-License-Identifier: GPL-2.0
/// @file
/// Objects that tell whether they are still alive.
#ifndef OBJECTS_HPP
#define OBJECTS_HPP

#include <cstddef>
#include <utility>

#include <krcu/krcu.hpp>

#include "counts.hpp"

namespace torture {

/// What readers look at: a number that no other object of the kind has, and its complement. Memory that
/// was poisoned, freed or used again says something else. `size` bytes lie before it.
template <Kind kind, std::size_t size = 1>
class Canary {
public:
	Canary()
	{
		const unsigned int shard = torture_cpu() % Shard::count;

		// Each shard has a range of its own, so that their last digits are anything.
		id_ = ~0ul / Shard::count * shard + shards[shard].of[kind].ids.fetch_add(1, krcu::relaxed) + 1;
		complement_ = ~id_;
	}
	Canary(const Canary &) = delete;

	unsigned long id() const { return id_; }
	bool alive() const { return id_ == ~complement_; }

	void poison()
	{
		// Volatile: compilers leave out what is stored into an object that ends.
		*const_cast<volatile unsigned long *>(&complement_) = id_;
	}

private:
	unsigned char padding_[size];
	unsigned long id_, complement_;
};

/// A Canary with a destructor.
template <Kind kind, std::size_t size = 1>
struct Object : Canary<kind, size> {
	Object() { counts(kind).made.inc(); }
	~Object()
	{
		if (!this->alive())
			fail("an object was destroyed that was not alive", kind);
		this->poison();
		counts(kind).destroyed.inc();
	}
};

/// As above, and its destructor sleeps now and then.
template <Kind kind>
struct SleepyObject : Object<kind> {
	static constexpr bool destructor_may_sleep = true;

	~SleepyObject()
	{
		if (this->id() % 1024 == 0)
			torture_sleep_us(100);
	}
};

/// For Lists.
template <Kind kind>
struct Listed : Object<kind> {
	krcu::ListLink link;
};

/// What is behind a header, which it knows.
template <Kind kind>
struct Element : Object<kind> {
	unsigned long header = 0;
};

/// The header of a Tail, which knows how much is behind it.
template <Kind kind>
struct Header : Object<kind> {
	explicit Header(std::size_t n) : length(n) {}

	std::size_t length;
};

/// For RcuRefs.
template <Kind kind>
struct Shared : krcu::RefCounted, Object<kind> {};

/// For an RcuFreeBox: ends at once, except for what readers may look at for a grace period.
template <Kind kind>
struct Ending : Canary<kind> {
	struct View {
		const Ending *ending;

		unsigned long id() const { return ending->id(); }
		bool alive() const { return ending->alive(); }
	};

	Ending() { counts(kind).made.inc(); }

	View rcu_view(const krcu::ReadGuard &) const { return { this }; }
	void drop_before_gp()
	{
		if (std::exchange(dropped, true))
			fail("drop_before_gp() ran twice", kind);
		counts(kind).destroyed.inc();
	}

	bool dropped = false;
};

/// One that is found by a key.
struct Keyed : Object<hashed> {
	krcu::HashLink link;
	unsigned int key = 0;
};

/// One with a wait queue, which readers wake.
struct Polled : Ending<polled> {
	krcu::PollWaitQueue queue;

	void wake_up() const { queue.wake_up_poll(krcu::EPOLLIN); }
	void drop_before_gp()
	{
		queue.drop_before_gp();
		Ending::drop_before_gp();
	}
};

} // namespace torture

#endif // OBJECTS_HPP
