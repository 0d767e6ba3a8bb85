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
///     struct Session {
///             int id;
///     };
///     using SessionBox = krcu::KBox<Session>;
///
///     extern "C" void *session_open(int id)
///     {
///             return SessionBox::make(krcu::GFP_KERNEL, id).into_foreign();
///     }
///
///     extern "C" int session_id(void *session)
///     {
///             return SessionBox::borrow(session).id;
///     }
///
///     extern "C" void session_release(void *session)
///     {
///             auto last = SessionBox::from_foreign(session); // destroyed at the end
///     }
///
/// and in C, as C++ knows no more of a struct file than its name:
///
///     #include <linux/errno.h>
///     #include <linux/fs.h>
///
///     void *session_open(int id);
///     void session_release(void *session);
///
///     static int mydrv_open(struct inode *inode, struct file *file)
///     {
///             file->private_data = session_open(iminor(inode));
///             return file->private_data ? 0 : -ENOMEM;
///     }
///
///     static int mydrv_release(struct inode *inode, struct file *file)
///     {
///             session_release(file->private_data);
///             return 0;
///     }
///
///     const struct file_operations mydrv_fops = {
///             .open = mydrv_open,
///             .release = mydrv_release,
///     };
///
/// After Rust's ForeignOwnable (rust/kernel/types.rs).
template <class P>
concept ForeignOwnable = std::movable<P> && requires(P p, void *foreign) {
	{ std::move(p).into_foreign() } -> std::same_as<void *>;
	{ P::from_foreign(foreign) } -> std::same_as<P>;
	{ P::borrow(foreign) } -> std::same_as<const typename P::element_type &>;
};

/// An owner whose object readers may go on using when it is dropped: dropping waits for them, without
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
