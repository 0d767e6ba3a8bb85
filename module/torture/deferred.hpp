// SPDX-License-Identifier: GPL-2.0
/// @file
/// Subjects that are destroyed by Callbacks.
#ifndef DEFERRED_HPP
#define DEFERRED_HPP

#include <utility>

#include "look.hpp"

namespace torture {

/// A pointer as a driver in C has it, and Callbacks that own what it pointed to.
template <Kind kind>
class Deferred {
public:
	~Deferred() { clear(); }

	/// In the section that protects it.
	void look(Task &task, Section &section, bool may_sleep = false)
	{
		task.reads.add();
		if (void *current = current_.load(krcu::acquire))
			look_at(Owner::borrow(current), kind, task, section, may_sleep);
	}

	/// `submit` is what to do with the Callback.
	template <class Submit>
	bool swap(Task &task, bool may_sleep, Submit submit)
	{
		auto callback = krcu::Callback<Owner, Memory<kind>>::make(gfp(may_sleep));
		Owner fresh = Owner::make(gfp(may_sleep));

		if (!callback || !fresh)
			return false;
		*callback = Owner::from_foreign(current_.exchange(std::move(fresh).into_foreign()));
		const bool was_there = retire(*callback, kind);
		submit(std::move(callback));
		task.updates.add();
		return was_there;
	}

	/// When there are no readers.
	void clear() { Owner::from_foreign(current_.exchange(nullptr)).reset(); }

private:
	using Owner = krcu::Box<Object<kind>, Memory<kind>>;

	krcu::Atomic<void *> current_;
};

template <Kind kind>
struct Submitted : Deferred<kind> {
	void read(Task &task)
	{
		krcu::ReadGuard guard;

		this->look(task, task.rcu);
	}

	bool update(Task &task, bool may_sleep)
	{
		return this->swap(task, may_sleep, [](auto callback) {
			if constexpr (kind == hurried)
				std::move(callback).submit_hurry();
			else
				std::move(callback).submit();
		});
	}
};

struct SrcuSubmitted : Deferred<srcu_submitted> {
	void read(Task &task, bool may_sleep = false)
	{
		auto guard = steady->read_lock();

		look(task, task.srcu, may_sleep);
	}

	bool update(Task &task, bool may_sleep)
	{
		if (!may_go_on_in_steady(task, may_sleep))
			return false;
		return swap(task, may_sleep, [](auto callback) { std::move(callback).submit(*steady); });
	}
};

} // namespace torture

#endif // DEFERRED_HPP
