// SPDX-License-Identifier: GPL-2.0
/// @file
/// Subjects that are a container.
#ifndef CONTAINERS_HPP
#define CONTAINERS_HPP

#include <cstddef>
#include <utility>

#include "look.hpp"

namespace torture {

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
		return retire(old, kind);
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
		return retire(old, kind);
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
		return retire(old, hashed);
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

} // namespace torture

#endif // CONTAINERS_HPP
