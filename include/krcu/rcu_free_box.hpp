// SPDX-License-Identifier: GPL-2.0
/// @file
/// RcuFreeBox: cleans its object up at once and frees only the memory after a grace period.
#ifndef KRCU_RCU_FREE_BOX_HPP
#define KRCU_RCU_FREE_BOX_HPP

#include <concepts>
#include <type_traits>
#include <utility>

#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/names.hpp>
#include <krcu/internal/node.hpp>
#include <krcu/internal/owner.hpp>
#include <krcu/rcu.hpp>

namespace krcu {

/// A type that can be cleaned up while RCU readers still hold it.
///
/// `void drop_before_gp()` makes sure that no new reader finds the object, and cleans up. Readers
/// that found it before may go on reading for one grace period, so what they read must stay valid
/// until then; nothing runs on the object afterwards. After Rust's RcuFreeSafe.
template <class T>
concept RcuFreeSafe = requires(T &value) {
	{ value.drop_before_gp() } -> std::same_as<void>;
};

/// An RcuFreeSafe type that says which part of it stays safe: `RcuView rcu_view(const ReadGuard &) const`
/// returns what may be used for as long as the guard, also after drop_before_gp(), and offers nothing
/// else, such as registering with the object. After Rust's RcuView (the discussion of the RFC).
template <class T>
concept RcuViewable = RcuFreeSafe<T> && requires(const T &value, const ReadGuard &guard) { value.rcu_view(guard); };

namespace internal {

template <class T>
concept NamesRcuView = !requires { &WithNames<T>::rcu_view; };

} // namespace internal

/// Owns one T on the heap; when dropped, runs `T::drop_before_gp()` at once, and frees the memory
/// a grace period later. RcuBox is the other order: a grace period first, then `~T`.
///
/// ~T never runs, so T must be trivially destructible, and releases its resources in
/// drop_before_gp(), which is public. No callback runs either: kvfree_rcu() takes the memory.
///
/// A box is one pointer; the allocation is T and an rcu_head before it, from 7.3 on a kvfree_rcu_head.
///
/// Dropping a box, resetting it, or moving another one over it retires the object: drop_before_gp() runs then,
/// and the memory is freed one grace period later. Context: any but NMI that drop_before_gp() allows; also
/// under a ReadGuard.
///
/// What all boxes have (moving, reset(), bool, *, ->, into_foreign(), from_foreign(), borrow()) is in
/// krcu/internal/owner.hpp.
///
/// After Rust's RcuFreeBox<T: RcuFreeSafe> (the RFC on the rust-for-linux list).
///
/// Use like:
///
///     struct FenceContext {
///             struct View {
///                     const char *name;
///             };
///
///             View rcu_view(const krcu::ReadGuard &) const { return { name }; }
///             void drop_before_gp() { signal_all(); } // the name stays, for those who print it
///             void signal_all();
///
///             const char *name;
///     };
///
///     krcu::RcuFreeBox<FenceContext> make_context()
///     {
///             return krcu::RcuFreeBox<FenceContext>::make(krcu::GFP_KERNEL, "gpu");
///     }
template <class T, Allocator A = Kmalloc>
class [[nodiscard("dropping a box retires its object")]] RcuFreeBox final
	: public internal::Owner<RcuFreeBox<T, A>, T, internal::RcuNode<T, A>> {
	using Node = internal::RcuNode<T, A>;
	using Owner = internal::Owner<RcuFreeBox, T, Node>;

public:
	/// An empty box.
	constexpr RcuFreeBox() noexcept = default;

	/// Allocates and constructs a T from `args`. Empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static RcuFreeBox make(gfp_t gfp, Args &&...args)
	{
		return RcuFreeBox(Node::make(gfp, std::forward<Args>(args)...));
	}

	/// The part of the object that is safe for as long as the guard lives, even if the box is dropped
	/// meanwhile; where T has one. The box must not be empty. Context: any that the guard allows.
	auto rcu_view(const ReadGuard &guard) const noexcept
		requires RcuViewable<T>
	{
		return this->node_->value.rcu_view(guard);
	}
	void rcu_view(const ReadGuard &&) const = delete; // the guard would be gone before the view

	/// The object behind a pointer that into_foreign() returned, for as long as the guard lives;
	/// drop_before_gp() may run meanwhile, and T is made for that. Context: any that the guard allows.
	static const T &rcu_borrow(void *foreign, KRCU_LIFETIMEBOUND const ReadGuard &) noexcept
	{
		return Owner::node_of(foreign)->value;
	}
	static const T &rcu_borrow(void *foreign, const ReadGuard &&) = delete;

	/// The view of the object behind a pointer that into_foreign() returned, for as long as the guard
	/// lives, even if from_foreign() takes it back meanwhile; where T has one. Context: any that the guard
	/// allows.
	static auto rcu_view(void *foreign, const ReadGuard &guard) noexcept
		requires RcuViewable<T>
	{
		return Owner::node_of(foreign)->value.rcu_view(guard);
	}
	static void rcu_view(void *foreign, const ReadGuard &&) = delete; // the guard would be gone before the view

private:
	friend Owner;

	explicit RcuFreeBox(Node *node) noexcept : Owner(node) {}

	static void drop(Node *node) noexcept
	{
		drop_before_gp(node);
		node->deallocate_rcu();
	}
	static void discard(Node *node) noexcept
	{
		drop_before_gp(node);
		node->deallocate();
	}

	static void drop_before_gp(Node *node) noexcept
	{
		static_assert(RcuFreeSafe<T>,
			      "krcu: an RcuFreeBox calls `void T::drop_before_gp()` before the grace period: give T a public one, or use RcuBox");
		static_assert(std::is_trivially_destructible_v<T>,
			      "krcu: an RcuFreeBox never runs ~T: let drop_before_gp() clean up and leave T trivially destructible, or use RcuBox");
		static_assert(!internal::NamesRcuView<T> || RcuViewable<T>,
			      "krcu: readers of an RcuFreeBox call `T::rcu_view(const krcu::ReadGuard &) const`: make it public");

		node->value.drop_before_gp();
	}
};

} // namespace krcu

#endif // KRCU_RCU_FREE_BOX_HPP
