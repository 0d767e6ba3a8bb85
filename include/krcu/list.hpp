// SPDX-License-Identifier: GPL-2.0
/// @file
/// List: the kernel's RCU-protected list, owning what is in it.
#ifndef KRCU_LIST_HPP
#define KRCU_LIST_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include <krcu-constants.h>
#include <krcu/draft.hpp>
#include <krcu/foreign_ownable.hpp>
#include <krcu/found.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/foreign.hpp>
#include <krcu/internal/shims.h>
#include <krcu/lock.hpp>
#include <krcu/rcu.hpp>
#include <krcu/rcu_ptr.hpp>

namespace krcu {

template <ForeignOwnableRcu P, auto link>
class List;

/// The member by which a List holds an object. Copying the object does not copy it: the copy is in no list.
class ListLink final {
public:
	constexpr ListLink() noexcept = default;
	constexpr ListLink(const ListLink &) noexcept {}
	// NOLINTNEXTLINE(bugprone-unhandled-self-assignment): it assigns nothing
	constexpr ListLink &operator=(const ListLink &) noexcept { return *this; }

private:
	template <ForeignOwnableRcu P, auto link>
	friend class List;

	// A struct krcu_list_link, all zero as long as it has been in no list.
	alignas(KRCU_LIST_LINK_ALIGN) mutable std::byte storage_[KRCU_LIST_LINK_SIZE] = {};
};

/// A doubly linked list that owns P's: readers walk it under a guard, updaters push and erase at the same time.
///
/// An object is in one list by one link, a ListLink that is a member of T: `List<P, &T::link>`. Inside T such a list
/// is declared after the link. Any number of readers and updaters at once. Updaters exclude each other by the list's
/// own lock, with softirqs disabled. So update in process context or in softirq, an RCU callback's destructor among
/// them, also under a ReadGuard, but neither in hard interrupts nor with interrupts disabled. For several steps at
/// once, lock() offers the same functions while it holds the lock. No P is dropped under the lock by the list itself.
///
/// What is erased comes back as an RcuOld, and not as a P: a P could be pushed again, and readers that stand on the
/// object would walk into another list, or never to the end of this one. For the same reason an object that is or was
/// in a list, which another RcuRef may still own, cannot be pushed: the kernel warns, and the reference is dropped. To
/// move an object, push a new one.
///
/// P is an RcuBox, an RcuFreeBox or an RcuRef, whose readers are RCU's.
///
/// The list's head is inside the object, which stays where it is: it can be neither copied nor moved. Its constructor
/// runs code, so it cannot be declared constinit: at namespace scope it is a KRCU_GLOBAL.
///
/// Semantics: Documentation/RCU/listRCU.rst, and the kernel-doc of each function named.
///
/// Use like:
///
///     struct Route {
///             Route(unsigned int p, int d) : prefix(p), device(d) {}
///             unsigned int prefix;
///             int device;
///             krcu::ListLink link;
///     };
///     using RouteBox = krcu::RcuKBox<Route>;
///
///     KRCU_GLOBAL(routes, krcu::List<RouteBox, &Route::link>);
///
///     int device_of(unsigned int prefix)
///     {
///             krcu::ReadGuard guard;
///             auto r = routes->find_if(guard, [&](const Route &route) { return route.prefix == prefix; });
///             return r ? r->device : -ENOENT;
///     }
///
///     int add(unsigned int prefix, int device)
///     {
///             auto fresh = RouteBox::draft(krcu::GFP_KERNEL, prefix, device);
///             if (!fresh)
///                     return -ENOMEM;
///             auto held = routes->lock();
///             if (held.find_if([&](const Route &route) { return route.prefix == prefix; }))
///                     return -EEXIST;         // the draft ends at once
///             held.push_back(std::move(fresh));
///             return 0;
///     }
///
///     int remove(unsigned int prefix)
///     {
///             auto old = routes->erase_if([&](const Route &route) { return route.prefix == prefix; });
///             return old ? 0 : -ENOENT;
///     }
template <ForeignOwnableRcu P, auto link>
class List final {
	using T = typename P::element_type;
	using Old = RcuOld<P>;

