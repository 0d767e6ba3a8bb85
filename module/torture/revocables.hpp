// SPDX-License-Identifier: GPL-2.0
/// @file
/// Subjects that are Revocable.
#ifndef REVOCABLES_HPP
#define REVOCABLES_HPP

#include <type_traits>
#include <utility>

#include "look.hpp"

namespace torture {

/// Objects that go while those who hold what they are in go on.
template <Kind kind, class Domain>
class Revocables {
	struct Holder : krcu::RefCounted {
		krcu::Revocable<Object<kind>, Domain> object{ std::in_place };
	};
	using Ref = krcu::RcuRef<Holder, Memory<kind>>;

	static constexpr bool of_rcu = std::is_same_v<Domain, krcu::RcuDomain>;

public:
	void read(Task &task, bool may_sleep = false)
	{
		if (const Ref holder = get(any(task))) {
			task.reads.add();
			look(*holder, task, may_sleep);
		}
	}

	/// Context: may sleep.
	bool update(Task &task, bool may_sleep)
	{
		krcu::Rcu<Ref> &place = any(task);
		Ref holder = get(place);

		if (!holder) {
			holder = Ref::make(gfp(may_sleep));
			(void)place.replace(Ref(holder));
		}
		// Of several at once, one does, and puts another in its place.
		if (!holder || !revoke(*holder))
			return false;
		counts(kind).retired.inc();
		task.updates.add();
		if (look(*holder, task, may_sleep))
			fail("it was there after revoke()", kind);
		(void)place.replace(Ref::make(gfp(may_sleep)));
		return true;
	}

	void clear()
	{
		for (auto &place : places_)
			(void)place.take();
	}

private:
	/// Each is empty for a grace period when it has been revoked.
	static constexpr unsigned int places = 512;

	krcu::Rcu<Ref> &any(Task &task) { return places_[task.random(places)]; }

	static Ref get(const krcu::Rcu<Ref> &place)
	{
		krcu::ReadGuard guard;
		auto holder = place.dereference(guard);

		return holder ? Ref::try_get(*holder, guard) : Ref();
	}

	/// Whether it was there.
	static bool look(const Holder &holder, Task &task, bool may_sleep)
	{
		if constexpr (of_rcu) {
			krcu::ReadGuard guard;

			return look(holder, guard, task, task.rcu, false);
		} else {
			auto guard = steady->read_lock();

			return look(holder, guard, task, task.srcu, may_sleep);
		}
	}

	template <class Guard>
	static bool look(const Holder &holder, const Guard &guard, Task &task, Section &section, bool may_sleep)
	{
		auto object = holder.object.try_access(guard);

		if (object)
			look_at(*object, kind, task, section, may_sleep);
		return bool(object);
	}

	static bool revoke(const Holder &holder)
	{
		if constexpr (of_rcu)
			return holder.object.revoke();
		else
			return holder.object.revoke(*steady);
	}

	krcu::Rcu<Ref> places_[places];
};

} // namespace torture

#endif // REVOCABLES_HPP
