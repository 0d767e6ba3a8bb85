// SPDX-License-Identifier: GPL-2.0
/// @file
/// What an owner must offer so that a container can keep it as one `void *`.
#ifndef KRCU_FOREIGN_OWNABLE_HPP
#define KRCU_FOREIGN_OWNABLE_HPP

#include <concepts>
#include <type_traits>
#include <utility>

#include <krcu/rcu.hpp>

namespace krcu {

/// An owner whose ownership can be handed over as one pointer, and taken back from it.
///
/// - `std::move(p).into_foreign()`: gives ownership up as a pointer, null if and only if p is empty.
/// - `P::from_foreign(ptr)`: takes it back, once.
/// - `P::borrow(ptr)`: a reference to the object while the pointer owns it.
///
/// Use like, with a `void *` that C keeps for a driver:
///
///     file->private_data = std::move(session).into_foreign();          // open
///     auto &session = SessionBox::borrow(file->private_data);          // read, write
///     auto session = SessionBox::from_foreign(file->private_data);     // release: dropped at the end
///
/// After Rust's ForeignOwnable (rust/kernel/types.rs).
template <class P>
concept ForeignOwnable = std::movable<P> && requires(P p, void *foreign) {
	{ std::move(p).into_foreign() } -> std::same_as<void *>;
	{ P::from_foreign(foreign) } -> std::same_as<P>;
	{ P::borrow(foreign) } -> std::same_as<const typename P::element_type &>;
};

/// One whose object readers may keep using when the owner is dropped: dropping waits for them, without
/// blocking. The readers are those with that type of guard: RcuBox and RcuFreeBox wait for RCU's, an
/// SrcuBox for those of its domain.
///
/// - `P::rcu_borrow(ptr, guard)`: a reference to the object for as long as the guard lives.
///
/// After Rust's ForeignOwnableRcu.
template <class P, class Guard = ReadGuard>
concept ForeignOwnableRcu = ForeignOwnable<P> && requires(void *foreign, const Guard &guard) {
	{ P::rcu_borrow(foreign, guard) } -> std::same_as<const typename P::element_type &>;
};

} // namespace krcu

#endif // KRCU_FOREIGN_OWNABLE_HPP
