// SPDX-License-Identifier: GPL-2.0
/// @file
/// What the T of a box, and the functions that a box calls, must be; with words for what they are not.
#ifndef KRCU_INTERNAL_BOXABLE_HPP
#define KRCU_INTERNAL_BOXABLE_HPP

#include <concepts>
#include <type_traits>

#include <krcu/allocator.hpp>
#include <krcu/internal/names.hpp>
#include <krcu/rcu.hpp>

namespace krcu::internal {

/// A guard, or something that contains one and says so; or one of the standard library's types that name what
/// they contain: an optional, expected, array or pair. A tuple does not, nor is a pair in a pair looked into.
template <class T>
concept SaysBelongsToScope = requires { requires T::belongs_to_scope; };
template <class T>
concept BelongsToScope = SaysBelongsToScope<T> || SaysBelongsToScope<typename T::value_type> ||
			 SaysBelongsToScope<typename T::first_type> || SaysBelongsToScope<typename T::second_type>;

/// Whether T says that its destructor may sleep, so that no RCU callback may run it.
template <class T>
concept DestructorMaySleep = requires { requires T::destructor_may_sleep; };

/// Whether T has a drop_before_gp(), even one that nobody may call.
template <class T>
concept DropsBeforeGp = !requires { &WithNames<T>::drop_before_gp; } || requires(T &value) { value.drop_before_gp(); };

/// What can be told of T while it is incomplete, as it is where it has a box of its own kind as a member.
/// Every class template that owns a T asks for it first, before the compiler's own errors.
template <class T>
struct Boxable final {
	static_assert(std::is_object_v<T> && !std::is_array_v<T>,
		      "krcu: a box owns one object: T cannot be a reference, a function, void or an array");
	static_assert(std::is_same_v<T, std::remove_cv_t<T>>,
		      "krcu: box a T that is neither const nor volatile: what RCU readers see of it is const anyway");
	static_assert(!std::is_same_v<T, ReadGuard>, "krcu: a guard belongs to the scope that made it and cannot be boxed");

	static constexpr bool value = true;
};

/// Whether T says one of these in a way that boxes cannot hear: in private, by two bases, or as no constant bool.
template <class T>
concept HidesBelongsToScope = !requires { &WithNames<T>::belongs_to_scope; } &&
			      !requires { std::bool_constant<T::belongs_to_scope>(); };
template <class T>
concept HidesDestructorMaySleep = !requires { &WithNames<T>::destructor_may_sleep; } &&
				  !requires { std::bool_constant<T::destructor_may_sleep>(); };

/// What must hold of what a complete T says of itself.
template <class T>
struct TraitsCanBeRead final {
	static_assert(!HidesBelongsToScope<T>,
		      "krcu: belongs_to_scope of T cannot be read: declare it in T, as a public `static constexpr bool`");
	static_assert(!HidesDestructorMaySleep<T>,
		      "krcu: destructor_may_sleep of T cannot be read: declare it in T, as a public `static constexpr bool`");

	static constexpr bool value = true;
};

/// What must hold of a complete T, and of where its memory comes from.
template <class T, class A>
struct Allocatable final {
	static_assert(TraitsCanBeRead<T>::value);
	static_assert(!BelongsToScope<T>, "krcu: a guard belongs to the scope that made it and cannot be boxed");
	static_assert(AllocatorFor<A, T>, "krcu: a SlabCache<T> is for boxes of that T alone, and for no array");

	static constexpr bool value = true;
};

/// What must hold where T ends by ~T alone; asked when T is complete.
template <class T>
struct EndsByDestructor final {
	static_assert(!(std::is_trivially_destructible_v<T> && DropsBeforeGp<T>),
		      "krcu: T cleans up in drop_before_gp() and not in ~T: use RcuFreeBox, which calls it");

	static constexpr bool value = true;
};

/// Calls what visits the objects of a container. Whether it wants more: it returns that, or nothing.
template <class F, class... Args>
bool wants_more(F &visit, const Args &...args)
{
	using Result = std::invoke_result_t<F &, const Args &...>;

	static_assert(std::is_void_v<Result> || std::is_same_v<Result, bool>,
		      "krcu: for_each() calls a function that returns nothing, or a bool: false to stop");
	if constexpr (std::is_void_v<Result>) {
		visit(args...);
		return true;
	} else {
		return visit(args...);
	}
}

template <class F, class Result, class... Args>
concept Returns = std::invocable<F, Args...> && std::same_as<std::invoke_result_t<F, Args...>, Result>;

} // namespace krcu::internal

#endif // KRCU_INTERNAL_BOXABLE_HPP
