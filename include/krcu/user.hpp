// SPDX-License-Identifier: GPL-2.0
/// @file
/// UserPtr: an address in user space; copying from there, and to there.
///
/// Semantics: copy_from_user() in include/linux/uaccess.h, and "User Space Memory Access" in
/// Documentation/core-api/mm-api.rst.
#ifndef KRCU_USER_HPP
#define KRCU_USER_HPP

#include <cstddef>
#include <type_traits>

#include <krcu/internal/attributes.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

/// An address that a user space's program has given: what is `void __user *` in C, or the argument of an ioctl. It
/// may be anything, so nobody can dereference it: copy_from_user() and copy_to_user() take it. A copyable pointer.
class UserPtr final {
public:
	/// Null.
	constexpr UserPtr() noexcept = default;
	/// As ioctls get it; of a __u64 in a struct, see u64_to_user_ptr().
	constexpr explicit UserPtr(unsigned long address) noexcept : address_(address) {}
	/// Of a function of C++ that the C half gives a `void __user *`: C++ sees no `__user`.
	explicit UserPtr(const void *pointer) noexcept : address_(reinterpret_cast<unsigned long>(pointer)) {}

	constexpr unsigned long address() const noexcept { return address_; }

	/// `n` bytes further.
	friend constexpr UserPtr operator+(UserPtr p, std::size_t n) noexcept { return UserPtr(p.address_ + n); }
	constexpr UserPtr &operator+=(std::size_t n) noexcept { return *this = *this + n; }

private:
	unsigned long address_ = 0;
};

namespace internal {

/// Where the elements of a range begin that are all in one piece.
template <class R>
auto first_of(R &range) noexcept
{
	if constexpr (requires { range.data(); })
		return range.data();
	else
		return range.begin();
}

template <class R>
concept PieceOfMemory = requires(R &range) {
	range.size();
	range.begin();
	*first_of(range);
} && std::is_pointer_v<decltype(first_of(std::declval<R &>()))>;

/// What either function copies as bytes.
template <class T>
struct CopiedByUsers {
	static_assert(std::is_trivially_copyable_v<T>,
		      "krcu: only what is trivially copyable can be copied from or to user space: of a box or a draft, give the object");
	static_assert(!std::is_pointer_v<std::remove_all_extents_t<T>>,
		      "krcu: a pointer of the kernel's is nothing to user space: give the object, or its address and its size");
	static constexpr bool value = true;
};

template <class T>
struct CopiedFromUser : CopiedByUsers<T> {
	static_assert(!std::is_const_v<std::remove_all_extents_t<T>>,
		      "krcu: what is const is not to be written to, as readers may be looking at it: fill a draft, and publish that");
};

template <class T>
struct CopiedToUser : CopiedByUsers<T> {
	static_assert(!std::is_trivially_copyable_v<T> || std::has_unique_object_representations_v<T>,
		      "krcu: it has padding, in which user space would see what the kernel's memory held before: make the padding members that have a value");
};

} // namespace internal

/// Copies `n` bytes from user space. Returns 0 or -EFAULT: all, or not all can be read. What could not be is 0 then,
/// so nothing stays uninitialised. More than INT_MAX bytes are refused, and the kernel warns.
///
/// Hardened usercopy and FORTIFY_SOURCE check `to` as in C.
/// Context: process, outside RCU's read-side critical sections, without a spin lock, pagefaults enabled. Sleeps.
/// See copy_from_user().
[[nodiscard("user space may have given a bad address")]]
inline int copy_from_user(void *to, UserPtr from, std::size_t n) noexcept KRCU_EXCLUDES(internal::rcu)
{
	return krcu_copy_from_user(to, from.address(), n);
}

