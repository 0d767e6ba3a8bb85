// SPDX-License-Identifier: GPL-2.0
/// @file
/// WithNames: whether a type has a member that krcu looks for, be it private or not.
#ifndef KRCU_INTERNAL_NAMES_HPP
#define KRCU_INTERNAL_NAMES_HPP

#include <type_traits>

namespace krcu::internal {

/// The optional members by which a driver's types tell krcu what to do with them.
struct Names {
	int belongs_to_scope, destructor_may_sleep, drop_before_gp, fast, rcu_view, teardown_timeout_ms;
};

/// A private member looks like none: naming it fails either way, and what the type says would go unheard.
/// But a name that comes from two bases is ambiguous, and that is told before access is looked at:
///
///     requires { &WithNames<T>::rcu_view; } // if and only if T has no member rcu_view
///
/// T is complete. Members that T inherits count, too. Of a union or a final class nothing can be told this
/// way, as neither can be a base; here they have no names. Nor can a struct that ends in a flexible array,
/// for whose elements a box has no room; where one has to be boxed, make it a member of a final struct.
template <class T, bool = std::is_class_v<T> && !std::is_final_v<T>>
struct WithNames : Names {};
template <class T>
struct WithNames<T, true> : T, Names {};

} // namespace krcu::internal

#endif // KRCU_INTERNAL_NAMES_HPP
