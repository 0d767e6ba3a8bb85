// SPDX-License-Identifier: GPL-2.0
// Objects that are not published yet. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Config {
	int limit;
};
using Box = krcu::RcuKBox<Config>;
using Array = krcu::RcuKBox<int[]>;

struct Named {
	Named();
	int name;
};
struct Sleeps {
	static constexpr bool destructor_may_sleep = true;
	~Sleeps();
};

int drafts(krcu::Rcu<Box> &rcu, krcu::XArray<Box> &configs)
{
	auto draft = Box::draft(krcu::GFP_KERNEL, 1);
	auto array = Array::draft_for_overwrite(krcu::GFP_KERNEL, 3);
	if (!draft || !array)
		return -ENOMEM;
	draft->limit = 2;
	array[0] = 3;

#ifdef MISUSE_dropping_a_draft_unnamed // error: dropping a draft ends its object
	Box::draft(krcu::GFP_KERNEL, 1);
#endif
#ifdef MISUSE_copying_a_draft // error: (use of deleted function|call to implicitly-deleted copy constructor)
	auto copy = draft;
#endif
#ifdef MISUSE_sealing_without_move // error: (use of|call to) deleted (member )?function
	Box sealed = draft.seal();
#endif
#ifdef MISUSE_publishing_a_draft_without_move // error: (use of deleted function|call to implicitly-deleted copy constructor)
	auto refused = rcu.replace(draft);
#endif
#ifdef MISUSE_storing_a_draft_without_move // error: no matching (member )?function for call to
	auto refused = configs.store(3, draft, krcu::GFP_KERNEL);
#endif
#ifdef MISUSE_publishing_a_draft_of_something_else // error: no matching (member )?function for call to
	auto refused = rcu.replace(std::move(array));
#endif
#ifdef MISUSE_a_draft_as_an_owner // error: (template constraint failure|constraints not satisfied)
	krcu::Rcu<krcu::Draft<Box>> published;
#endif
#ifdef MISUSE_overwriting_elements_that_have_constructors // error: krcu: only elements of trivial type can be left unset
	auto named = krcu::RcuKBox<Named[]>::draft_for_overwrite(krcu::GFP_KERNEL, 3);
#endif
#ifdef MISUSE_overwriting_what_is_no_array // error: (no matching (member )?function for call to|constraints not satisfied)
	auto one = Box::draft_for_overwrite(krcu::GFP_KERNEL, 3);
#endif
#ifdef MISUSE_a_sealed_object_written_to // error: (in read-only object|return value is not assignable|because .* returns a const value)
	Box box = std::move(draft).seal();
	box->limit = 3;
#endif
#ifdef MISUSE_a_draft_that_sleeps_in_a_box_that_cannot // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto box = krcu::RcuKBox<krcu::Draft<krcu::RcuKBox<Sleeps, krcu::reclaim::Work>>>::make(krcu::GFP_KERNEL);
#endif
	auto old = rcu.replace(std::move(draft));
	return 0;
}

#ifdef MISUSE_returning_a_draft_s_object // Clang error: (address|reference|stack) .*local variable 'draft'
Config &object_returned()
{
	auto draft = Box::draft(krcu::GFP_KERNEL, 1);
	return *draft;
}
#endif