/// Copies an object, all of its bytes; an array `char name[16]` likewise. Whatever is in them must be a T: user space
/// may have put any number into a bool or an enum, so the T has neither, but a __u8 and a check.
/// Context: as above.
///
/// Use like, with an object and with a range:
///
///     #include <linux/types.h>
///
///     struct Range {
///             __u32 first, count;
///     };
///     using NameBox = krcu::RcuKBox<krcu::Tail<Range, char>>;
///     constinit krcu::Rcu<NameBox> name;
///
///     int set_name(unsigned long arg, std::size_t length)     // of an ioctl
///     {
///             const krcu::UserPtr from(arg);
///             auto draft = NameBox::draft_for_overwrite(krcu::GFP_KERNEL, length);
///             if (!draft)
///                     return -ENOMEM;
///             if (krcu::copy_from_user(draft->header(), from) ||
///                 krcu::copy_from_user(draft->tail(), from + sizeof(Range)))
///                     return -EFAULT;                         // nobody has seen the draft
///             auto old = name.replace(std::move(draft));
///             return 0;
///     }
template <class T>
	requires(!internal::PieceOfMemory<T>)
[[nodiscard("user space may have given a bad address")]]
int copy_from_user(T &to, UserPtr from) noexcept KRCU_EXCLUDES(internal::rcu)
{
	static_assert(internal::CopiedFromUser<T>::value);
	// Const only where that is refused above.
	return copy_from_user(const_cast<std::remove_const_t<T> *>(&to), from, sizeof(T));
}

/// Copies as many elements as are in a range: in a Draft of an array, its tail(), a std::span.
/// Context: as above.
template <internal::PieceOfMemory R>
[[nodiscard("user space may have given a bad address")]]
int copy_from_user(R &&to, UserPtr from) noexcept KRCU_EXCLUDES(internal::rcu)
{
	using T = std::remove_pointer_t<decltype(internal::first_of(to))>;

	static_assert(internal::CopiedFromUser<T>::value);
	return copy_from_user(const_cast<std::remove_const_t<T> *>(internal::first_of(to)), from, to.size() * sizeof(T));
}

/// Copies `n` bytes to user space. Returns 0 or -EFAULT: all, or not all can be written; a part of them may be.
/// Whatever the bytes are, user space sees them: none may be uninitialised, nor a kernel's address.
/// Context: as copy_from_user(). Under a guard, copy the object first, or use a krcu::Srcu. See copy_to_user().
[[nodiscard("user space may have given a bad address")]]
inline int copy_to_user(UserPtr to, const void *from, std::size_t n) noexcept KRCU_EXCLUDES(internal::rcu)
{
	return krcu_copy_to_user(to.address(), from, n);
}

/// Copies an object, all of its bytes. A T with padding is refused, which `= {}` need not set.
/// Context: as above.
///
/// Use like:
///
///     #include <linux/types.h>
///
///     struct Stats {
///             __u64 packets;
///             __u32 drops, reserved;
///     };
///     constinit krcu::Rcu<krcu::RcuKBox<Stats>> stats;
///
///     int get_stats(krcu::UserPtr to)
///     {
///             Stats copy = {};
///             {
///                     krcu::ReadGuard guard;
///                     if (auto s = stats.dereference(guard))
///                             copy = *s;
///             }
///             return krcu::copy_to_user(to, copy);            // may sleep, so not under the guard
///     }
template <class T>
	requires(!internal::PieceOfMemory<const T>)
[[nodiscard("user space may have given a bad address")]]
int copy_to_user(UserPtr to, const T &from) noexcept KRCU_EXCLUDES(internal::rcu)
{
	static_assert(internal::CopiedToUser<T>::value);
	return copy_to_user(to, &from, sizeof(T));
}

/// Copies as many elements as are in a range.
/// Context: as above.
template <internal::PieceOfMemory R>
[[nodiscard("user space may have given a bad address")]]
int copy_to_user(UserPtr to, const R &from) noexcept KRCU_EXCLUDES(internal::rcu)
{
	using T = std::remove_pointer_t<decltype(internal::first_of(from))>;

	static_assert(internal::CopiedToUser<std::remove_const_t<T>>::value);
	return copy_to_user(to, internal::first_of(from), from.size() * sizeof(T));
}

} // namespace krcu

#endif // KRCU_USER_HPP
