// SPDX-License-Identifier: GPL-2.0
// Lists. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Item {
	int value;
	krcu::ListLink link;
};
using Box = krcu::RcuKBox<Item>;
using List = krcu::List<Box, &Item::link>;

struct Domain {
	static constexpr const char *name = "misuse_list";
};

void updates(List &list, const Item &old)
{
	list.push_back(Box::make(krcu::GFP_KERNEL, 1));
	list.push_front(Box::draft(krcu::GFP_KERNEL, 1));
	(void)list.erase(old);
	auto first = list.erase_if([](const Item &item) { return item.value == 1; });

#ifdef MISUSE_copying_a_list // error: (use of|call to) deleted (function|constructor)
	List copy(list);
#endif
#ifdef MISUSE_moving_a_list // error: (use of|call to) deleted (function|constructor)
	List moved(std::move(list));
#endif
#ifdef MISUSE_a_list_by_what_is_no_link // error: krcu: a List<P, &T::link> holds objects by a member of type krcu::ListLink
	krcu::List<Box, &Item::value> wrong;
#endif
#ifdef MISUSE_a_list_of_a_domains_boxes // error: (template constraint failure|constraints not satisfied)
	krcu::List<krcu::SrcuKBox<Item, Domain>, &Item::link> wrong;
#endif
#ifdef MISUSE_a_list_of_plain_boxes // error: (template constraint failure|constraints not satisfied)
	krcu::List<krcu::KBox<Item>, &Item::link> wrong;
#endif
#ifdef MISUSE_pushing_without_move // error: (use of deleted function|call to implicitly-deleted copy constructor)
	auto box = Box::make(krcu::GFP_KERNEL, 1);
	list.push_back(box);
#endif
#ifdef MISUSE_pushing_again_what_was_erased // error: no matching (member )?function for call to
	list.push_back(list.erase(old));
#endif
#ifdef MISUSE_dropping_what_was_erased_unseen // error: dropping the old object may wait for a grace period
	list.erase(old);
#endif
#ifdef MISUSE_erasing_by_what_is_no_predicate // error: krcu: erase_if\(\) wants a `bool pred\(const T &\)`
	auto wrong = list.erase_if([](const Item &item) { return item.value; });
#endif
#ifdef MISUSE_locking_without_a_name // error: the lock is released with this: give it a name
	list.lock();
#endif
#ifdef MISUSE_keeping_the_lock_on_the_heap // error: (use of|call to) deleted function
	auto *held = new auto(list.lock());
#endif
}

int reads(const List &list)
{
	krcu::ReadGuard guard;
	int sum = 0;

	list.for_each(guard, [&](const Item &item) { sum += item.value; });
	list.for_each(guard, [&](const Item &item) { return (sum += item.value) < 10; });
#ifdef MISUSE_changing_what_a_list_shows // error: (in read-only object|cannot assign to variable .* with const-qualified type)
	list.for_each(guard, [](const Item &item) { item.value = 1; });
#endif
#ifdef MISUSE_finding_by_what_is_no_predicate // error: krcu: find_if\(\) wants a `bool pred\(const T &\)`
	auto wrong = list.find_if(guard, [](const Item &item) { return item.value; });
#endif
#ifdef MISUSE_finding_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
	auto wrong = list.find_if(krcu::ReadGuard(), [](const Item &) { return true; });
#endif
#ifdef MISUSE_keeping_a_pointer_to_an_item // error: krcu: what a look-up found must not outlive its guard: hold it as auto
	const Item *item = list.find_if(guard, [](const Item &) { return true; });
#endif
#ifdef MISUSE_pushing_into_a_const_list // error: (passing 'const List'|no matching member function|discards qualifiers|but function is not marked const)
	list.push_back(Box::make(krcu::GFP_KERNEL, 1));
#endif
	return sum;
}
