// SPDX-License-Identifier: GPL-2.0
/// @file
/// The subjects: each has objects of one kind, a way to read and a way to update them.
#ifndef SUBJECTS_HPP
#define SUBJECTS_HPP

#include <cerrno>
#include <type_traits>
#include <utility>

#include "look.hpp"

namespace torture {

enum class Context {
	any,
	may_sleep
};

/// Pointers that own, and that everybody replaces at once; and one that is copied and updated.
template <Kind kind, class P, Context context = Context::any>
class Pointers {
	static constexpr bool in_steady = krcu::ForeignOwnableRcu<P, SteadyDomain::Guard>;
	using Domain = std::conditional_t<in_steady, SteadyDomain, krcu::RcuDomain>;

public:
	void read(Task &task)
	{
		if constexpr (in_steady) {
			auto guard = steady.read_lock();

			read(task, guard, task.srcu);
		} else {
			krcu::ReadGuard guard;

			read(task, guard, task.rcu);
		}
	}

	void update(Task &task, bool may_sleep)
	{
		if (context == Context::may_sleep && !may_sleep)
			return;
		if (in_steady && !may_go_on_in_steady(task, may_sleep))
			return;
		if (may_sleep && task.random(8) == 0 && torture_trylock())
			copy_and_unlock(task);
		else if (task.random(16) == 0)
			drop(task, raced_[task.random(raced)].take());
		else if (P fresh = make<P>(may_sleep, task))
			drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
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
		(void)copied_.take();
	}

private:
	static constexpr unsigned int raced = 3;

	template <class Guard>
	void read(Task &task, const Guard &guard, Section &section)
	{
		const unsigned int i = task.random(raced + 1);

		task.reads.add();
		if (auto object = (i < raced ? raced_[i] : copied_).dereference(guard)) {
			if constexpr (requires { object->rcu_view(guard); })
				look_at(object->rcu_view(guard), kind, task, section);
			else
				look_at(*object, kind, task, section);
			if constexpr (kind == polled)
				object->wake_up();
		}
	}

	static void drop(Task &task, krcu::RcuOld<P, Domain> old)
	{
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void copy_and_unlock(Task &task)
	{
		auto old = copied_.copy_update([&](const auto *current) {
			P fresh = make<P>(true, task);

			if (current && (!alive(*current) || id(*current) != last_copy_))
				fail("copy_update() was given another object than the last", kind);
			if (fresh)
				last_copy_ = id(*fresh);
			return fresh;
		});
		torture_unlock();
		drop(task, std::move(old));
	}

	krcu::Rcu<P, Domain> raced_[raced];
	krcu::Rcu<P, Domain> copied_;
	unsigned long last_copy_ = 0;
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

	void update(Task &task, bool may_sleep)
	{
		Pointers<kind, P>::update(task, may_sleep);
		if (P fresh = make<P>(may_sleep, task))
			(void)found_.replace(P(fresh));
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

/// An array, stored to, erased and reserved by everybody.
template <Kind kind, class P>
class Array {
public:
	int start()
	{
		array_ = krcu::KBox<krcu::XArray<P>>::make(krcu::GFP_KERNEL);
		return array_ ? 0 : -ENOMEM;
	}

	void read(Task &task)
	{
		krcu::ReadGuard guard;

		task.reads.add();
		if (task.random(256) == 0)
			array_->for_each(guard, [&](unsigned long, const auto &object) { look_at(object, kind, task, task.rcu); });
		else if (auto object = array_->load(any_index(task), guard))
			look_at(*object, kind, task, task.rcu);
	}

	void update(Task &task, bool may_sleep)
	{
		const unsigned long index = any_index(task);
		P old;

		if (task.random(4) == 0) {
			old = array_->erase(index);
			// Half of the reservations are released again.
			if (auto place = array_->reserve(index, gfp(may_sleep)); place && task.random(2))
				old = std::move(*place).fill(make<P>(may_sleep, task));
		} else if (P fresh = make<P>(may_sleep, task)) {
			if (auto result = array_->store(index, std::move(fresh), gfp(may_sleep)))
				old = std::move(*result);
		}
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void clear() { array_.reset(); }

private:
	/// Far from each other, so that the array needs memory for nearly each.
	static unsigned long any_index(Task &task) { return task.random(64) * 4099ul; }

	krcu::KBox<krcu::XArray<P>> array_;
};

/// A pointer as a driver in C has it, and Callbacks that own what it pointed to.
template <Kind kind>
class Deferred {
public:
	/// In the section that protects it.
	void look(Task &task, Section &section, bool may_sleep = false)
	{
		task.reads.add();
		if (void *current = __atomic_load_n(&current_, __ATOMIC_ACQUIRE))
			look_at(Owner::borrow(current), kind, task, section, may_sleep);
	}

	/// `submit` is what to do with the Callback.
	template <class Submit>
	void swap(Task &task, bool may_sleep, Submit submit)
	{
		auto callback = krcu::Callback<Owner, Memory<kind>>::make(gfp(may_sleep));
		Owner fresh = Owner::make(gfp(may_sleep));

		if (!callback || !fresh)
			return;
		*callback = Owner::from_foreign(__atomic_exchange_n(&current_, std::move(fresh).into_foreign(), __ATOMIC_ACQ_REL));
		if (*callback)
			retire(**callback, kind);
		submit(std::move(callback));
		task.updates.add();
	}

	/// When there are no readers.
	void clear() { Owner::from_foreign(std::exchange(current_, nullptr)).reset(); }

private:
	using Owner = krcu::Box<Object<kind>, Memory<kind>>;

	void *current_ = nullptr;
};

template <Kind kind>
struct Submitted : Deferred<kind> {
	void read(Task &task)
	{
		krcu::ReadGuard guard;

		this->look(task, task.rcu);
	}

	void update(Task &task, bool may_sleep)
	{
		this->swap(task, may_sleep, [](auto callback) {
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
		auto guard = steady.read_lock();

		look(task, task.srcu, may_sleep);
	}

	void update(Task &task, bool may_sleep)
	{
		if (!may_go_on_in_steady(task, may_sleep))
			return;
		swap(task, may_sleep, [](auto callback) { std::move(callback).submit(steady); });
	}
};

/// The planted bug: promises readers a grace period that it does not wait for.
template <class T, krcu::Allocator A>
class Careless {
public:
	using element_type = T;

	static Careless make(krcu::gfp_t gfp) { return krcu::Box<T, A>::make(gfp); }
	explicit operator bool() const { return bool(box_); }
	const T &operator*() const { return *box_; }

	void *into_foreign() && { return std::move(box_).into_foreign(); }
	static Careless from_foreign(void *foreign) { return krcu::Box<T, A>::from_foreign(foreign); }
	static const T &borrow(void *foreign) { return krcu::Box<T, A>::borrow(foreign); }
	static const T &rcu_borrow(void *foreign, const krcu::ReadGuard &) { return borrow(foreign); }

private:
	Careless(krcu::Box<T, A> box) : box_(std::move(box)) {}

	krcu::Box<T, A> box_;
};

} // namespace torture

#endif // SUBJECTS_HPP
