// SPDX-License-Identifier: GPL-2.0
// Sleepable RCU domains: krcu/srcu.hpp

#include <type_traits>

#include "support.hpp"

namespace {

struct Table {
	static constexpr const char *name = "krcu_kunit_table";
};
struct Queue {
	static constexpr const char *name = "krcu_kunit_queue";
};
using Domain = krcu::Srcu<Table>;

static_assert(sizeof(Domain) == sizeof(void *));
static_assert(!std::is_same_v<Domain, krcu::Srcu<Queue>> && !std::is_same_v<Domain::Guard, krcu::Srcu<Queue>::Guard>);
static_assert(!std::is_convertible_v<Domain::Guard &, const krcu::Srcu<Queue>::Guard &>);
static_assert(!std::is_move_constructible_v<Domain::Guard> && !std::is_copy_constructible_v<Domain>);

/// A reader on another CPU that sleeps in the domain, until told to leave or for so long.
template <class Tag>
class Sleeper {
public:
	explicit Sleeper(const krcu::Srcu<Tag> &domain, unsigned int ms = patience_ms)
		: domain_(domain), ms_(ms), thread_(Run{ this })
	{
		if (thread_)
			sleep_until([this] { return inside_ != 0; });
	}
	~Sleeper() { leave_ = 1; }
	Sleeper(const Sleeper &) = delete;

	explicit operator bool() const { return bool(thread_); }
	bool reading() const { return inside_ == 1; }

private:
	struct Run {
		Sleeper *self;
		void operator()() const { self->run(); }
	};
	void run()
	{
		auto guard = domain_.read_lock();

		inside_ = 1;
		sleep_until([this] { return leave_ != 0; }, ms_);
		inside_ = 2;
	}

	const krcu::Srcu<Tag> &domain_;
	unsigned int ms_;
	Counter inside_, leave_;
	OnOtherCpu<Run> thread_;
};

} // namespace

KUNIT_CASE(synchronize_waits_for_a_sleeping_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 30);

	ASSERT_TRUE(reader);
	domain.synchronize();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(synchronize_expedited_waits_for_a_sleeping_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 30);

	ASSERT_TRUE(reader);
	domain.synchronize_expedited();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(readers_of_one_domain_do_not_hold_up_another)
{
	auto table = Domain::make();
	auto second = Domain::make();
	auto queue = krcu::Srcu<Queue>::make();
	ASSERT_TRUE(table && second && queue);
	Sleeper reader(table);

	ASSERT_TRUE(reader);
	queue.synchronize();
	queue.synchronize_expedited();
	second.synchronize();
	queue.barrier();
	EXPECT_TRUE(reader.reading());
}

KUNIT_CASE(guards_nest_within_and_across_domains)
{
	auto table = Domain::make();
	auto queue = krcu::Srcu<Queue>::make();
	ASSERT_TRUE(table && queue);
	{
		auto outer = table.read_lock();
		auto other = queue.read_lock();
		auto inner = table.read_lock();
		kunit_sleep_ms(1);
	}
	// A count that is left over would stop these for good.
	table.synchronize();
	queue.synchronize();
	EXPECT_TRUE(table && queue);
}

KUNIT_CASE(domain_can_move_while_a_guard_lives)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Domain moved;
	{
		auto guard = domain.read_lock();

		moved = std::move(domain);
		EXPECT_FALSE(domain);
		auto &same = moved;
		moved = std::move(same);
		EXPECT_TRUE(moved);
	}
	moved.synchronize();
	EXPECT_TRUE(moved);
}

KUNIT_CASE(destruction_waits_for_a_sleeping_reader)
{
	auto domain = Domain::make();
	ASSERT_TRUE(domain);
	Sleeper reader(domain, 30);

	ASSERT_TRUE(reader);
	domain = Domain();
	EXPECT_FALSE(reader.reading());
}

KUNIT_CASE(barrier_returns_when_nothing_is_pending)
{
	auto domain = Domain::make();

	ASSERT_TRUE(domain);
	domain.barrier();
	EXPECT_TRUE(domain);
}

KUNIT_CASE(domains_come_and_go)
{
	for (int i = 0; i < 20; i++) {
		auto domain = Domain::make();

		ASSERT_TRUE(domain);
		auto guard = domain.read_lock();
	}
	Domain none;
	EXPECT_FALSE(none);
}

KUNIT_SUITE(srcu);
