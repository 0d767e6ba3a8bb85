// SPDX-License-Identifier: GPL-2.0
// Guards, and what they protect. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Config {
	int limit;
};
using Box = krcu::RcuKBox<Config>;

void names(const Box &box)
{
#ifdef MISUSE_a_nameless_guard // error: the read-side critical section ends with the guard: give it a name
	krcu::ReadGuard();
	int limit = box->limit;
#else
	krcu::ReadGuard guard;
	int limit = box.with_rcu(guard).limit;
#endif
	(void)limit;
}

struct Fence {
	void drop_before_gp();
	int rcu_view(const krcu::ReadGuard &) const;
};
using FenceBox = krcu::RcuFreeBox<Fence>;

int temporaries(const Box &box, const krcu::Rcu<Box> &rcu, void *foreign)
{
	krcu::ReadGuard guard;
	int sum = box.with_rcu(guard).limit + rcu.dereference(guard)->limit + Box::rcu_borrow(foreign, guard).limit +
		  FenceBox::rcu_view(foreign, guard);

#ifdef MISUSE_a_box_read_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
	sum += box.with_rcu(krcu::ReadGuard()).limit;
#endif
#ifdef MISUSE_a_pointer_read_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
	sum += rcu.dereference(krcu::ReadGuard())->limit;
#endif
#ifdef MISUSE_a_foreign_pointer_read_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
	sum += Box::rcu_borrow(foreign, krcu::ReadGuard()).limit;
#endif
#ifdef MISUSE_a_foreign_pointer_viewed_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
	sum += FenceBox::rcu_view(foreign, krcu::ReadGuard());
#endif
#ifdef MISUSE_a_box_read_without_a_guard // error: no matching (member )?function for call to
	sum += box.with_rcu().limit;
#endif
	return sum;
}

void places(krcu::ReadGuard &guard)
{
#ifdef MISUSE_copying_a_guard // error: (use of|call to) deleted (function|constructor)
	krcu::ReadGuard copy(guard);
#endif
#ifdef MISUSE_moving_a_guard // error: (use of|call to) deleted (function|constructor)
	krcu::ReadGuard moved(std::move(guard));
#endif
#ifdef MISUSE_assigning_a_guard // error: (use of deleted function|overload resolution selected deleted operator)
	krcu::ReadGuard other;
	other = guard;
#endif
#ifdef MISUSE_a_guard_on_the_heap // error: (use of|call to) deleted function
	auto *heap = new krcu::ReadGuard;
#endif
#ifdef MISUSE_guards_on_the_heap // error: (use of|call to) deleted function
	auto *heap = new krcu::ReadGuard[2];
#endif
	(void)guard;
}

// GCC has no check for what outlives what.

#ifdef MISUSE_returning_a_reference_past_its_guard // Clang error: (address|reference) .*local variable 'guard'
const Config &with_rcu_escapes(const Box &box)
{
	krcu::ReadGuard guard;
	return box.with_rcu(guard);
}
#endif
#ifdef MISUSE_returning_a_borrowed_reference_past_its_guard // Clang error: (address|reference) .*local variable 'guard'
const Config &borrow_escapes(void *foreign)
{
	krcu::ReadGuard guard;
	return Box::rcu_borrow(foreign, guard);
}
#endif
#ifdef MISUSE_returning_a_reference_past_its_box // Clang error: (address|reference) .*local variable 'box'
const Config &box_escapes()
{
	Box box = Box::make(krcu::GFP_KERNEL, 1);
	return *box;
}
#endif
#ifdef MISUSE_a_reference_to_what_a_temporary_owns // Clang error: temporary .*bound to .* will be destroyed
int old_escapes(krcu::Rcu<Box> &rcu)
{
	const Config &old = *rcu.take();
	return old.limit;
}
#endif

// With -Wthread-safety. GCC has no such check.

void waits()
{
	{
		krcu::ReadGuard guard;
#ifdef MISUSE_synchronize_rcu_under_a_guard // Clang error: cannot call function 'synchronize_rcu' while read-side critical section 'rcu' is held
		krcu::synchronize_rcu();
#endif
#ifdef MISUSE_rcu_barrier_under_a_guard // Clang error: cannot call function 'rcu_barrier' while read-side critical section 'rcu' is held
		krcu::rcu_barrier();
#endif
	}
	krcu::synchronize_rcu();
	krcu::rcu_barrier();
}

#if !defined(__clang__) || __has_attribute(reentrant_capability)
void nests()
{
	{
		krcu::ReadGuard outer;
		krcu::ReadGuard inner;
		{
			krcu::ReadGuard innermost;
		}
	}
	krcu::synchronize_rcu();
}
#endif

void cookies()
{
	auto gp = krcu::GracePeriod::start();

#ifdef MISUSE_ignoring_a_grace_periods_cookie // error: the cookie is the only way to tell
	krcu::GracePeriod::start();
#endif
	{
		krcu::ReadGuard guard;
#ifdef MISUSE_waiting_for_a_grace_period_under_a_guard // Clang error: cannot call function 'wait' while read-side critical section 'rcu' is held
		gp.wait();
#endif
	}
	gp.wait();
}
