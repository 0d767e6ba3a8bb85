// SPDX-License-Identifier: GPL-2.0
// Domains and their guards. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Table {
	static constexpr const char *name = "table";
};
struct Queue {
	static constexpr const char *name = "queue";
};
class Shy {
	static constexpr const char *name = "shy";
};
class Impatient {
	static constexpr unsigned int teardown_timeout_ms = 1;

public:
	static constexpr const char *name = "impatient";
};
class Hasty {
	static constexpr bool fast = true;

public:
	static constexpr const char *name = "hasty";
};
struct Fast {
	static constexpr const char *name = "fast";
	static constexpr bool fast = true;
};
using Tables = krcu::Srcu<Table>;
using Queues = krcu::Srcu<Queue>;
using Box = krcu::RcuKBox<int>;

int look_up(const Tables::Guard &);

void guards(const Tables &tables, const Queues &queues, const Box &box, const krcu::Rcu<Box> &rcu)
{
	{
		auto guard = tables.read_lock();
		auto other = queues.read_lock();
		krcu::ReadGuard read;

		look_up(guard);
		(void)box.with_rcu(read);
#ifdef MISUSE_the_wrong_domains_guard // error: (invalid initialization of reference of type|no matching function for call to 'look_up')
		look_up(other);
#endif
#ifdef MISUSE_rcu_s_guard_where_a_domain_is_asked // error: (invalid initialization of reference of type|no matching function for call to 'look_up')
		look_up(read);
#endif
#ifdef MISUSE_a_domains_guard_where_rcu_is_asked // error: no matching (member )?function for call to
		(void)box.with_rcu(guard);
#endif
#ifdef MISUSE_a_domains_guard_where_a_pointer_is_read // error: no matching (member )?function for call to
		(void)rcu.dereference(guard);
#endif
#ifdef MISUSE_copying_a_domains_guard // error: (use of|call to) deleted (function|constructor)
		Tables::Guard copy(guard);
#endif
#ifdef MISUSE_moving_a_domains_guard // error: (use of|call to) deleted (function|constructor)
		Tables::Guard moved(std::move(guard));
#endif
#ifdef MISUSE_a_domains_guard_on_the_heap // error: (use of|call to) deleted function
		auto *heap = new Tables::Guard(tables.read_lock());
#endif
	}
#ifdef MISUSE_a_domains_nameless_guard // error: give it a name
	tables.read_lock();
#endif
#ifdef MISUSE_a_guard_of_a_temporary_domain // error: (use of|call to) deleted (member )?function
	auto guard = Tables::make().read_lock();
#endif
}

void waits(const Tables &tables, const Queues &queues)
{
	auto gp = Tables::GracePeriod::start(tables);

	{
		auto guard = tables.read_lock();

		queues.synchronize();		     // another domain's readers
#ifdef MISUSE_a_domain_that_waits_for_its_own_reader // Clang error: cannot call function 'synchronize' while read-side critical section 'readers_' is held
		tables.synchronize();
#endif
#ifdef MISUSE_a_domains_cookie_under_its_guard // Clang error: cannot call function 'wait' while read-side critical section 'readers_' is held
		gp.wait();
#endif
	}
	{
		krcu::ReadGuard guard;
#ifdef MISUSE_a_domain_that_waits_under_rcu_s_guard // Clang error: cannot call function 'synchronize' while read-side critical section 'rcu' is held
		tables.synchronize();
#endif
#ifdef MISUSE_a_domain_destroyed_under_rcu_s_guard // Clang error: cannot call function '~Srcu' while read-side critical section 'rcu' is held
		Tables gone;
#endif
	}
#ifdef MISUSE_ignoring_a_domains_cookie // error: the cookie is the only way to tell
	Tables::GracePeriod::start(tables);
#endif
#ifdef MISUSE_a_cookie_of_a_temporary_domain // error: (use of|call to) deleted (member )?function
	auto cookie = Tables::GracePeriod::start(Tables::make());
#endif
	tables.synchronize();
	gp.wait();
}

void domains(Tables &tables)
{
	Tables moved = std::move(tables);

#ifdef MISUSE_copying_a_domain // error: (use of deleted function|call to implicitly-deleted copy constructor)
	Tables copy(moved);
#endif
#ifdef MISUSE_ignoring_a_made_domain // error: dropping a domain waits for its readers
	Tables::make();
#endif
#ifdef MISUSE_a_domain_for_another // error: (conversion from .* requested|no viable conversion from)
	Queues queues = std::move(moved);
#endif
#ifdef MISUSE_a_domain_without_a_name // error: 'name' is not a member of|no member named 'name'
	struct Nameless {};
	auto nameless = krcu::Srcu<Nameless>::make();
#endif
#ifdef MISUSE_a_domain_with_a_private_name // error: (is private within this context|'name' is a private member of)
	auto shy = krcu::Srcu<Shy>::make();
#endif
#ifdef MISUSE_a_domain_with_a_private_timeout // error: krcu: teardown_timeout_ms of the tag cannot be read
	auto impatient = krcu::Srcu<Impatient>::make();
#endif
#ifdef MISUSE_a_private_wish_for_fast_readers // error: krcu: fast of the tag cannot be read
	auto hasty = krcu::Srcu<Hasty>::make();
#endif
#ifdef MISUSE_fast_readers_where_there_are_plain_ones // error: (invalid initialization of reference of type|no matching function for call to 'look_up')
	auto fast = krcu::Srcu<Fast>::make();
	auto guard = fast.read_lock();
	look_up(guard);
#endif
}

