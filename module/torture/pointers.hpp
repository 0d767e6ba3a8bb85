// SPDX-License-Identifier: GPL-2.0
/// @file
/// Subjects that are an Rcu or a few: replaced, exchanged, copied under a lock; and those that readers share.
#ifndef POINTERS_HPP
#define POINTERS_HPP

#include <type_traits>
#include <utility>

#include "look.hpp"

namespace torture {

enum class Context {
	any,
	may_sleep
};

/// Of those who take turns.
struct Updating {
	static constexpr const char *name = "krcu_torture_updating";
};

/// A pointer that whoever updates it holds a lock for.
template <Kind kind, class P, class Domain>
class Locked {
	using Old = krcu::RcuOld<P, Domain>;

public:
	template <class Guard>
	auto dereference(const Guard &guard) const
	{
		return pointer_.dereference(guard);
	}

	template <krcu::LockGuard Guard>
	Old update(Task &task, bool may_sleep, const Guard &held)
	{
		auto last = pointer_.dereference(held);

		if ((last ? id(*last) : 0) != last_)
			fail("an update under the lock was lost", kind);
		if (task.random(2))
			return exchange(last, make<P>(may_sleep, task));
		auto updated = pointer_.copy_update(held, [&](const auto *current) {
			P fresh = make<P>(may_sleep, task);

			if (current != last.get() || (current && !alive(*current)))
				fail("copy_update() was given another object than the last", kind);
			if (fresh)
				last_ = id(*fresh);
			return fresh;
		});
		return updated ? std::move(*updated) : Old();
	}

	/// When nobody updates it.
	void clear()
	{
		(void)pointer_.take();
		last_ = 0;
	}

private:
	template <class Found>
	Old exchange(const Found &last, P fresh)
	{
		if (!fresh)
			return Old();
		last_ = id(*fresh);
		auto exchanged = pointer_.compare_exchange(last, std::move(fresh));

		if (exchanged)
			return std::move(*exchanged);
		fail("compare_exchange() found somebody else's object under the lock", kind);
		return Old();
	}

	krcu::Rcu<P, Domain> pointer_;
	unsigned long last_ = 0;
};

/// Pointers that own, and that everybody replaces or exchanges at once; and some that are updated under a lock.
template <Kind kind, class P, Context context = Context::any>
class Pointers {
	static constexpr bool in_steady = krcu::ForeignOwnableRcu<P, SteadyDomain::Guard>;
	using Domain = std::conditional_t<in_steady, SteadyDomain, krcu::RcuDomain>;
	using Old = krcu::RcuOld<P, Domain>;

public:
	void read(Task &task)
	{
		under_guard([&](const auto &guard) {
			if constexpr (in_steady)
				read(task, guard, task.srcu);
			else
				read(task, guard, task.rcu);
		});
	}

	bool update(Task &task, bool may_sleep)
	{
		if (context == Context::may_sleep && !may_sleep)
			return false;
		if (in_steady && !may_go_on_in_steady(task, may_sleep))
			return false;
		if (task.random(8) == 0)
			return take_turns(task, may_sleep);
		if (task.random(16) == 0)
			return drop(task, raced_[task.random(raced)].take());
		if (task.random(4) == 0)
			return exchange(task, may_sleep);
		if (P fresh = make<P>(may_sleep, task))
			return drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
		return false;
	}

	/// As fast as grace periods allow, or faster.
	void flood(Task &task, bool paced)
	{
		if (paced && in_steady)
			may_go_on_in_steady(task, true, large_batch);
		else if (paced)
			task.pace.may_go_on(true, krcu::GracePeriod::start, large_batch);
		if (P fresh = make<P>(true, task))
			drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
	}

	void clear()
	{
		for (auto &pointer : raced_)
			(void)pointer.take();
		under_mutex_.clear();
		under_spin_lock_.clear();
	}

private:
	static constexpr unsigned int raced = 3;

