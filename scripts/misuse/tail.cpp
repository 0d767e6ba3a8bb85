// SPDX-License-Identifier: GPL-2.0
// Headers with elements behind them. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Header {
	int value;
};
struct Named {
	Named();
};
struct Sleeps {
	static constexpr bool destructor_may_sleep = true;
	~Sleeps();
};
using Bytes = krcu::Tail<Header, char>;
using Box = krcu::RcuKBox<Bytes>;

int uses(const Box &box)
{
	auto draft = Box::draft_for_overwrite(krcu::GFP_KERNEL, 3, 1);
	if (!draft)
		return -ENOMEM;
	draft->tail()[0] = 'x';

#ifdef MISUSE_a_tail_on_the_stack // error: (is private within this context|calling a private constructor)
	Bytes local(3ul, 1);
#endif
#ifdef MISUSE_a_tail_in_a_plain_box // error: krcu: a Tail wants an RcuBox
	auto plain = krcu::KBox<Bytes>::make(krcu::GFP_KERNEL, 3, 1);
#endif
#ifdef MISUSE_a_tail_in_a_slab_cache // error: krcu: a SlabCache<T> is for boxes of that T alone
	auto cached = krcu::RcuBox<Bytes, krcu::SlabCache<Bytes>>::make(krcu::GFP_KERNEL, 3, 1);
#endif
#ifdef MISUSE_a_tail_of_a_number_unknown // error: krcu: try_make\(\) does not know how many elements there are
	auto tried = Box::try_make(krcu::GFP_KERNEL, [](Bytes *) { return 0; });
#endif
#ifdef MISUSE_a_tail_of_const // error: krcu: box a T that is neither const nor volatile
	auto constant = krcu::RcuKBox<krcu::Tail<Header, const char>>::make(krcu::GFP_KERNEL, 3, 1);
#endif
#ifdef MISUSE_a_tail_left_without_values // error: krcu: only elements of trivial type can be left unset
	auto unset = krcu::RcuKBox<krcu::Tail<Header, Named>>::draft_for_overwrite(krcu::GFP_KERNEL, 3, 1);
#endif
#ifdef MISUSE_a_tail_that_sleeps // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto sleeps = krcu::RcuKBox<krcu::Tail<Header, Sleeps>>::make(krcu::GFP_KERNEL, 3, 1);
#endif
#ifdef MISUSE_changing_a_published_tail // error: (read-only|not assignable|returns a const value)
	box->tail()[0] = 'x';
#endif
	return box->tail()[0] + box->header().value;
}