	static_assert(std::is_convertible_v<decltype(link), ListLink T::*>,
		      "krcu: a List<P, &T::link> holds objects by a member of type krcu::ListLink");

	struct LockTag {
		static constexpr const char *name = "krcu_list";
	};
	using Lock = SpinLock<LockTag>;

	// What find_if() and erase_if() ask of each object.
	template <class F>
	static constexpr bool is_predicate = internal::Returns<F, bool, const T &>;

public:
	using element_type = T;

	/// An empty list.
	List() noexcept { krcu_list_init(head()); }

	List(const List &) = delete;
	List &operator=(const List &) = delete;

	/// Drops every P. Readers that stand on an object may look at it for as long as their guard lives, but not
	/// walk on: the caller must see to it that nobody walks the list any more. Context: as clear().
	~List() { clear(); }

	/// The list's lock, held to the end of the scope, with the functions that it is for. What they hand back should
	/// be dropped later: a destructor that uses the list would wait for its own CPU.
	class [[nodiscard("the lock is released with this: give it a name")]] Held final {
	public:
		/// Read by the boxes, which refuse what has to stay in its scope.
		static constexpr bool belongs_to_scope = true;

		Held(const Held &) = delete;
		Held &operator=(const Held &) = delete;

		static void *operator new(std::size_t) = delete;
		static void *operator new[](std::size_t) = delete;

		/// As the list's. Any context, as the lock is held.
		template <Publishable<P> S = P>
		void push_front(S p) const noexcept
		{
			list_.push(std::move(p), false);
		}
		template <Publishable<P> S = P>
		void push_back(S p) const noexcept
		{
			list_.push(std::move(p), true);
		}
		Old erase(const T &object) const noexcept { return list_.unlink(object); }
		template <class F>
		Old erase_if(F &&pred) const
		{
			static_assert(is_predicate<F>, "krcu: erase_if() wants a `bool pred(const T &)`");
			auto object = list_.find(pred);

			return object ? list_.unlink(*object) : Old();
		}
		template <Publishable<P> S = P>
		Old replace(const T &old, S &&fresh) const noexcept
		{
			return list_.exchange(old, fresh);
		}

		/// The first object for which `bool pred(const T &)` is true, or null; valid as long as the lock is held,
		/// unless its holder erases it.
		template <class F>
		Found<T> find_if(F &&pred) const KRCU_LIFETIMEBOUND
		{
			static_assert(is_predicate<F>, "krcu: find_if() wants a `bool pred(const T &)`");
			return list_.find(pred);
		}

		/// As the list's. `visit` may erase what it visits.
		template <class F>
		void for_each(F &&visit) const
		{
			list_.walk(std::forward<F>(visit));
		}
		bool empty() const noexcept { return list_.empty(); }

	private:
		friend class List;

		explicit Held(List &list) noexcept : list_(list), guard_(list.lock_.lock_bh()) {}

		List &list_;
		typename Lock::BhGuard guard_;
	};

	/// Locks the list for its updaters. Context: as updating. See spin_lock_bh().
	Held lock() & noexcept KRCU_LIFETIMEBOUND { return Held(*this); }

	/// Puts `p` at the beginning, or at the end, for readers to find; an empty one does nothing. It cannot fail:
	/// where the object is in a list already, or was once, the kernel warns and `p` is dropped.
	/// Context: as updating. See list_add_rcu(), list_add_tail_rcu().
	template <Publishable<P> S = P>
	void push_front(S p) noexcept
	{
		lock().push_front(std::move(p));
	}
	template <Publishable<P> S = P>
	void push_back(S p) noexcept
	{
		lock().push_back(std::move(p));
	}

	/// Takes the object out; empty if it is out already. It is an object of this list, which kernels with
	/// CONFIG_PROVE_RCU check, and the caller has a guard or a reference that keeps it alive.
	/// Context: as updating. See list_del_rcu().
	Old erase(const T &object) noexcept { return lock().erase(object); }

	/// Takes out the first object for which `bool pred(const T &)` is true; empty if there is none. `pred` is called
	/// with the lock held, and does not sleep.
	/// Context: as updating.
	template <class F>
	Old erase_if(F &&pred)
	{
		return lock().erase_if(std::forward<F>(pred));
	}

