// SPDX-License-Identifier: GPL-2.0
// Callbacks. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Fence {
	~Fence();
};
struct Sleeps {
	static constexpr bool destructor_may_sleep = true;
	~Sleeps();
};
struct Queue {
	static constexpr const char *name = "queue";
};
using Callback = krcu::Callback<Fence>;

void submits(Callback &one, Callback &two, Callback &three, krcu::Srcu<Queue> &domain)
{
#ifdef MISUSE_submitting_a_callback_that_stays // error: (use of|call to) deleted (member )?function
	one.submit();
#endif
#ifdef MISUSE_hurrying_a_callback_that_stays // error: (use of|call to) deleted (member )?function
	one.submit_hurry();
#endif
#ifdef MISUSE_submitting_a_callback_that_stays_to_a_domain // error: (use of|call to) deleted (member )?function
	one.submit(domain);
#endif
#ifdef MISUSE_copying_a_callback // error: (use of deleted function|call to implicitly-deleted copy constructor)
	Callback copy(one);
#endif
#ifdef MISUSE_ignoring_a_made_callback // error: a callback that is not submitted drops its object at once
	Callback::make(krcu::GFP_KERNEL);
#endif
	std::move(one).submit();
	std::move(two).submit_hurry();
	std::move(three).submit(domain);
}

void values(krcu::Srcu<Queue> &domain)
{
	// Never submitted: it may sleep where it is dropped.
	auto sleeps = krcu::Callback<Sleeps>::make(krcu::GFP_KERNEL);

#ifdef MISUSE_a_sleeping_callback // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	std::move(sleeps).submit();
#endif
#ifdef MISUSE_a_sleeping_callback_in_a_hurry // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	std::move(sleeps).submit_hurry();
#endif
#ifdef MISUSE_a_sleeping_callback_in_a_domain // error: krcu: ~T may sleep, but an SRCU callback runs with softirqs disabled
	std::move(sleeps).submit(domain);
#endif
	auto boxed = krcu::Callback<krcu::KBox<Sleeps>>::make(krcu::GFP_KERNEL);
#ifdef MISUSE_a_callback_of_a_box_of_what_sleeps // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	std::move(boxed).submit();
#endif
#ifdef MISUSE_a_callback_of_a_guard // error: krcu: a guard belongs to the scope that made it
	krcu::Callback<krcu::ReadGuard> callback;
#endif
#ifdef MISUSE_a_callback_of_void // error: krcu: a box owns one object
	krcu::Callback<void> callback;
#endif
	(void)domain;
}