template <class T>
using TableBox = krcu::SrcuKBox<T, Table>;
using TablePointer = krcu::Rcu<TableBox<int>, Tables>;
struct Sleeps {
	~Sleeps();
	static constexpr bool destructor_may_sleep = true;
};

#ifdef MISUSE_an_rcu_box_for_a_domains_readers // error: krcu: an Rcu<P, Srcu<Tag>> owns an SrcuBox<T, Tag>
krcu::Rcu<Box, Tables> rcu_box_in_a_domain;
#endif
#ifdef MISUSE_a_plain_box_for_a_domains_readers // error: krcu: an Rcu<P, Srcu<Tag>> owns an SrcuBox<T, Tag>
krcu::Rcu<krcu::KBox<int>, Tables> plain_box_in_a_domain;
#endif
#ifdef MISUSE_a_box_of_another_domain // error: krcu: an Rcu<P, Srcu<Tag>> owns an SrcuBox<T, Tag>
krcu::Rcu<TableBox<int>, Queues> box_of_another_domain;
#endif
#ifdef MISUSE_a_guard_in_a_domains_box // error: krcu: a guard belongs to the scope that made it and cannot be boxed
void boxed(const Tables &tables) { auto guard = TableBox<Queues::Guard>::make(tables, krcu::GFP_KERNEL); }
#endif

const int *pointers(const Tables &tables, const Queues &queues, TablePointer &rcu)
{
	auto box = TableBox<int>::make(tables, krcu::GFP_KERNEL, 1);
	auto foreign = std::move(box).into_foreign();

	box = TableBox<int>::from_foreign(foreign);
	{
		auto guard = tables.read_lock();
		auto other = queues.read_lock();
		krcu::ReadGuard read;

		(void)rcu.dereference(guard);
		(void)box.with_rcu(guard);
#ifdef MISUSE_a_pointer_read_under_another_domains_guard // error: no matching (member )?function for call to
		(void)rcu.dereference(other);
#endif
#ifdef MISUSE_a_domains_pointer_read_under_rcu_s_guard // error: no matching (member )?function for call to
		(void)rcu.dereference(read);
#endif
#ifdef MISUSE_a_domains_box_read_under_another_domains_guard // error: no matching (member )?function for call to
		(void)box.with_rcu(other);
#endif
#ifdef MISUSE_a_domains_box_read_under_rcu_s_guard // error: no matching (member )?function for call to
		(void)box.with_rcu(read);
#endif
#ifdef MISUSE_a_domains_object_past_its_guard // error: krcu: what a look-up found must not outlive its guard
		return rcu.dereference(guard);
#endif
	}
#ifdef MISUSE_a_pointer_read_under_a_nameless_guard // error: (use of|call to) deleted (member )?function
	(void)rcu.dereference(tables.read_lock());
#endif
#ifdef MISUSE_a_box_of_a_temporary_domain // error: (use of|call to) deleted (member )?function
	auto late = TableBox<int>::make(Tables::make(), krcu::GFP_KERNEL, 1);
#endif
#ifdef MISUSE_a_box_made_with_another_domain // error: (could not convert|no matching function for call to)
	auto wrong = TableBox<int>::make(queues, krcu::GFP_KERNEL, 1);
#endif
#ifdef MISUSE_ignoring_a_domains_box // error: dropping a box retires its object
	TableBox<int>::make(tables, krcu::GFP_KERNEL, 1);
#endif
#ifdef MISUSE_copying_a_domains_box // error: (use of deleted function|call to implicitly-deleted copy constructor)
	auto copy = box;
#endif
#ifdef MISUSE_ignoring_what_a_domain_replaced // error: dropping the old object may wait for a grace period
	rcu.replace(std::move(box));
#endif
#ifdef MISUSE_a_sleeping_destructor_in_a_domain // error: krcu: ~T may sleep, but an SRCU callback runs with softirqs disabled
	auto sleeps = TableBox<Sleeps>::make(tables, krcu::GFP_KERNEL);
#endif
	return nullptr;
}
