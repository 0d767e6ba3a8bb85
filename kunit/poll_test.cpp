// SPDX-License-Identifier: GPL-2.0
// PollWaitQueue: krcu/poll.hpp

#include <cerrno>
#include <type_traits>

#include "poll_shims.h"
#include "support.hpp"

static_assert(krcu::RcuFreeSafe<krcu::PollWaitQueue> && std::is_trivially_destructible_v<krcu::PollWaitQueue>);
static_assert(!std::is_copy_constructible_v<krcu::PollWaitQueue> && !std::is_move_constructible_v<krcu::PollWaitQueue>);
static_assert(sizeof(krcu::PollWaitQueue) == KRCU_WAIT_QUEUE_HEAD_SIZE);

namespace {

/// Gives memory back right after the grace period, where kvfree_rcu() may take seconds, and counts it.
struct Prompt {
	static inline constinit Counter freed;

	static constexpr std::size_t max_align = krcu::Kmalloc::max_align;

	static void *alloc(std::size_t size, std::size_t align, krcu::gfp_t gfp)
	{
		return krcu::Kmalloc::alloc(size, align, gfp);
	}
	static void free(void *p)
	{
		++freed;
		krcu::Kmalloc::free(p);
	}
	static void free_rcu(callback_head *head)
	{
		krcu_call_rcu(head, [](callback_head *first) { free(first); });
	}
};

using QueueBox = krcu::RcuFreeBox<krcu::PollWaitQueue, Prompt>;

/// Polls a queue, as epoll does; must be off it in the end.
class Poller {
public:
	explicit Poller(bool exclusive = false) : poller_(kunit_poller_create(exclusive)) {}
	~Poller() { kunit_poller_free(poller_); }
	Poller(const Poller &) = delete;

	explicit operator bool() const { return poller_; }
	void join(const krcu::PollWaitQueue &queue) { queue.poll_wait(nullptr, kunit_poller_table(poller_)); }
	wait_queue_head *where() const { return kunit_poller_queue(poller_); }
	void leave(wait_queue_head *queue) { kunit_poller_leave(poller_, queue); }
	unsigned int wakes() const { return kunit_poller_wakes(poller_); }
	krcu::poll_t events() const { return kunit_poller_events(poller_); }

private:
	kunit_poller *poller_;
};

} // namespace

KUNIT_CASE(events_have_the_values_of_this_kernel)
{
	static constexpr krcu::poll_t events[] = {
		krcu::EPOLLIN,
		krcu::EPOLLPRI,
		krcu::EPOLLOUT,
		krcu::EPOLLERR,
		krcu::EPOLLHUP,
		krcu::EPOLLRDNORM,
		krcu::EPOLLWRNORM,
		krcu::EPOLLRDHUP,
	};
	int i = 0;

	for (krcu::poll_t event : events)
		EXPECT_EQ(event, kunit_epoll_events[i++]);
}

KUNIT_CASE(who_registered_is_woken_with_the_events)
{
	krcu::PollWaitQueue queue, other;
	Poller poller;

	ASSERT_TRUE(poller);
	queue.poll_wait(nullptr, nullptr); // who does not mean to wait
	queue.wake_up_poll(krcu::EPOLLIN);
	poller.join(queue);
	ASSERT_TRUE(poller.where());
	EXPECT_EQ(poller.wakes(), 0);
	other.wake_up_poll(krcu::EPOLLIN);
	EXPECT_EQ(poller.wakes(), 0);
	queue.wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
	EXPECT_EQ(poller.wakes(), 1);
	EXPECT_EQ(poller.events(), krcu::EPOLLIN | krcu::EPOLLRDNORM);
	kunit_run_in_softirq([](void *q) { static_cast<krcu::PollWaitQueue *>(q)->wake_up_poll(krcu::EPOLLOUT); },
			     &queue);
	EXPECT_EQ(poller.wakes(), 2);
	EXPECT_EQ(poller.events(), krcu::EPOLLOUT);
	poller.leave(poller.where());
	queue.wake_up_poll(krcu::EPOLLIN);
	EXPECT_EQ(poller.wakes(), 2);
}

KUNIT_CASE(one_of_those_who_want_to_be_alone_is_woken)
{
	krcu::PollWaitQueue queue;
	Poller shares, first(true), second(true);

	ASSERT_TRUE(shares && first && second);
	shares.join(queue);
	first.join(queue);
	second.join(queue);
	queue.wake_up_poll(krcu::EPOLLIN);
	EXPECT_EQ(shares.wakes(), 1);
	EXPECT_EQ(first.wakes() + second.wakes(), 1);
	queue.drop_before_gp();
}

KUNIT_CASE(drop_makes_everybody_leave_at_once)
{
	auto box = QueueBox::make(krcu::GFP_KERNEL);
	Poller plain, other, exclusive(true), second_exclusive(true);
	Poller *const all[] = { &plain, &other, &exclusive, &second_exclusive };

	ASSERT_TRUE(box && plain && other && exclusive && second_exclusive);
	for (Poller *poller : all)
		poller->join(*box);
	box.reset();
	for (Poller *poller : all) {
		EXPECT_FALSE(poller->where());
		EXPECT_EQ(poller->wakes(), 1);
		EXPECT_EQ(poller->events(), krcu::EPOLLHUP);
	}
}