	template <class F>
	static void under_guard(F f)
	{
		if constexpr (in_steady) {
			auto guard = steady->read_lock();

			f(guard);
		} else {
			krcu::ReadGuard guard;

			f(guard);
		}
	}

	template <class Guard>
	void read(Task &task, const Guard &guard, Section &section)
	{
		const unsigned int i = task.random(raced + 2);

		task.reads.add();
		if (i < raced)
			look(raced_[i], task, guard, section);
		else if (i == raced)
			look(under_mutex_, task, guard, section);
		else
			look(under_spin_lock_, task, guard, section);
	}

	template <class Pointer, class Guard>
	static void look(const Pointer &pointer, Task &task, const Guard &guard, Section &section)
	{
		if (auto object = pointer.dereference(guard)) {
			if constexpr (requires { object->rcu_view(guard); })
				look_at(object->rcu_view(guard), kind, task, section);
			else
				look_at(*object, kind, task, section);
			if constexpr (kind == polled)
				object->wake_up();
		}
	}

	static bool drop(Task &task, Old old)
	{
		task.updates.add();
		return retire(old, kind);
	}

	bool take_turns(Task &task, bool may_sleep)
	{
		Old old;

		if (context == Context::may_sleep || (may_sleep && task.random(2))) {
			auto held = mutex_.lock();

			old = under_mutex_.update(task, true, held);
		} else if (task.random(2)) {
			auto held = spin_lock_.lock_bh();

			old = under_spin_lock_.update(task, false, held);
		} else {
			auto held = spin_lock_.lock_irqsave();

			old = under_spin_lock_.update(task, false, held);
		}
		return drop(task, std::move(old));
	}

	/// Replaces what it sees, unless somebody else is faster: then what it has made was for nothing.
	bool exchange(Task &task, bool may_sleep)
	{
		auto &pointer = raced_[task.random(raced)];
		P fresh = make<P>(may_sleep, task);
		Old old;

		if (!fresh)
			return false;
		under_guard([&](const auto &guard) {
			auto seen = pointer.dereference(guard);
			auto exchanged = pointer.compare_exchange(seen, std::move(fresh));

			if (!exchanged)
				fresh = std::move(exchanged.error());
			else if (bool(*exchanged) != bool(seen) || (seen && &**exchanged != seen.get()))
				fail("compare_exchange() took out another object than was seen", kind);
			else
				old = std::move(*exchanged);
		});
		retire(fresh, kind);
		return drop(task, std::move(old));
	}

	krcu::Rcu<P, Domain> raced_[raced];
	Locked<kind, P, Domain> under_mutex_, under_spin_lock_;
	krcu::Mutex<Updating> mutex_;
	krcu::SpinLock<Updating> spin_lock_;
};

/// Pointers to what readers make themselves owners of.
template <Kind kind, class P>
class References : public Pointers<kind, P> {
public:
	void read(Task &task)
	{
		P mine;

		Pointers<kind, P>::read(task);
		{
			krcu::ReadGuard guard;

			if (auto object = found_.dereference(guard))
				mine = P::try_get(*object, guard);
		}
		if (!mine)
			return;
		if (!alive(*mine))
			fail("an object ended that has an owner", kind);
		// Another reader's reference goes, perhaps the last.
		if (task.random(4) == 0)
			(void)kept_[task.random(kept)].replace(std::move(mine));
	}

	bool update(Task &task, bool may_sleep)
	{
		if (P fresh = make<P>(may_sleep, task))
			(void)found_.replace(P(fresh));
		return Pointers<kind, P>::update(task, may_sleep);
	}

	void clear()
	{
		(void)found_.take();
		for (auto &pointer : kept_)
			(void)pointer.take();
		Pointers<kind, P>::clear();
	}

private:
	static constexpr unsigned int kept = 3;

	krcu::Rcu<P> found_, kept_[kept];
};

} // namespace torture

#endif // POINTERS_HPP
