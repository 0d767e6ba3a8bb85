// SPDX-License-Identifier: GPL-2.0
// References. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Session : krcu::RefCounted {
	int user;
};
using SessionRef = krcu::RcuRef<Session>;

struct Uncounted {
	int user;
};
struct Hidden : private krcu::RefCounted {
	int user;
};
struct Sleeps : krcu::RefCounted {
	static constexpr bool destructor_may_sleep = true;
	~Sleeps();
};

SessionRef looked_up(const krcu::XArray<SessionRef> &sessions)
{
	krcu::ReadGuard guard;
	auto session = sessions.load(3, guard);

	if (!session)
		return {};
#ifdef MISUSE_a_reference_taken_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
	return SessionRef::try_get(*session, krcu::ReadGuard());
#endif
#ifdef MISUSE_a_reference_taken_without_a_guard // error: (no matching function for call to|too few arguments to function call)
	return SessionRef::try_get(*session);
#endif
	return SessionRef::try_get(*session, guard);
}

int references(const SessionRef &ref)
{
	SessionRef copy(ref);

	copy = ref;

#ifdef MISUSE_changing_what_others_own // error: (in read-only object|return value is not assignable|because .* returns a const value)
	ref->user = 3;
#endif
#ifdef MISUSE_the_count_of_owners // error: (is private|is a private member)
	copy->count_++;
#endif
#ifdef MISUSE_a_reference_nobody_holds // error: dropping a reference may retire the object
	SessionRef::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_reference_to_what_is_not_counted // error: krcu: an RcuRef counts in the object itself: derive T from krcu::RefCounted
	auto uncounted = krcu::RcuRef<Uncounted>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_count_that_is_private // error: krcu: an RcuRef counts in the object itself: derive T from krcu::RefCounted
	auto hidden = krcu::RcuRef<Hidden>::make(krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_a_sleeping_destructor_behind_references // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto sleeps = krcu::RcuRef<Sleeps>::make(krcu::GFP_KERNEL);
#endif
	return copy->user;
}

#ifdef MISUSE_returning_an_object_past_its_reference // Clang error: (address|reference|stack) .*local variable 'ref'
const Session &object_escapes(const krcu::XArray<SessionRef> &sessions)
{
	auto ref = looked_up(sessions);
	return *ref;
}
#endif
