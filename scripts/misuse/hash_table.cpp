// SPDX-License-Identifier: GPL-2.0
// Hash tables. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Padded {
	char c;
	int i;
};
struct Session {
	krcu::HashLink link;
	krcu::ListLink list_link;
	int id;
	Padded padded;
	float weight;
	char name[8];

	int method();
};
struct Other {
	krcu::HashLink link;
	int id;
};
using Box = krcu::RcuKBox<Session>;
using Sessions = krcu::HashTable<Box, &Session::link, &Session::id>;

struct ByName {
	using key_type = const char *;

	static unsigned int hash(const char *name, unsigned int seed);
	static bool equal(const char *a, const char *b);
};
using ByNames = krcu::HashTable<Box, &Session::link, &Session::name, ByName>;

struct NoEqual {
	static unsigned int hash(const char *name, unsigned int seed);
};
struct WrongHash {
	static unsigned long hash(const char *name, unsigned int seed);
	static bool equal(const char *a, const char *b);
};
struct OtherKey {
	using key_type = Padded;

	static unsigned int hash(const Padded &, unsigned int);
	static bool equal(const Padded &, const Padded &);
};

int correct_use(Sessions &sessions, ByNames &names, Box box)
{
	krcu::ReadGuard guard;
	auto session = sessions.find(3, guard);
	auto named = names.find("three", guard);
	int sum = session && named ? session->id + named->id : 0;

	sessions.for_each(guard, [&](const Session &s) { sum += s.id; });
	sessions.for_each(guard, [&](const Session &s) { return s.id != 0; });
	if (session)
		sessions.erase(*session).reset();
	if (auto old = sessions.replace(std::move(box)))
		sum++;
#ifdef MISUSE_finding_under_a_temporary_guard // error: (use of|call to) deleted (function|member function)
	auto temporary = sessions.find(3, krcu::ReadGuard());
#endif
#ifdef MISUSE_holding_what_was_found_as_a_pointer // error: krcu: what a look-up found must not outlive its guard: hold it as auto
	const Session *pointer = sessions.find(3, guard);
	sum += pointer->id;
#endif
#ifdef MISUSE_looking_up_for_nothing // error: a look-up has no other effect than its result
	sessions.find(3, guard);
#endif
#ifdef MISUSE_ignoring_that_insert_may_fail // error: insert\(\) may fail
	sessions.insert(Box());
#endif
#ifdef MISUSE_ignoring_what_replace_hands_back // error: replace\(\) may fail, and hands back what was there
	sessions.replace(Box());
#endif
#ifdef MISUSE_inserting_without_moving // error: (no matching function for call to|no matching member function for call to) .*insert
	Box kept;
	sum += sessions.insert(kept);
#endif
#ifdef MISUSE_inserting_another_kind_of_box // error: (no matching function for call to|no matching member function for call to) .*insert
	sum += sessions.insert(krcu::RcuVBox<Session>());
#endif
#ifdef MISUSE_copying_a_table // error: (use of|call to) (implicitly-)?deleted (function|constructor)|call to implicitly-deleted copy constructor
	auto copy = sessions;
#endif
#ifdef MISUSE_visiting_with_an_errno // error: krcu: for_each\(\) calls a function that returns nothing, or a bool
	sessions.for_each(guard, [](const Session &) { return -1; });
#endif
#ifdef MISUSE_linking_by_another_member // error: krcu: a HashTable<P, &T::link, &T::key> links its objects by a krcu::HashLink
	auto table = krcu::HashTable<Box, &Session::list_link, &Session::id>::make();
#endif
#ifdef MISUSE_linking_by_another_type_s_member // error: krcu: a HashTable<P, &T::link, &T::key> links its objects by a krcu::HashLink
	auto table = krcu::HashTable<Box, &Other::link, &Session::id>::make();
#endif
#ifdef MISUSE_key_of_another_type // error: krcu: the key of a HashTable<P, &T::link, &T::key> is a data member of T
	auto table = krcu::HashTable<Box, &Session::link, &Other::id>::make();
#endif
#ifdef MISUSE_key_that_is_a_function // error: krcu: the key of a HashTable<P, &T::link, &T::key> is a data member of T
	auto table = krcu::HashTable<Box, &Session::link, &Session::method>::make();
#endif
#ifdef MISUSE_key_with_padding // error: krcu: keys are equal if all their bytes are, and these have padding
	auto table = krcu::HashTable<Box, &Session::link, &Session::padded>::make();
#endif
#ifdef MISUSE_key_with_two_zeros // error: krcu: keys are equal if all their bytes are, .* two representations of one value: name a policy
	auto table = krcu::HashTable<Box, &Session::link, &Session::weight>::make();
#endif
#ifdef MISUSE_policy_without_equal // error: krcu: a HashTable's policy has `static unsigned int hash\(key, unsigned int seed\)` and `static bool equal
	auto table = krcu::HashTable<Box, &Session::link, &Session::name, NoEqual>::make();
#endif
#ifdef MISUSE_policy_with_a_long_hash // error: krcu: a HashTable's policy has `static unsigned int hash\(key, unsigned int seed\)` and `static bool equal
	auto table = krcu::HashTable<Box, &Session::link, &Session::name, WrongHash>::make();
#endif
#ifdef MISUSE_policy_that_cannot_read_the_object_s_key // error: krcu: a HashTable's policy has .* for T's key and for what is looked up by
	auto table = krcu::HashTable<Box, &Session::link, &Session::name, OtherKey>::make();
#endif
	return sum;
}

#ifdef MISUSE_owner_that_does_not_wait // error: (template constraint failure|constraints not satisfied)
krcu::HashTable<krcu::KBox<Session>, &Session::link, &Session::id> plain;
#endif
#ifdef MISUSE_owner_of_a_driver_s_own // error: krcu: a HashTable hands back the P of an object, so P is an RcuBox, an RcuFreeBox or an RcuRef
class Own {
public:
	using element_type = Session;

	void *into_foreign() &&;
	static Own from_foreign(void *);
	static const Session &borrow(void *);
	static const Session &rcu_borrow(void *, const krcu::ReadGuard &);
};
auto own = krcu::HashTable<Own, &Session::link, &Session::id>::make();
#endif
#ifdef MISUSE_object_of_64_kB // error: krcu: an rhashtable counts offsets in 16 bits
struct Large {
	char bytes[65536];
	krcu::HashLink link;
	int id;
};
auto large = krcu::HashTable<krcu::RcuKBox<Large>, &Large::link, &Large::id>::make();
#endif
#ifdef MISUSE_table_in_a_box_without_work // error: krcu: ~T may sleep, but an RCU callback runs in softirq
struct Owner {
	static constexpr bool destructor_may_sleep = Sessions::destructor_may_sleep;

	Sessions sessions;
};
void drop(krcu::RcuKBox<Owner> owner)
{
	owner.reset();
}
#endif

// GCC cannot tell where nobody may be reading.

#ifdef MISUSE_dropping_a_table_under_a_guard // Clang error: cannot call function '.*HashTable' while (mutex|read-side critical section) 'rcu' is held
void drop_under_a_guard()
{
	krcu::ReadGuard guard;
	Sessions gone = Sessions::make();
}
#endif
