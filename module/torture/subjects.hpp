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

/// Of those who copy and update: C's mutex.
struct Copying {
	static constexpr const char *name = "krcu_torture_copying";
};

/// Pointers that own, and that everybody replaces or exchanges at once; and one that is copied and updated.
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

	void update(Task &task, bool may_sleep)
	{
		if (context == Context::may_sleep && !may_sleep)
			return;
		if (in_steady && !may_go_on_in_steady(task, may_sleep))
			return;
		if (may_sleep && task.random(8) == 0)
			copy(task);
		else if (task.random(16) == 0)
			drop(task, raced_[task.random(raced)].take());
		else if (task.random(4) == 0)
			exchange(task, may_sleep);
		else if (P fresh = make<P>(may_sleep, task))
			drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
	}

	/// As fast as grace periods allow, or faster. Returns false where it has waited long, in vain.
	bool flood(Task &task, bool paced)
	{
		if (paced && kind == worked) {
			if (!krcu::reclaim::wait())
				return false;
		} else if (paced && in_steady) {
			may_go_on_in_steady(task, true, large_batch);
		} else if (paced) {
			task.pace.may_go_on(true, krcu::GracePeriod::start, large_batch);
		}
		if (P fresh = make<P>(true, task))
			drop(task, raced_[task.random(raced)].replace(std::move(fresh)));
		return true;
	}

	void clear()
	{
		for (auto &pointer : raced_)
			(void)pointer.take();
		(void)copied_.take();
	}

private:
	static constexpr unsigned int raced = 3;

	template <class F>
	static void under_guard(F f)
	{
		if constexpr (in_steady) {
			auto guard = steady.read_lock();

			f(guard);
		} else {
			krcu::ReadGuard guard;

			f(guard);
		}
	}

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

	static void drop(Task &task, Old old)
	{
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void copy(Task &task)
	{
		Old old;
		{
			auto held = krcu::Mutex<Copying>::wrap(torture_copying()).lock();
			auto last = copied_.dereference(held);

			if ((last ? id(*last) : 0) != last_copy_)
				fail("an update under the lock was lost", kind);
			auto updated = copied_.copy_update(held, [&](const auto *current) {
				P fresh = make<P>(true, task);

				if (current != last.get() || (current && !alive(*current)))
					fail("copy_update() was given another object than the last", kind);
				if (fresh)
					last_copy_ = id(*fresh);
				return fresh;
			});
			if (updated)
				old = std::move(*updated);
		}
		drop(task, std::move(old));
	}

	/// Replaces what it sees, unless somebody else is faster: then what it has made was for nothing.
	void exchange(Task &task, bool may_sleep)
	{
		auto &pointer = raced_[task.random(raced)];
		P fresh = make<P>(may_sleep, task);
		Old old;

		if (!fresh)
			return;
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
		if (fresh)
			retire(*fresh, kind);
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

/// An array, stored to, erased, reserved and allocated by everybody.
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
			array_->for_each(guard, [&](unsigned long, const auto &object) {
				look_at(object, kind, task, task.rcu);
				return task.random(64) != 0;
			});
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
		} else if (P fresh = make<P>(may_sleep, task); fresh && task.random(4) == 0) {
			auto allocated = array_->alloc(std::move(fresh), 1, small, gfp(may_sleep));

			if (allocated && (*allocated < 1 || *allocated > small))
				fail("alloc() took an index that is out of its range", kind);
			old = std::move(fresh);
		} else if (fresh) {
			if (auto result = array_->store(index, std::move(fresh), gfp(may_sleep)))
				old = std::move(*result);
		}
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void clear() { array_.reset(); }

private:
	static constexpr unsigned int small = 16;

	/// Far from each other, so that the array needs memory for nearly each; or one of those that are allocated.
	static unsigned long any_index(Task &task)
	{
		const unsigned int i = task.random(64 + small);

		return i < 64 ? i * 4099ul : i - 63;
	}

	krcu::KBox<krcu::XArray<P>> array_;
};

