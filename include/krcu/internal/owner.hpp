// SPDX-License-Identifier: GPL-2.0
/// @file
/// Owner: what all boxes have in common, one owned pointer that can be handed to C and taken back.
#ifndef KRCU_INTERNAL_OWNER_HPP
#define KRCU_INTERNAL_OWNER_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include <krcu/draft.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/array.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/foreign.hpp>
#include <krcu/internal/unique.hpp>

namespace krcu::internal {

/// The base of a box of T, `Box`. It points to a Node: a T, or something that has one as `value`.
///
/// The box says how one is made, and in private how an object ends: in `static void drop(Node *)`, and in
/// `static void discard(Node *)` if nobody else can have seen it. Moving a box empties it. Moving one over another
/// drops the object held there; onto itself changes nothing.
template <class Box, class T, class Node>
class Owner {
	static_assert(Boxable<T>::value);

public:
	using element_type = T;

	/// An object as make() has it, from the same arguments, that can still be written to: see Draft. Empty where
	/// the allocation fails. Context: as make().
	template <class... Args>
	static Draft<Box> draft(Args &&...args)
	{
		return Draft<Box>::from_foreign(Box::make(std::forward<Args>(args)...).into_foreign());
	}

	/// As draft(), of a T that is an array or a Tail, whose elements have no value yet; they are of a trivial type.
	/// Context: as make().
	template <class... Args>
	static Draft<Box> draft_for_overwrite(gfp_t gfp, std::size_t n, Args &&...args)
		requires HasTail<T>
	{
		return Draft<Box>::from_foreign(Node::template make_with_tail<true>(gfp, n, std::forward<Args>(args)...));
	}

	/// Drops the object, as the destructor does, and leaves the box empty.
	void reset() noexcept { node_ = Pointer(); }

	/// Whether the box holds an object.
	explicit operator bool() const noexcept { return bool(node_); }

	/// The object, as long as this box owns it. The box must not be empty.
	const T &operator*() const noexcept KRCU_LIFETIMEBOUND { return value_of(node_.get()); }
	const T *operator->() const noexcept KRCU_LIFETIMEBOUND { return &value_of(node_.get()); }

	/// Hands ownership over as one pointer, for a C container; null for an empty box. Of a Box it is a pointer
	/// to the T. Of the others it points to a struct rcu_head with the T behind it, and is aligned as that; from 7.3 on to
	/// a struct kvfree_rcu_head in an RcuFreeBox, and in an RcuBox where T is trivially destructible.
	/// Context: any.
	[[nodiscard("the pointer owns the object")]] void *into_foreign() && noexcept
	{
		return node_.release();
	}
	void *into_foreign() & = delete; // it leaves the box empty: std::move() it

	/// Takes ownership back. `foreign` comes from into_foreign() of the same type of box, and is not
	/// used as an owner again; null makes an empty box.
	/// Context: any.
	static Box from_foreign(void *foreign) noexcept { return Box(node_of(foreign)); }

	/// The object behind a pointer that into_foreign() returned, as long as it stays an owner.
	/// Context: any.
	static const T &borrow(void *foreign) noexcept { return value_of(node_of(foreign)); }

private:
	friend Box;
	friend Draft<Box>;
	friend Foreign;

	struct Drop {
		void operator()(Node *node) const noexcept { Box::drop(node); }
	};
	using Pointer = Unique<Node, Drop>;

	constexpr Owner() noexcept = default;
	explicit Owner(Node *node) noexcept : node_(node) {}

	// Holds because into_foreign() made the pointer, from a Node of this very type.
	static Node *node_of(void *foreign) noexcept { return static_cast<Node *>(foreign); }

	// For a Draft: the object ends, may be found by readers from here on, and may not after all.
	static void discard_foreign(void *foreign) noexcept { Box::discard(node_of(foreign)); }
	static void seal_foreign(void *) noexcept {}
	static void unseal_foreign(void *) noexcept {}

	static const T &value_of(const Node *node) noexcept
	{
		if constexpr (std::is_same_v<Node, T>)
			return *node;
		else
			return node->value;
	}

	// Holds for objects of an owner alone: what has no node around it has no such pointer.
	static void *foreign_of(const T &object) noexcept
	{
		if constexpr (std::is_same_v<Node, T>)
			return const_cast<T *>(&object);
		else
			return container_of(&object, &Node::value);
	}

	Pointer node_;
};

} // namespace krcu::internal

#endif // KRCU_INTERNAL_OWNER_HPP
