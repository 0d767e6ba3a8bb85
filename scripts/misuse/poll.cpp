// SPDX-License-Identifier: GPL-2.0
// Wait queues for poll(). Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Session {
	krcu::PollWaitQueue readable;

	void drop_before_gp() { readable.drop_before_gp(); }
};
using Box = krcu::RcuFreeBox<Session>;

#ifdef MISUSE_a_queue_at_namespace_scope // error: (call to non-.constexpr. function|does not have a constant initializer)
constinit krcu::PollWaitQueue queue;
#endif

void values(krcu::PollWaitQueue &queue)
{
	auto box = Box::make(krcu::GFP_KERNEL);
	auto alone = krcu::RcuFreeBox<krcu::PollWaitQueue>::make(krcu::GFP_KERNEL);

#ifdef MISUSE_copying_a_queue // error: (use of|call to) deleted (function|constructor)
	krcu::PollWaitQueue copy(queue);
#endif
#ifdef MISUSE_moving_a_queue // error: (use of|call to) deleted (function|constructor)
	krcu::PollWaitQueue moved(std::move(queue));
#endif
#ifdef MISUSE_assigning_a_queue // error: (use of deleted function|overload resolution selected deleted operator)
	krcu::PollWaitQueue other;
	other = queue;
#endif
#ifdef MISUSE_a_box_that_would_not_drop_its_queue // error: krcu: T cleans up in drop_before_gp\(\)
	auto wrong = krcu::RcuKBox<krcu::PollWaitQueue>::make(krcu::GFP_KERNEL);
#endif
	(void)queue;
}

krcu::poll_t polls(const Box &box, const krcu::Rcu<Box> &rcu, file *filp, poll_table_struct *table)
{
	box->readable.poll_wait(filp, table);
	{
		krcu::ReadGuard guard;

		rcu.dereference(guard)->readable.wake_up_poll(krcu::EPOLLIN);
#ifdef MISUSE_registering_under_a_guard // Clang error: cannot call function 'poll_wait' while read-side critical section 'rcu' is held
		rcu.dereference(guard)->readable.poll_wait(filp, table);
#endif
#ifdef MISUSE_a_reader_that_drops_the_queue // error: (discards qualifiers|'this' argument to member function 'drop_before_gp' has type 'const)
		rcu.dereference(guard)->readable.drop_before_gp();
#endif
	}
	return krcu::EPOLLIN | krcu::EPOLLRDNORM;
}
