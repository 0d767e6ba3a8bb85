// SPDX-License-Identifier: GPL-2.0
/// @file
/// The objects of krcu_globals: globals.cpp and globals_last.cpp.
#ifndef GLOBALS_HPP
#define GLOBALS_HPP

#include <krcu/krcu.hpp>

#include "globals.h"

/// A global that destructors use. It says when one of them is too late.
template <class Name>
class Used final {
public:
	Used() { globals_say(Name::made); }
	~Used()
	{
		const int left = __atomic_load_n(&items_, __ATOMIC_ACQUIRE);

		*const_cast<volatile int *>(&magic_) = 0;
		globals_say(left ? Name::ended_early : Name::ended);
	}

	/// Counts those that are yet to be destroyed.
	void count(int change)
	{
		if (*const_cast<volatile int *>(&magic_) != magic)
			globals_say(Name::used_late);
		__atomic_add_fetch(&items_, change, __ATOMIC_ACQ_REL);
	}

private:
	static constexpr int magic = 0x600d;

	int magic_ = magic;
	int items_ = 0;
};

struct WitnessName {
	static constexpr const char *made = "witness: made", *ended = "witness: ended",
				    *ended_early = "witness: ended before the items",
				    *used_late = "witness: used when it had ended";
};

/// The first global, and the last to end.
extern krcu::Global<Used<WitnessName>> witness;

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
		if (made_)
			Name::at_end();
		globals_say(Name::ended);
	}
	explicit operator bool() const { return made_; }

private:
	explicit Stage(bool made) : made_(made) { globals_say(made ? Name::made : Name::empty); }

	bool made_;
};

#endif // GLOBALS_HPP
