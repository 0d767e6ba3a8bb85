// SPDX-License-Identifier: GPL-2.0
/// @file
/// Looking at objects, making them and retiring them.
#ifndef LOOK_HPP
#define LOOK_HPP

#include <utility>

#include "objects.hpp"
#include "task.hpp"

namespace torture {

/// Allocations may fail, and this module is there to make them: no warnings, no out-of-memory killer.
inline krcu::gfp_t gfp(bool may_sleep)
{
	return (may_sleep ? krcu::GFP_KERNEL | krcu::__GFP_NORETRY : krcu::GFP_NOWAIT) | krcu::__GFP_NOWARN;
}

template <class T>
constexpr bool is_range = requires(const T &object) { object.begin(); };

template <class T>
constexpr bool has_tail = requires(const T &object) { object.tail(); };

template <class T>
bool alive(const T &object)
{
	if constexpr (has_tail<T>) {
		if (object.tail().size() != object.length)
			return false;
		for (const auto &element : object.tail())
			if (!element.alive() || element.header != object.id())
				return false;
	}
	if constexpr (is_range<T>) {
		for (const auto &element : object)
			if (!element.alive())
				return false;
		return true;
	} else {
		return object.alive();
	}
}

template <class T>
unsigned long id(const T &object)
{
	if constexpr (is_range<T>)
		return object[0].id();
	else
		return object.id();
}

/// Reads an object, in the section that protects it; one time in 64 for a while.
template <class T>
void look_at(const T &object, Kind kind, Task &task, Section &section, bool may_sleep = false)
{
	const unsigned long before = id(object);
	auto *meanwhile = std::exchange(task.meanwhile, nullptr);
	const bool stays = meanwhile || task.random(64) == 0;

	if (stays)
		section.enter();
	if (meanwhile)
		meanwhile(task);
	if (stays && may_sleep)
		torture_sleep_us(task.random(1000));
	for (unsigned int looks = stays ? 1 + task.random(1024) : 1; looks--;) {
		asm volatile("" ::: "memory"); // look anew
		if (!alive(object) || id(object) != before) {
			fail("an object ended under its reader", kind);
			break;
		}
	}
	if (stays)
		section.leave();
}

/// Counts the object that an owner is about to retire. Whether there is one.
template <class Owner>
bool retire(const Owner &owner, Kind kind)
{
	if (!owner)
		return false;
	if (!alive(*owner))
		fail("an object ended before it was retired", kind);
	counts(kind).retired.inc();
	return true;
}

/// See Pace; for what is retired into the steady domain.
inline bool may_go_on_in_steady(Task &task, bool may_sleep, unsigned int batch = small_batch)
{
	return task.steady_pace.may_go_on(may_sleep, [] { return SteadyDomain::GracePeriod::start(*steady); }, batch);
}

/// A P with a tail, filled.
template <class P>
krcu::Draft<P> draft_with_tail(bool may_sleep, Task &task)
{
	const std::size_t length = task.random(16);
	auto fresh = P::draft(gfp(may_sleep), length, length);

	if (fresh)
		for (auto &element : fresh->tail())
			element.header = fresh->id();
	return fresh;
}

/// A draft of a P. `Careless` ones have none.
template <class P>
krcu::Draft<P> draft(bool may_sleep, Task &task)
{
	if constexpr (has_tail<typename P::element_type>)
		return draft_with_tail<P>(may_sleep, task);
	else if constexpr (is_range<typename P::element_type>)
		return P::draft(gfp(may_sleep), 1 + task.random(8));
	else if constexpr (requires { P::make(*steady, gfp(may_sleep)); })
		return P::draft(*steady, gfp(may_sleep));
	else
		return P::draft(gfp(may_sleep));
}

/// A P; now and then after a draft that is dropped.
template <class P>
P make(bool may_sleep, Task &task)
{
	if constexpr (requires { P::draft(gfp(may_sleep)); }) {
		auto fresh = draft<P>(may_sleep, task);

		if ((may_sleep || !krcu::Draft<P>::destructor_may_sleep) && task.random(16) == 0)
			fresh = draft<P>(may_sleep, task);
		return std::move(fresh).seal();
	} else {
		return P::make(gfp(may_sleep));
	}
}

template <Kind kind, class Base = krcu::Kmalloc>
using Memory = Counted<Base, kind>;

} // namespace torture

#endif // LOOK_HPP
