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
		if (owned_.exchange(true, krcu::acquire))
			return false;
		domain_ = Domain::make();
		if (domain_) {
			counts(domains).made.inc();
			open_.store(true, krcu::release);
			for (unsigned int i = task.random(512); i--;)
				use(task);
			// Full, and so is a visitor's fetch_add(): one of the two sees the other.
			open_.exchange(false);
			while (entering_.load(krcu::acquire))
				torture_sleep_us(10);
			(void)object_.take();
			counts(domains).retired.inc();
			domain_ = Domain();
			counts(domains).destroyed.inc();
		} else {
			counts(domains).nomem.inc();
		}
		owned_.store(false, krcu::release);
		return true;
	}

	/// Whether it was there.
	bool visit(Task &task)
	{
		entering_.fetch_add(1);
		if (!open_.load(krcu::acquire)) {
			entering_.dec();
			return false;
		}
		auto guard = domain_.read_lock();
		entering_.fetch_sub(1, krcu::release);

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
			auto old = object_.replace(std::move(fresh));

			retire(old, in_domain);
			task.updates.add();
		}
	}

	Domain domain_;
	krcu::Rcu<Box, Domain> object_;
	BarrierCheck check_barrier_;
	krcu::Atomic<bool> open_, owned_;
	krcu::Atomic<unsigned int> entering_;
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
