// SPDX-License-Identifier: GPL-2.0
// Domains that come and go under their readers.

#include <utility>

#include "barrier_check.hpp"

namespace {

using namespace torture;

/// A domain and what its readers look at. An owner makes and destroys it, again and again; visitors
/// read in it when it is there, and some are still inside when its destruction begins.
class Site {
public:
	/// Whether nobody else owned it.
	bool one_life(Task &task)
	{
		if (__atomic_exchange_n(&owned_, true, __ATOMIC_ACQUIRE))
			return false;
		domain_ = Domain::make();
		if (domain_) {
			counts(domains).made.next();
			__atomic_store_n(&open_, true, __ATOMIC_SEQ_CST);
			for (unsigned int i = task.random(512); i--;)
				use(task);
			__atomic_store_n(&open_, false, __ATOMIC_SEQ_CST);
			while (__atomic_load_n(&entering_, __ATOMIC_SEQ_CST))
				torture_sleep_us(10);
			(void)object_.take();
			counts(domains).retired.next();
			domain_ = Domain();
			counts(domains).destroyed.next();
		} else {
			counts(domains).nomem.next();
		}
		__atomic_store_n(&owned_, false, __ATOMIC_RELEASE);
		return true;
	}

	/// Whether it was there.
	bool visit(Task &task)
	{
		__atomic_fetch_add(&entering_, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&open_, __ATOMIC_SEQ_CST)) {
			__atomic_fetch_sub(&entering_, 1, __ATOMIC_SEQ_CST);
			return false;
		}
		auto guard = domain_.read_lock();
		__atomic_fetch_sub(&entering_, 1, __ATOMIC_SEQ_CST);

		for (unsigned int i = task.random(64); i--;) {
			task.reads.add();
			if (auto object = object_.dereference(guard))
				look_at(*object, in_domain, task, task.visiting, true);
		}
		return true;
	}

private:
	struct Tag {
		static constexpr const char *name = "krcu_torture_site";
		static constexpr unsigned int teardown_timeout_ms = patience_ms;
	};
	using Domain = krcu::Srcu<Tag>;
	using Box = krcu::SrcuBox<Object<in_domain>, Tag, Memory<in_domain>>;

	void use(Task &task)
	{
		switch (task.random(256)) {
		case 0: return domain_.synchronize();
		case 1: return domain_.synchronize_expedited();
		case 2: return Domain::GracePeriod::start(domain_).wait();
		case 3:
			return check_barrier_(
				[this](auto callback) { std::move(callback).submit(domain_); }, [this] { domain_.barrier(); });
		default: return replace(task);
		}
	}

	void replace(Task &task)
	{
		if (Box fresh = Box::make(domain_, gfp(true))) {
			if (auto old = object_.replace(std::move(fresh)))
				retire(*old, in_domain);
			task.updates.add();
		}
	}

	Domain domain_;
	krcu::Rcu<Box, Domain> object_;
	BarrierCheck check_barrier_;
	bool open_ = false, owned_ = false;
	unsigned int entering_ = 0;
};

constinit Site sites[TORTURE_SITES];

Site &any_site(Task &task)
{
	return sites[task.random(TORTURE_SITES)];
}

} // namespace

void torture_own_domain(unsigned int task)
{
	if (!any_site(tasks[task]).one_life(tasks[task]))
		torture_sleep_us(100);
}

void torture_visit_domain(unsigned int task)
{
	torture_visit_steady(task);
	if (!any_site(tasks[task]).visit(tasks[task]))
		torture_sleep_us(100);
}
