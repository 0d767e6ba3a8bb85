// SPDX-License-Identifier: GPL-2.0
/// @file
/// Array: what a box of T[] owns, a size and the elements right behind it.
#ifndef KRCU_INTERNAL_ARRAY_HPP
#define KRCU_INTERNAL_ARRAY_HPP

#include <cstddef>
#include <new>
#include <type_traits>

#include <krcu/internal/boxable.hpp>

namespace krcu::internal {

/// Instead of values for the elements: none, as whoever made the array writes them all.
struct ForOverwrite {};

/// Readers see it as a range: size(), [], begin(), end().
template <class T>
class alignas(alignof(T) > alignof(std::size_t) ? alignof(T) : alignof(std::size_t)) Array final {
	static_assert(TraitsCanBeRead<T>::value && EndsByDestructor<T>::value);

public:
	static constexpr bool belongs_to_scope = BelongsToScope<T>;
	static constexpr bool destructor_may_sleep = DestructorMaySleep<T>;

	/// Value-initialises the elements; the memory for them follows this object.
	explicit Array(std::size_t size) : size_(size)
	{
		for (std::size_t i = 0; i < size; i++)
			::new (static_cast<void *>(elements() + i)) T();
	}

	~Array()
		requires std::is_trivially_destructible_v<T>
	= default;

	/// In reverse, as C++ destroys arrays.
	~Array()
	{
		for (std::size_t i = size_; i--;)
			elements()[i].~T();
	}

	/// Default-initialises them.
	Array(std::size_t size, ForOverwrite) : size_(size)
	{
		static_assert(std::is_trivially_default_constructible_v<T> && std::is_trivially_destructible_v<T>,
			      "krcu: only elements of trivial type can be left unset: use draft()");
		for (std::size_t i = 0; i < size; i++)
			::new (static_cast<void *>(elements() + i)) T;
	}

	Array(const Array &) = delete;
	Array &operator=(const Array &) = delete;

	std::size_t size() const noexcept { return size_; }
	T &operator[](std::size_t i) noexcept { return begin()[i]; }
	const T &operator[](std::size_t i) const noexcept { return begin()[i]; }
	T *begin() noexcept { return elements(); }
	T *end() noexcept { return begin() + size_; }
	const T *begin() const noexcept { return reinterpret_cast<const T *>(this + 1); }
	const T *end() const noexcept { return begin() + size_; }

private:
	// Holds because Node::make_array() allocates them there, and this object is aligned as they are.
	T *elements() noexcept { return reinterpret_cast<T *>(this + 1); }

	std::size_t size_;
};

template <class T>
struct Element {
	using type = T;
};
template <class T>
struct Element<T[]> {
	static_assert(Boxable<T>::value);
	using type = Array<T>;
};

/// What a box of T owns: T, or for E[] an Array of E.
template <class T>
using element_t = typename Element<T>::type;

} // namespace krcu::internal

#endif // KRCU_INTERNAL_ARRAY_HPP
