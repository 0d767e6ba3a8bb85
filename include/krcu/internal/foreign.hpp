// SPDX-License-Identifier: GPL-2.0
/// @file
/// From what is inside an object back to the object, and to the pointer that owns it.
#ifndef KRCU_INTERNAL_FOREIGN_HPP
#define KRCU_INTERNAL_FOREIGN_HPP

#include <bit>
#include <concepts>
#include <cstddef>

namespace krcu::internal {

/// Where in a T that member is. Unlike offsetof(), of any T, and by a pointer to member.
template <class T, class M>
std::ptrdiff_t offset_of(M T::*member) noexcept
{
	// Holds because a pointer to a data member is that offset, in the C++ ABI of all architectures; it folds.
	return std::bit_cast<std::ptrdiff_t>(member);
}

/// The T whose `member` that is. Readers see a const T, but no object of an owner was made const.
template <class T, class M>
T *container_of(const M *object, M T::*member) noexcept
{
	return reinterpret_cast<T *>(reinterpret_cast<char *>(const_cast<M *>(object)) - offset_of(member));
}

/// What krcu's containers ask of an owner, and nobody else may: the pointer that into_foreign() made of the owner
/// of that object. The object is what borrow() of that pointer returns, and no copy of it.
struct Foreign final {
	template <class P>
	static void *of(const typename P::element_type &object) noexcept
		requires requires {
			{ P::foreign_of(object) } -> std::same_as<void *>;
		}
	{
		return P::foreign_of(object);
	}
};

} // namespace krcu::internal

#endif // KRCU_INTERNAL_FOREIGN_HPP
