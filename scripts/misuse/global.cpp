// SPDX-License-Identifier: GPL-2.0
// Globals. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Table {
	static constexpr const char *name = "table";
};
struct NeedsAnArgument {
	explicit NeedsAnArgument(int);
};
struct MakesSomethingElse {
	static int make();
	explicit MakesSomethingElse(int);
};
class Endless {
	~Endless() = default;

public:
	Endless() = default;
};
using Box = krcu::RcuKBox<int>;

KRCU_GLOBAL(number, int);
KRCU_GLOBAL(pointer, krcu::Rcu<Box>);
static KRCU_GLOBAL(of_this_file, krcu::XArray<Box>);

#ifdef MISUSE_a_global_without_the_macro // error: (no matching function for call|no matching constructor)
constinit krcu::Global<int> plain;
#endif
#ifdef MISUSE_a_global_that_needs_an_argument // error: krcu: a global is made by T::make\(\) or by T\(\), without arguments
KRCU_GLOBAL(needs, NeedsAnArgument);
#endif
#ifdef MISUSE_a_global_of_a_make_of_something_else // error: krcu: a global is made by T::make\(\) or by T\(\), without arguments
KRCU_GLOBAL(makes, MakesSomethingElse);
#endif
#ifdef MISUSE_a_global_that_cannot_end // error: krcu: a global (is made by T::make|ends with the module: ~T must be public)
KRCU_GLOBAL(endless, Endless);
#endif
#ifdef MISUSE_an_array_of_globals // error: krcu: a global is one object: T cannot be
KRCU_GLOBAL(numbers, int[3]);
#endif
#ifdef MISUSE_a_reference_as_a_global // error: krcu: a global is one object: T cannot be
KRCU_GLOBAL(reference, int &);
#endif
#ifdef MISUSE_a_global_of_a_const_object // error: krcu: a global is one object: T cannot be
KRCU_GLOBAL(constant, const int);
#endif
#ifdef MISUSE_a_const_global // error: (binding reference of type .* discards qualifiers|drops 'const' qualifier)
const KRCU_GLOBAL(constant, int);
#endif
#ifdef MISUSE_a_guard_as_a_global // error: krcu: a guard belongs to the scope that made it and cannot be a global
KRCU_GLOBAL(guard, krcu::ReadGuard);
#endif

void local()
{
#ifdef MISUSE_a_global_in_a_function // error: ('constinit' can only be applied to a variable with static or thread storage|local variable cannot be declared 'constinit')
	KRCU_GLOBAL(in_function, int);
#endif
}

krcu::Global<int> &places(const krcu::Global<int> &global)
{
#ifdef MISUSE_copying_a_global // error: (use of|call to) deleted (function|constructor)
	krcu::Global<int> copy(number);
#endif
#ifdef MISUSE_assigning_a_global // error: (use of deleted function|overload resolution selected deleted operator)
	number = global;
#endif
#ifdef MISUSE_changing_a_const_global // error: (assignment of read-only location|cannot assign to return value)
	*global = 1;
#endif
#ifdef MISUSE_a_global_as_its_object // error: (cannot convert|no viable conversion|invalid initialization|non-const lvalue reference to type)
	int &object = number;
	return object ? number : number;
#endif
#ifdef MISUSE_a_global_s_object_under_a_temporary_guard // error: (use of|call to) deleted (member )?function
	(void)pointer->dereference(krcu::ReadGuard());
#endif
	(void)*global;
	(void)of_this_file;
	return number;
}
