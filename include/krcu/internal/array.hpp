// SPDX-License-Identifier: GPL-2.0
/// @file
/// Elements behind an object, in its allocation; and Array, what a box of T[] owns: a size with them behind it.
#ifndef KRCU_INTERNAL_ARRAY_HPP
#define KRCU_INTERNAL_ARRAY_HPP

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include <krcu/internal/boxable.hpp>

namespace krcu::internal {

/// A range of elements. Not std::span, whose header Clang refuses in code for x86 kernels.
template <class E>
class Elements final {
public:
	constexpr Elements(E *first, std::size_t size) noexcept : first_(first), size_(size) {}

	constexpr E *begin() const noexcept { return first_; }
	constexpr E *end() const noexcept { return first_ + size_; }
	constexpr E *data() const noexcept { return first_; }
	constexpr std::size_t size() const noexcept { return size_; }
	constexpr bool empty() const noexcept { return !size_; }
	constexpr E &operator[](std::size_t i) const noexcept { return first_[i]; }

private:
	E *first_;
	std::size_t size_;
};

/// The alignment that suits all of them. GCC 12 hears only one of several alignas that depend on a template.
template <class... Ts>
constexpr std::size_t strictest_align = [] {
	std::size_t align = 1;

	((align = alignof(Ts) > align ? alignof(Ts) : align), ...);
	return align;
}();

/// What has E's behind it: an Array, or a Tail.
template <class T>
concept HasTail = requires { typename T::tail_type; };

/// Whether a value-initialised E is zeroes, as it is not of pointers to members.
template <class E>
constexpr bool zero_bytes_are_its_value = std::is_arithmetic_v<E> || std::is_enum_v<E> || std::is_pointer_v<E>;

/// How these are made and end.
struct Trailing final {
	/// The bytes of an N, which a T with `n` elements ends, and of these; 0 where they are more than can be addressed.
	/// Allocators want a multiple of the alignment.
	template <class N, class T>
	static constexpr std::size_t size(std::size_t n)
	{
		constexpr std::size_t element = sizeof(typename T::tail_type);
		constexpr std::size_t limit = PTRDIFF_MAX - sizeof(N) - alignof(N);

		return n > limit / element ? 0 : (sizeof(N) + n * element + alignof(N) - 1) & -alignof(N);
	}

	/// Constructs one in memory of that size, its elements value-initialised, or left to be written. Returns whether
	/// it came out with `n` of them; if not, there is none.
	template <bool for_overwrite, class T, class... Args>
	static bool construct(T *memory, std::size_t n, Args &&...args)
	{
		using E = typename T::tail_type;
		T *object = ::new (static_cast<void *>(memory)) T(n, std::forward<Args>(args)...);

		if (object->elements_size() != n) {
			object->undo();
			return false;
		}
		static_assert(!for_overwrite || (std::is_trivially_default_constructible_v<E> && std::is_trivially_destructible_v<E>),
			      "krcu: only elements of trivial type can be left unset: use draft()");
		for (std::size_t i = 0; i < n; i++) {
			if constexpr (for_overwrite || zero_bytes_are_its_value<E>)
				::new (static_cast<void *>(first<E>(object) + i)) E;
			else
				::new (static_cast<void *>(first<E>(object) + i)) E();
		}
		// In one, which compilers do not make of a loop for kernels.
		if constexpr (!for_overwrite && zero_bytes_are_its_value<E>)
			__builtin_memset(first<E>(object), 0, n * sizeof(E));
		return true;
	}

	/// In reverse, as C++ destroys arrays.
	template <class E>
	static void destroy(const Elements<E> &elements)
	{
		for (std::size_t i = elements.size(); i--;)
			elements[i].~E();
	}

	/// Holds because whoever constructs an object allocates them there, and the object is aligned as they are.
	template <class E, class T>
	static E *first(T *object) noexcept
	{
		return reinterpret_cast<E *>(object + 1);
	}
};

/// Readers see it as a range: size(), [], begin(), end().
template <class T>
class alignas(strictest_align<T, std::size_t>) Array final {
	static_assert(TraitsCanBeRead<T>::value && EndsByDestructor<T>::value);

public:
	using tail_type = T;

	static constexpr bool belongs_to_scope = BelongsToScope<T>;
	static constexpr bool destructor_may_sleep = DestructorMaySleep<T>;

	Array(const Array &) = delete;
	Array &operator=(const Array &) = delete;

	~Array()
		requires std::is_trivially_destructible_v<T>
	= default;
	~Array() { Trailing::destroy(Elements<T>(begin(), size_)); }

	std::size_t size() const noexcept { return size_; }
	T &operator[](std::size_t i) noexcept { return begin()[i]; }
	const T &operator[](std::size_t i) const noexcept { return begin()[i]; }
	T *begin() noexcept { return Trailing::first<T>(this); }
	T *end() noexcept { return begin() + size_; }
	const T *begin() const noexcept { return Trailing::first<const T>(this); }
	const T *end() const noexcept { return begin() + size_; }

private:
	friend Trailing;

	explicit Array(std::size_t size) noexcept : size_(size) {}
	std::size_t elements_size() const noexcept { return size_; }
	void undo() noexcept {}

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