KUNIT_CASE(queue_stays_for_one_who_is_just_leaving)
{
	NEEDS_CONCURRENCY();
	auto box = QueueBox::make(krcu::GFP_KERNEL);
	Poller poller;
	ASSERT_TRUE(box && poller);

	Prompt::freed = 0;
	poller.join(*box);
	{
		Reader reader([&](const krcu::ReadGuard &, auto stay) {
			wait_queue_head *queue = poller.where();

			stay();
			poller.leave(queue);
		});
		ASSERT_TRUE(reader);
		box.reset();
		EXPECT_FALSE(poller.where());
		kunit_sleep_ms(30);
		EXPECT_TRUE(reader.reading());
		EXPECT_EQ(Prompt::freed, 0);
	}
	krcu::rcu_barrier();
	EXPECT_EQ(Prompt::freed, 1);
}

namespace {
/// A driver's object with a queue in it.
struct Session {
	krcu::PollWaitQueue readable;
	Counter closed;

	void drop_before_gp()
	{
		closed = 1;
		readable.drop_before_gp();
	}
};
using SessionBox = krcu::RcuFreeBox<Session, Prompt>;
} // namespace

KUNIT_CASE(reader_may_wake_a_queue_that_was_dropped)
{
	krcu::Rcu<SessionBox> published(SessionBox::make(krcu::GFP_KERNEL));
	Poller poller;

	{
		// Nobody replaces it, so the pointer stays good without the guard that poll_wait() must not be under.
		const Session *session;
		{
			krcu::ReadGuard guard;
			auto found = published.dereference(guard);
			session = found.get();
		}
		ASSERT_TRUE(poller && session);
		poller.join(session->readable);
	}
	krcu::ReadGuard guard;
	auto session = published.dereference(guard);
	session->readable.wake_up_poll(krcu::EPOLLIN);
	EXPECT_EQ(poller.wakes(), 1);
	{
		auto old = published.take();
	}
	EXPECT_FALSE(poller.where());
	EXPECT_EQ(session->closed, 1);
	session->readable.wake_up_poll(krcu::EPOLLIN);
	EXPECT_EQ(poller.wakes(), 2); // the second is the drop's
}

KUNIT_CASE(wakers_race_with_the_drop)
{
	NEEDS_CONCURRENCY();
	static constexpr int rounds = 200;
	static constinit Counter arrived;
	krcu::Rcu<SessionBox> published;
	int missed = 0;

	arrived = 0;
	{
		OnOtherCpu waker([&] {
			for (int i = 1; i <= rounds; i++) {
				meet(arrived, 2 * i - 1);
				krcu::ReadGuard guard;
				auto session = published.dereference(guard);
				meet(arrived, 2 * i);
				for (int wakes = 0; session && wakes < 10; wakes++)
					session->readable.wake_up_poll(krcu::EPOLLIN);
			}
		});
		ASSERT_TRUE(waker);
		for (int i = 1; i <= rounds; i++) {
			auto fresh = SessionBox::make(krcu::GFP_KERNEL);
			Poller poller;

			if (fresh && poller)
				poller.join(fresh->readable);
			{
				auto none = published.replace(std::move(fresh));
			}
			meet(arrived, 2 * i - 1);
			meet(arrived, 2 * i);
			{
				auto old = published.take();
			}
			missed += !poller.wakes() || poller.where();
		}
	}
	EXPECT_EQ(missed, 0);
}

// The device behind real epolls. All under one mutex.

static constinit SessionBox device;
static constinit Counter data;

unsigned int kunit_device_poll(file *filp, poll_table_struct *table)
{
	if (!device)
		return krcu::EPOLLHUP;
	device->readable.poll_wait(filp, table);
	return data ? krcu::EPOLLIN | krcu::EPOLLRDNORM : 0;
}

int kunit_device_command(char command)
{
	switch (command) {
	case '+':
		data = 0;
		device = SessionBox::make(krcu::GFP_KERNEL);
		return device ? 0 : -ENOMEM;
	case 'r':
		data = 1;
		device->readable.wake_up_poll(krcu::EPOLLIN | krcu::EPOLLRDNORM);
		return 0;
	case '-':
		device.reset();
		return 0;
	case 'f':
		krcu::rcu_barrier(); // Prompt's callbacks
		return 0;
	}
	return -EINVAL;
}

KUNIT_CASE(real_epolls_outlive_the_queue)
{
	const int status = kunit_run_epoll_user();

	device.reset();
	if (status == -ENOENT)
		SKIP("the program epoll_user is not there");
	EXPECT_EQ(status, 0); // its complaint, if it had one, is in the log
}

KUNIT_SUITE(poll);
