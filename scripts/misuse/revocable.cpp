// SPDX-License-Identifier: GPL-2.0
// Resources that are taken away. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Registers {
	explicit Registers(int b) : base(b) {}
	int base;
};
struct Tag {
	static constexpr const char *name = "revocable";
};
using Domain = krcu::Srcu<Tag>;
using Revocable = krcu::Revocable<Registers>;
using DomainRevocable = krcu::Revocable<Registers, Domain>;

struct Sleeps {
	static constexpr bool destructor_may_sleep = true;
	~Sleeps();
};
struct Device {
	static constexpr bool destructor_may_sleep = krcu::Revocable<Sleeps>::destructor_may_sleep;
	krcu::Revocable<Sleeps> sleeps{ std::in_place };
};

int uses(Revocable &revocable, const DomainRevocable &of_domain, const Domain &domain)
{
	int sum = 0;
	{
		krcu::ReadGuard guard;
		auto registers = revocable.try_access(guard);

		if (registers)
			sum = registers->base;
#ifdef MISUSE_revoking_under_a_guard // Clang error: cannot call function 'revoke' while read-side critical section 'rcu' is held
		revocable.revoke();
#endif
#ifdef MISUSE_access_with_a_temporary_guard // error: (use of|call to) deleted (member )?function
		auto other = revocable.try_access(krcu::ReadGuard());
#endif
#ifdef MISUSE_keeping_what_may_be_revoked // error: krcu: what a look-up found must not outlive its guard
		const Registers *kept = revocable.try_access(guard);
#endif
#ifdef MISUSE_access_with_the_guard_of_rcu // error: (no matching|cannot convert|could not convert|no known conversion)
		auto wrong = of_domain.try_access(guard);
#endif
	}
	revocable.revoke();
	of_domain.revoke(domain);
#ifdef MISUSE_copying_what_may_be_revoked // error: (use of|call to) deleted (function|constructor)
	Revocable copy(revocable);
#endif
#ifdef MISUSE_revoking_without_the_domain // error: krcu: the readers of this Revocable are those of a domain
	of_domain.revoke();
#endif
#ifdef MISUSE_a_sleeping_resource_in_a_box // error: krcu: ~T may sleep, but an RCU callback runs in softirq
	auto device = krcu::RcuKBox<Device>::make(krcu::GFP_KERNEL);
#endif
	return sum;
}