/// A short list, pushed to, erased from and replaced in by everybody.
template <Kind kind, class P>
class Items {
	using Items_ = krcu::List<P, &P::element_type::link>;

public:
	int start()
	{
		list_ = krcu::KBox<Items_>::make(krcu::GFP_KERNEL);
		return list_ ? 0 : -ENOMEM;
	}

	void read(Task &task)
	{
		krcu::ReadGuard guard;

		task.reads.add();
		if (task.random(64) == 0)
			list_->for_each(guard, [&](const auto &item) { look_at(item, kind, task, task.rcu); });
		else if (auto item = list_->find_if(guard, any(task)))
			look_at(*item, kind, task, task.rcu);
	}

	void update(Task &task, bool may_sleep)
	{
		krcu::RcuOld<P> old;
		P fresh = make<P>(may_sleep, task);

		if (task.random(4) == 0) {
			unsigned int length = 0;
			auto held = list_->lock();

			held.for_each([&](const auto &) { length++; });
			if (length > longest)
				old = held.erase_if(any(task));
			else if (auto item = held.find_if(any(task)))
				old = held.replace(*item, std::move(fresh));
			else
				held.push_back(std::move(fresh));
		} else if (task.random(2)) {
			krcu::ReadGuard guard;

			// Perhaps somebody else takes it out first.
			if (auto item = list_->find_if(guard, any(task)))
				old = task.random(2) ? list_->erase(*item) : list_->replace(*item, std::move(fresh));
		} else if (task.random(2)) {
			list_->push_front(std::move(fresh));
		} else {
			list_->push_back(std::move(fresh));
		}
		if (old)
			retire(*old, kind);
		task.updates.add();
	}

	void clear() { list_.reset(); }

private:
	static constexpr unsigned int longest = 16;

	static auto any(Task &task)
	{
		return [which = task.random(8)](const auto &item) { return item.id() % 8 == which; };
	}

	krcu::KBox<Items_> list_;
};

/// A hash table, which grows and shrinks all the time.
template <class P>
class Hash {
public:
	int start()
	{
		table_ = Table::make();
		return table_ ? 0 : -ENOMEM;
	}

	void read(Task &task)
	{
		krcu::ReadGuard guard;

		task.reads.add();
		if (task.random(256) == 0)
			table_.for_each(guard, [&](const auto &object) {
				look_at(object, hashed, task, task.rcu);
				return task.random(64) != 0;
			});
		else if (const unsigned int key = task.random(keys); auto object = table_.find(key, guard)) {
			if (object->key != key)
				fail("find() found another key", hashed);
			look_at(*object, hashed, task, task.rcu);
		}
	}

	void update(Task &task, bool may_sleep)
	{
		const unsigned int key = task.random(keys);
		const bool grows = task.updates.get() / 4096 % 2 == 0; // first, or a slow kernel has nothing to erase
		P old;

		if (task.random(4) == 0) {
			krcu::ReadGuard guard;
			if (auto object = table_.find(key, guard))
				old = table_.erase(*object);
		} else if (!grows) {
			old = table_.erase(key);
		} else if (auto fresh = draft<P>(may_sleep, task)) {
			fresh->key = key;
			if (task.random(2) == 0)
				(void)table_.insert(std::move(fresh));
			else if (auto replaced = table_.replace(std::move(fresh)))
				old = std::move(*replaced);
		}
		if (old)
			retire(*old, hashed);
		task.updates.add();
	}

	void clear() { table_ = Table(); }

private:
	using Table = krcu::HashTable<P, &Keyed::link, &Keyed::key>;

	static constexpr unsigned int keys = 512;

	Table table_;
};

/// A pointer as a driver in C has it, and Callbacks that own what it pointed to.
template <Kind kind>
class Deferred {
public:
	/// In the section that protects it.
	void look(Task &task, Section &section, bool may_sleep = false)
	{
		task.reads.add();
		if (void *current = current_.load(krcu::acquire))
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
		*callback = Owner::from_foreign(current_.exchange(std::move(fresh).into_foreign()));
		if (*callback)
			retire(**callback, kind);
		submit(std::move(callback));
		task.updates.add();
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
