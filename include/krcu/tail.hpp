// SPDX-License-Identifier: GPL-2.0
/// @file
/// Tail: a header with elements behind it in one allocation, as a struct of C that ends in a flexible array.
#ifndef KRCU_TAIL_HPP
#define KRCU_TAIL_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include <krcu/internal/array.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>

namespace krcu {

namespace internal {

/// A header that says how many elements are behind it.
template <class Header>
concept KnowsTailSize = requires(const Header &header) { header.tail_size(); };

/// Their number, in a Tail whose header does not.
template <class Header>
struct TailSize final {
	explicit TailSize(std::size_t number) noexcept : n(number) {}

	std::size_t n;
};
template <KnowsTailSize Header>
struct TailSize<Header> final {
	explicit TailSize(std::size_t) noexcept {}
};

} // namespace internal

/// As the T of a box or an RcuRef: a Header, which it derives from, and n E's right behind it, in one allocation.
///
/// `make(gfp, n, header arguments...)` makes one: the header from the arguments, and the elements value-initialised;
/// `draft(gfp, n, ...)` one that can be filled, and `draft_for_overwrite(gfp, n, ...)` one whose elements, of a
/// trivial type, have no value yet. Empty where the allocation fails, also because `n` elements are more than can be
/// addressed. The kernel does not warn of that: `n` may come from user space.
///
/// n is kept in a word of its own behind the header, unless the header has it anyway, and says so: as
/// `std::size_t tail_size() const`. If that is not n once the header is made, because a length in 16 bits was too
/// short for it, say, the allocation comes out empty as well.
///
/// What is const shows const elements, so readers cannot write to them. Whatever is said of T's destructor, of what
/// T tells of itself, and of T's members, as a List's link, is the header's. A SlabCache has no room for a tail.
///
/// Use like:
///
///     struct Name {
///             explicit Name(int o) : owner(o) {}
///             int owner;
///     };
///     using NameBox = krcu::RcuKBox<krcu::Tail<Name, char>>;
///
///     NameBox make_name(int owner, const char *name, std::size_t length)
///     {
///             auto draft = NameBox::draft_for_overwrite(krcu::GFP_KERNEL, length, owner);
///             if (!draft)
///                     return {};
///             for (char &c : draft->tail())
///                     c = *name++;
///             return std::move(draft).seal();
///     }
///
///     bool is_owned_by(const krcu::Tail<Name, char> &name, int owner)
///     {
///             return name.header().owner == owner && !name.tail().empty();
///     }
template <class Header, class E>
class alignas(internal::strictest_align<Header, E, internal::TailSize<Header>>) Tail final : public Header {
	static_assert(internal::TraitsCanBeRead<Header>::value && internal::TraitsCanBeRead<E>::value);
	static_assert(internal::Boxable<E>::value && internal::EndsByDestructor<E>::value);

public:
	/// What is behind it.
	using tail_type = E;

	/// Read by the boxes, as of any T.
	static constexpr bool belongs_to_scope = internal::BelongsToScope<Header> || internal::BelongsToScope<E>;
	static constexpr bool destructor_may_sleep = internal::DestructorMaySleep<Header> ||
						     internal::DestructorMaySleep<E>;

	Tail(const Tail &) = delete; // its elements are no part of it
	Tail &operator=(const Tail &) = delete;

	~Tail()
		requires(std::is_trivially_destructible_v<Header> && std::is_trivially_destructible_v<E>)
	= default;
	~Tail() { internal::Trailing::destroy(tail()); }

	/// What is in front of the elements.
	Header &header() noexcept KRCU_LIFETIMEBOUND { return *this; }
	const Header &header() const noexcept KRCU_LIFETIMEBOUND { return *this; }

	/// The elements: a range with size(), empty(), [], begin(), end() and data().
	internal::Elements<E> tail() noexcept KRCU_LIFETIMEBOUND
	{
		return { internal::Trailing::first<E>(this), elements_size() };
	}
	internal::Elements<const E> tail() const noexcept KRCU_LIFETIMEBOUND
	{
		return { internal::Trailing::first<const E>(this), elements_size() };
	}

private:
	friend internal::Trailing;

	template <class... Args>
	explicit Tail(std::size_t n, Args &&...args) : Header(std::forward<Args>(args)...), size_(n)
	{
	}

	std::size_t elements_size() const noexcept
	{
		if constexpr (internal::KnowsTailSize<Header>)
			return this->tail_size();
		else
			return size_.n;
	}

	// Ends it where it has no elements.
	void undo() noexcept { header().~Header(); }

	[[no_unique_address]] internal::TailSize<Header> size_;
};

} // namespace krcu

#endif // KRCU_TAIL_HPP
