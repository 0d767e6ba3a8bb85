// SPDX-License-Identifier: GPL-2.0
/// @file
/// The objects of krcu_globals: globals.cpp and globals_last.cpp.
#ifndef GLOBALS_HPP
#define GLOBALS_HPP

#include <krcu/krcu.hpp>

#include "globals.h"

/// The first global, and the last to end. All destructors use it, and it says when one is too late.
class Witness final {
public:
	Witness() { globals_say("witness: made"); }
	~Witness()
	{
		const int left = __atomic_load_n(&items_, __ATOMIC_ACQUIRE);

		magic_ = 0;
		globals_say(left ? "witness: ended before the items" : "witness: ended");
	}

	/// Counts those that are yet to be destroyed.
	void count(int change)
	{
		if (*const_cast<volatile int *>(&magic_) != magic)
			globals_say("witness: used when it had ended");
		__atomic_add_fetch(&items_, change, __ATOMIC_ACQ_REL);
	}

private:
	static constexpr int magic = 0x600d;

	int magic_ = magic;
	int items_ = 0;
};
extern krcu::Global<Witness> witness;

/// So slow that it is still pending when an end that does not wait goes on.
struct Item {
	explicit Item(int k) : key(k) { witness->count(1); }
	~Item()
	{
		globals_busy_ms(3);
		witness->count(-1);
	}

	krcu::ListLink listed;
	krcu::HashLink hashed;
	int key;
};

/// A global that make() makes, or not.
template <class Name>
class Stage final {
public:
	static Stage make() { return Stage(!globals_is_to_be_empty(Name::name)); }
	Stage(const Stage &) = delete;
	~Stage()
	{
		if (!made_)
			return;
		Name::at_end();
		globals_say(Name::ended);
	}
	explicit operator bool() const { return made_; }

private:
	explicit Stage(bool made) : made_(made) { globals_say(made ? Name::made : Name::empty); }

	bool made_;
};

#endif // GLOBALS_HPP
