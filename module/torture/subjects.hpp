// SPDX-License-Identifier: GPL-2.0
/// @file
/// The subjects: each has objects of one kind, a way to read and a way to update them.
#ifndef SUBJECTS_HPP
#define SUBJECTS_HPP

#include <cstddef>
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
		return let_go_of(old, kind);
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
		let_go_of(fresh, kind);
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
		const Ref holder = get(place);

		if (holder) {
			// Of several at once, one does, and puts another in its place.
			if (!revoke(*holder))
				return false;
			counts(kind).retired.inc();
			if (look(*holder, task, may_sleep))
				fail("it was there after revoke()", kind);
		}
		(void)place.replace(Ref::make(gfp(may_sleep)));
		task.updates.add();
		return bool(holder);
	}

	void clear()
	{
		for (auto &place : places_)
			(void)place.take();
	}

private:
	/// Each is empty for a grace period when it has been revoked.
	static constexpr unsigned int places = 64;

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

/// An array, stored to, erased, reserved and allocated by everybody.
template <Kind kind, class P>
class Array {
public:
	void read(Task &task)
	{
		krcu::ReadGuard guard;

		task.reads.add();
		if (task.random(256) == 0)
			array_.for_each(guard, [&](unsigned long, const auto &object) {
				look_at(object, kind, task, task.rcu);
				return task.random(64) != 0;
			});
		else if (auto object = array_.load(any_index(task), guard))
			look_at(*object, kind, task, task.rcu);
	}

	bool update(Task &task, bool may_sleep)
	{
		const unsigned long index = any_index(task);
		P old;

		if (task.random(4) == 0) {
			old = array_.erase(index);
			// Half of the reservations are released again.
			if (auto place = array_.reserve(index, gfp(may_sleep)); place && task.random(2))
				old = std::move(*place).fill(make<P>(may_sleep, task));
		} else if (P fresh = make<P>(may_sleep, task); fresh && task.random(4) == 0) {
			auto allocated = array_.alloc(std::move(fresh), 1, small, gfp(may_sleep));

			if (allocated && (*allocated < 1 || *allocated > small))
				fail("alloc() took an index that is out of its range", kind);
			old = std::move(fresh);
		} else if (fresh) {
			if (auto result = array_.store(index, std::move(fresh), gfp(may_sleep)))
				old = std::move(*result);
		}
		task.updates.add();
		return let_go_of(old, kind);
	}

	void clear()
	{
		krcu::ReadGuard guard;

		array_.for_each(guard, [&](unsigned long index, const auto &) { (void)array_.erase(index); });
	}

private:
	static constexpr unsigned int small = 16;

	/// Far from each other, so that the array needs memory for nearly each; or one of those that are allocated.
	static unsigned long any_index(Task &task)
	{
		const unsigned int i = task.random(64 + small);

		return i < 64 ? i * 4099ul : i - 63;
	}

	krcu::XArray<P> array_;
};

/// A short list, pushed to, erased from and replaced in by everybody.
template <Kind kind, class P>
class Items {
public:
	void read(Task &task)
	{
		krcu::ReadGuard guard;

		task.reads.add();
		if (task.random(64) == 0)
			list_.for_each(guard, [&](const auto &item) { look_at(item, kind, task, task.rcu); });
		else if (auto item = list_.find_if(guard, any(task)))
			look_at(*item, kind, task, task.rcu);
	}

	bool update(Task &task, bool may_sleep)
	{
		krcu::RcuOld<P> old;
		P fresh = make<P>(may_sleep, task);

		if (task.random(4) == 0) {
			unsigned int length = 0;
			auto held = list_.lock();

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
			if (auto item = list_.find_if(guard, any(task)))
				old = task.random(2) ? list_.erase(*item) : list_.replace(*item, std::move(fresh));
		} else if (task.random(2)) {
			list_.push_front(std::move(fresh));
		} else {
			list_.push_back(std::move(fresh));
		}
		task.updates.add();
		return let_go_of(old, kind);
	}

	void clear() { list_.clear(); }

private:
	static constexpr unsigned int longest = 16;

	static auto any(Task &task)
	{
		return [which = task.random(8)](const auto &item) { return item.id() % 8 == which; };
	}

	krcu::List<P, &P::element_type::link> list_;
};

/// A hash table, which grows and shrinks all the time.
template <class P>
class Hash {
public:
	/// As a global it is not there where there is no table.
	static Hash make() { return Hash(Table::make()); }
	explicit operator bool() const { return bool(table_); }

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

	bool update(Task &task, bool may_sleep)
	{
		const unsigned int key = task.random(keys);
		P old;

		turn_about();
		if (task.random(4) == 0) {
			krcu::ReadGuard guard;
			if (auto object = table_.find(key, guard))
				old = table_.erase(*object);
		} else if (!grows_.load()) {
			old = table_.erase(key);
		} else if (auto fresh = draft<P>(may_sleep, task)) {
			fresh->key = key;
			if (task.random(2) == 0)
				(void)table_.insert(std::move(fresh));
			else if (auto replaced = table_.replace(std::move(fresh)))
				old = std::move(*replaced);
		}
		task.updates.add();
		return let_go_of(old, hashed);
	}

	void clear()
	{
		krcu::ReadGuard guard;

		table_.for_each(guard, [&](const auto &object) { (void)table_.erase(object); });
	}

private:
	using Table = krcu::HashTable<P, &Keyed::link, &Keyed::key>;

	static constexpr unsigned int keys = 512;

	explicit Hash(Table table) : table_(std::move(table)) {}

	/// Between few objects and nearly all that there are keys for.
	void turn_about()
	{
		const std::size_t size = table_.size();

		if (size < keys / 8)
			grows_.store(true);
		else if (size > keys * 3 / 4)
			grows_.store(false);
	}

	Table table_;
	krcu::Atomic<bool> grows_;
};

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
		const bool was_there = let_go_of(*callback, kind);
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
