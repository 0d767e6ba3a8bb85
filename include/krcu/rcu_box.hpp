// SPDX-License-Identifier: GPL-2.0
/// @file
/// RcuBox: owns one object that RCU readers may still be reading when it dies.
#ifndef KRCU_RCU_BOX_HPP
#define KRCU_RCU_BOX_HPP

#include <cstddef>
#include <expected>
#include <type_traits>
#include <utility>

#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/node.hpp>
#include <krcu/internal/owner.hpp>
#include <krcu/rcu.hpp>
#include <krcu/reclaim.hpp>

namespace krcu {

/// Owns one T on the heap; destroys it a grace period after the box is dropped.
///
/// T may be any object type. Its destructor, if not trivial, runs in an RCU callback: in softirq,
/// or with softirqs disabled, on any CPU, so it must not sleep. A T whose destructor sleeps says so
/// with a public `static constexpr bool destructor_may_sleep = true`, and is then refused unless R is
/// reclaim::Work, which destroys it in process context. This is not inherited from members: T must
/// declare it too. A private one is refused, except in a final class or a union, where it cannot be
/// seen. Where T is trivially destructible no callback runs at all: kvfree_rcu() takes the memory.
///
/// RcuBox<E[]> owns an array: its object is a range of E that knows its size, in one allocation.
///
/// A box is one pointer; the allocation is T and an rcu_head before it, or from 7.3 on, where T is trivially
/// destructible, the smaller kvfree_rcu_head. It is like std::unique_ptr except that it waits, that access is const
/// (readers may be looking), and that an allocation that failed is an empty box, as there are no exceptions.
///
/// Dropping a box, resetting it, or moving another one over it retires the object: one grace period from then it
/// is destroyed and its memory freed. That does not sleep. Context: any but NMI; also under a ReadGuard. See
/// call_rcu(), kvfree_rcu().
///
/// What all boxes have (moving, reset(), bool, *, ->, into_foreign(), from_foreign(), borrow()) is in
/// krcu/internal/owner.hpp.
///
/// After Rust's RcuBox<T, A> (rust/kernel/sync/rcu/rcu_box.rs in the rust-for-linux list's patches).
///
/// Use like:
///
///     struct Config {
///             int limit;
///     };
///     KRCU_GLOBAL(config, krcu::Rcu<krcu::RcuKBox<Config>>);
///
///     int set_limit(int limit)
///     {
///             auto box = krcu::RcuKBox<Config>::make(krcu::GFP_KERNEL, limit);
///             if (!box)
///                     return -ENOMEM;
///             auto old = config->replace(std::move(box));
///             return 0;
///     }
template <class T, Allocator A = Kmalloc, reclaim::Policy R = reclaim::Softirq>
class [[nodiscard("dropping a box retires its object")]] RcuBox final
	: public internal::Owner<RcuBox<T, A, R>, internal::element_t<T>, internal::RcuNode<internal::element_t<T>, A>> {
	using Node = internal::RcuNode<internal::element_t<T>, A>;
	using Owner = internal::Owner<RcuBox, internal::element_t<T>, Node>;

public:
	using typename Owner::element_type;

	/// An empty box.
	constexpr RcuBox() noexcept = default;

	/// Allocates and constructs a T from `args`. Empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static RcuBox make(gfp_t gfp, Args &&...args)
		requires(!std::is_unbounded_array_v<T>)
	{
		return RcuBox(Node::make(gfp, std::forward<Args>(args)...));
	}

	/// For RcuBox<E[]>: allocates `n` elements, value-initialised. Empty where the allocation fails,
	/// and where `n` elements are more than can be addressed. The kernel does not warn of it: `n` may
	/// come from user space, so that the allocation has __GFP_NOWARN.
	/// Context: as above.
	static RcuBox make(gfp_t gfp, std::size_t n)
		requires std::is_unbounded_array_v<T>
	{
		return RcuBox(Node::make(gfp, n));
	}

	/// Not for RcuBox<E[]>: allocates, and lets `int init(T *)` construct the value in the uninitialised memory.
	/// `init` returns 0, or a negative errno if it constructed nothing; then the memory is freed at once and
	/// the errno comes out. -ENOMEM where the allocation fails.
	/// Context: any that `gfp` and `init` allow; see the allocator.
	template <class F>
	[[nodiscard("dropping a box retires its object")]]
	static std::expected<RcuBox, int> try_make(gfp_t gfp, F &&init)
		requires(!std::is_unbounded_array_v<T>)
	{
		auto node = Node::try_make(gfp, std::forward<F>(init));

		if (!node)
			return std::unexpected(node.error());
		return RcuBox(*node);
	}

	/// For RcuBox<E[]>: the elements, of which there are size(). The box must not be empty.
	const auto &operator[](std::size_t i) const noexcept KRCU_LIFETIMEBOUND
		requires std::is_unbounded_array_v<T>
	{
		return this->node_->value[i];
	}
	std::size_t size() const noexcept
		requires std::is_unbounded_array_v<T>
	{
		return this->node_->value.size();
	}

	/// The object, for as long as the guard lives, even if the box is dropped meanwhile.
	/// The box must not be empty. Context: any that the guard allows.
	const element_type &with_rcu(KRCU_LIFETIMEBOUND const ReadGuard &) const noexcept { return this->node_->value; }
	const element_type &with_rcu(const ReadGuard &&) const = delete; // the guard would be gone before the reference

	/// The object behind a pointer that into_foreign() returned, for as long as the guard lives,
	/// even if from_foreign() takes it back meanwhile: dropping the box then waits for this reader.
	/// Context: any that the guard allows.
	static const element_type &rcu_borrow(void *foreign, KRCU_LIFETIMEBOUND const ReadGuard &) noexcept
	{
		return Owner::node_of(foreign)->value;
	}
	static const element_type &rcu_borrow(void *foreign, const ReadGuard &&) = delete;

private:
	friend Owner;

	explicit RcuBox(Node *node) noexcept : Owner(node) {}

	static void drop(Node *node) noexcept { node->template destroy_rcu<R>(); }
	static void discard(Node *node) noexcept { node->destroy(); }
};

template <class T, reclaim::Policy R = reclaim::Softirq>
using RcuKBox = RcuBox<T, Kmalloc, R>;
template <class T, reclaim::Policy R = reclaim::Softirq>
using RcuVBox = RcuBox<T, Vmalloc, R>;
template <class T, reclaim::Policy R = reclaim::Softirq>
using RcuKVBox = RcuBox<T, KVmalloc, R>;

} // namespace krcu

#endif // KRCU_RCU_BOX_HPP