	/// Puts `fresh` in the place of `old`, and returns that: readers find one of both. Where `old` is out already, or
	/// `fresh` is empty, nothing changes, an empty RcuOld comes back, and `fresh` is still the caller's.
	/// Context: as updating; see erase(). See list_replace_rcu().
	template <Publishable<P> S = P>
	Old replace(const T &old, S &&fresh) noexcept
	{
		return lock().replace(old, std::forward<S>(fresh));
	}

	/// The first object for which `bool pred(const T &)` is true, or null; valid as long as the guard, even if it is
	/// erased meanwhile. `pred` must not sleep.
	/// Context: any that a ReadGuard allows. See list_for_each_entry_rcu().
	template <class F>
	Found<T> find_if(KRCU_LIFETIMEBOUND const ReadGuard &, F &&pred) const
	{
		static_assert(is_predicate<F>, "krcu: find_if() wants a `bool pred(const T &)`");
		return find(pred);
	}
	template <class F>
	Found<T> find_if(const ReadGuard &&, F &&) const = delete; // the guard would be gone before what it finds

	/// Calls `visit(object)` for every object, from the beginning; if it returns false, for no more. What is pushed
	/// or erased meanwhile may be seen or not; `visit` may do so itself.
	/// Context: any that a ReadGuard allows. `visit` must not sleep. See list_for_each_entry_rcu().
	template <class F>
	void for_each(const ReadGuard &, F &&visit) const
	{
		walk(std::forward<F>(visit));
	}

	/// Whether nothing is in it, at this moment. Any context.
	bool empty() const noexcept { return krcu_list_empty(head()); }

	/// Takes everything out, and drops it. What is pushed meanwhile may stay.
	/// Context: as updating, and any that ~P allows.
	void clear() noexcept
	{
		// One at a time, so that none is dropped under the lock, and ~T may use the list.
		while (erase_if([](const T &) { return true; }))
			;
	}

private:
	// Holds because each has the other at its beginning; and only push() makes links of a list.
	static list_head *link_of(const T &object) noexcept
	{
		return reinterpret_cast<list_head *>((object.*link).storage_);
	}
	static const T &object_of(const list_head *entry) noexcept
	{
		return *internal::container_of(reinterpret_cast<const ListLink *>(entry),
					       static_cast<ListLink T::*>(link));
	}
	list_head *head() const noexcept { return reinterpret_cast<list_head *>(head_); }

	template <class S>
	void push(S p, bool at_the_end) noexcept
	{
		if (void *foreign = std::move(p).into_foreign())
			if (!krcu_list_add(head(), link_of(P::borrow(foreign)), at_the_end))
				// Holds because it was not published.
				(void)S::from_foreign(foreign);
	}

	Old unlink(const T &object) noexcept
	{
		if (!krcu_list_del(head(), link_of(object)))
			return Old();
		// Holds because push() got the pointer from a P, and it is out of the list now, once.
		return Old(internal::Foreign::of<P>(object));
	}

	template <class S>
	Old exchange(const T &old, S &fresh) noexcept
	{
		void *foreign = std::move(fresh).into_foreign();

		if (foreign && krcu_list_replace(head(), link_of(old), link_of(P::borrow(foreign))))
			return Old(internal::Foreign::of<P>(old));
		fresh = S::from_foreign(foreign); // as above
		return Old();
	}

	template <class F>
	Found<T> find(F &pred) const
	{
		for (const list_head *entry = krcu_list_next(head()); entry != head(); entry = krcu_list_next(entry))
			if (const T &object = object_of(entry); pred(object))
				return Found<T>(object);
		return Found<T>(nullptr);
	}

	// Goes on from an entry that `visit` has erased: its next pointer stays, and its memory, for readers and for
	// whoever has softirqs disabled.
	template <class F>
	void walk(F &&visit) const
	{
		for (const list_head *entry = krcu_list_next(head()); entry != head(); entry = krcu_list_next(entry))
			if (!internal::wants_more(visit, object_of(entry)))
				return;
	}

	alignas(void *) mutable std::byte head_[2 * sizeof(void *)]; // a struct list_head
	Lock lock_;
};

} // namespace krcu

#endif // KRCU_LIST_HPP
