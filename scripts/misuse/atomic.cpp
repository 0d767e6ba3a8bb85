// SPDX-License-Identifier: GPL-2.0
// Atomic. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Pair {
	int a, b;
};
enum class Small : unsigned char { a,
				   b };
enum class State { idle,
		   busy };

#ifdef MISUSE_an_atomic_struct // error: krcu: an Atomic is an integer or an enum of 4 or 8 bytes, a bool or a pointer
constinit krcu::Atomic<Pair> pair;
#endif
#ifdef MISUSE_an_atomic_of_two_bytes // error: krcu: an Atomic is an integer or an enum of 4 or 8 bytes, a bool or a pointer
constinit krcu::Atomic<short> two;
#endif
#ifdef MISUSE_an_atomic_enum_of_one_byte // error: krcu: an Atomic is an integer or an enum of 4 or 8 bytes, a bool or a pointer
constinit krcu::Atomic<Small> one;
#endif
#ifdef MISUSE_an_atomic_that_is_const_inside // error: krcu: an Atomic is an integer or an enum of 4 or 8 bytes, a bool or a pointer
constinit krcu::Atomic<const int> inside = 1;
#endif

constinit krcu::Atomic<int> number = 1;
constinit krcu::Atomic<bool> flag;
constinit krcu::Atomic<State> state;
constinit krcu::Atomic<int *> pointer;

int orders()
{
	int seen = number.load(krcu::acquire);

#ifdef MISUSE_a_load_that_releases // error: krcu: a load is relaxed or acquire; for more, change the number: fetch_add\(0\) is full
	seen = number.load(krcu::release);
#endif
#ifdef MISUSE_a_full_load // error: krcu: a load is relaxed or acquire; for more, change the number: fetch_add\(0\) is full
	seen = number.load(krcu::full);
#endif
#ifdef MISUSE_a_store_that_acquires // error: krcu: a store is relaxed or release; for more, use exchange\(\), which is full
	number.store(1, krcu::acquire);
#endif
#ifdef MISUSE_a_number_for_an_order // error: no matching (member )?function for call
	number.store(1, 2);
#endif
	number.store(1, krcu::release);
	return seen;
}

struct Published {
	krcu::Atomic<int> uses;
	mutable krcu::Atomic<int> counted;
};

void readers(const Published &found)
{
#ifdef MISUSE_a_reader_that_changes_what_is_not_mutable // error: (passing .* discards qualifiers|not marked const)
	found.uses.inc();
#endif
	found.counted.inc();
}

void copies()
{
#ifdef MISUSE_copying_an_atomic // error: (use of|call to) deleted (function|constructor)
	krcu::Atomic<int> copy(number);
#endif
#ifdef MISUSE_assigning_an_atomic // error: (use of deleted function|overload resolution selected deleted operator)
	krcu::Atomic<int> other;
	other = number;
#endif
#ifdef MISUSE_counting_with_a_flag // error: (no matching function for call|invalid reference to function)
	flag.inc();
#endif
#ifdef MISUSE_adding_to_a_state // error: no matching (member )?function for call
	state.fetch_add(State::busy);
#endif
#ifdef MISUSE_moving_a_pointer_on // error: (no matching (member )?function for call|invalid reference to function)
	pointer.add(nullptr);
#endif
	flag.store(true);
	state.store(State::busy);
	pointer.store(nullptr);
}
