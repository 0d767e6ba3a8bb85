// SPDX-License-Identifier: GPL-2.0
/// @file
/// What every box of krcu points to: an rcu_head, then the value, in one allocation.
#ifndef KRCU_INTERNAL_NODE_HPP
#define KRCU_INTERNAL_NODE_HPP

#include <cerrno>
#include <cstddef>
#include <expected>
#include <new>
#include <type_traits>
#include <utility>

#include <krcu-constants.h>
#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/array.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/shims.h>
#include <krcu/internal/stats.hpp>
#include <krcu/reclaim.hpp>

namespace krcu::internal {

/// The rcu_head comes first: kvfree_rcu() wants it within the first 4096 bytes, and its address is
/// then the allocation's, so that neither reclaiming nor reading computes one.
///
/// Without a callback (kvfree_rcu() takes the memory of what has no destructor to call) a smaller head may do.
template <class T, Allocator A, bool without_callback_if_trivial = false>
class Node final {
	static_assert(Allocatable<T, A>::value);

	static constexpr std::size_t head_size =
		without_callback_if_trivial && std::is_trivially_destructible_v<T> ? internal::head_size<A> : KRCU_HEAD_SIZE;

	// struct rcu_head, which call_rcu() and kvfree_rcu() initialise; or what of it A::free_rcu() needs.
	alignas(KRCU_HEAD_ALIGN) std::byte head_[head_size];

public:
	Node(const Node &) = delete;
	Node &operator=(const Node &) = delete;

	/// Memory for a value that is still to be constructed, or null.
	static Node *allocate(gfp_t gfp, std::size_t size = sizeof(Node))
	{
		static_assert(alignof(Node) <= A::max_align, "krcu: T wants more alignment than its allocator can give");
		void *memory = A::alloc(size, alignof(Node), gfp);

		if (memory)
			count(KRCU_LIVE, 1);
		return memory ? ::new (memory) Node : nullptr;
	}

	/// A value constructed in place, or null.
	template <class... Args>
	static Node *make(gfp_t gfp, Args &&...args)
	{
		if constexpr (HasTail<T>) {
			return make_with_tail<false>(gfp, std::forward<Args>(args)...);
		} else {
			Node *node = allocate(gfp);

			if (node)
				::new (static_cast<void *>(&node->value)) T(std::forward<Args>(args)...);
			return node;
		}
	}

	/// A value that `int init(T *)` constructed in place, or its errno, or -ENOMEM.
	template <class F>
	static std::expected<Node *, int> try_make(gfp_t gfp, F &&init)
	{
		static_assert(!HasTail<T>, "krcu: try_make() does not know how many elements there are: use draft()");
		static_assert(Returns<F, int, T *>, "krcu: try_make() wants an `int init(T *)`: 0, or a negative errno");
		Node *node = allocate(gfp);

		if (!node)
			return std::unexpected(-ENOMEM);
		if (int err = std::forward<F>(init)(&node->value)) {
			node->deallocate();
			return std::unexpected(err);
		}
		return node;
	}

	/// A value with `n` elements behind it, or null, also where they are more than can be addressed, or than the
	/// value knows to count. Only the caller is told: where user space chooses `n`, it must not be able to fill the
	/// log with warnings.
	template <bool for_overwrite, class... Args>
	static Node *make_with_tail(gfp_t gfp, std::size_t n, Args &&...args)
	{
		const std::size_t size = Trailing::size<Node, T>(n);
		Node *node = size ? allocate(gfp | __GFP_NOWARN, size) : nullptr;

		if (!node || Trailing::construct<for_overwrite>(&node->value, n, std::forward<Args>(args)...))
			return node;
		node->deallocate();
		return nullptr;
	}

	/// Frees the memory now, without destroying a value.
	void deallocate()
	{
		count(KRCU_LIVE, -1);
		A::free(this);
	}

	/// Frees the memory after a grace period, without destroying a value.
	void deallocate_rcu()
	{
		static_assert(head_size >= internal::head_size<A>);
		count(KRCU_LIVE, -1);
		A::free_rcu(reinterpret_cast<callback_head *>(head_));
	}

	/// Destroys the value and frees the memory, now.
	void destroy()
	{
		static_assert(EndsByDestructor<T>::value);
		value.~T();
		deallocate();
	}

	/// Destroys the value and frees the memory after a grace period, in the context that R says.
	template <reclaim::Policy R = reclaim::Softirq>
	void destroy_rcu()
	{
		static_assert(EndsByDestructor<T>::value);
		if constexpr (std::is_trivially_destructible_v<T>) {
			deallocate_rcu();
		} else if constexpr (std::is_same_v<R, reclaim::Work>) {
			count(KRCU_BATCHED, 1);
			krcu_reclaim_retire(head(), destroy_in_work);
		} else {
			static_assert(!DestructorMaySleep<T>,
				      "krcu: ~T may sleep, but an RCU callback runs in softirq: use RcuBox<T, A, krcu::reclaim::Work>");
			count(KRCU_CALLBACKS, 1);
			krcu_call_rcu(head(), run_destructor<krcu_rcu_ran>);
		}
	}

	/// As destroy_rcu(), and the kernel does not put the callback off to save power.
	void destroy_rcu_hurry()
	{
		static_assert(!DestructorMaySleep<T>, "krcu: ~T may sleep, but an RCU callback runs in softirq");
		count(KRCU_CALLBACKS, 1);
		krcu_call_rcu_hurry(head(), run_destructor<krcu_rcu_ran>);
	}

	/// Destroys the value and frees the memory after a grace period of that domain. There is no
	/// kvfree_rcu() for domains, so it takes a callback even where there is nothing to destroy.
	template <krcu_ran &ran>
	void destroy_srcu(srcu_struct *domain)
	{
		static_assert(EndsByDestructor<T>::value);
		static_assert(!DestructorMaySleep<T>, "krcu: ~T may sleep, but an SRCU callback runs with softirqs disabled");
		count(KRCU_CALLBACKS, 1);
		krcu_call_srcu(domain, head(), run_destructor<ran>);
	}

	/// The domain of an SrcuBox. It is kept where the kernel writes only when the object is retired, so
	/// it costs no memory. Holds because an rcu_head is two pointers, aligned as one at least.
	void set_domain(srcu_struct *domain) { *reinterpret_cast<srcu_struct **>(head_) = domain; }
	srcu_struct *domain() const { return *reinterpret_cast<srcu_struct *const *>(head_); }

	// A union, so that the value lives from its constructor to its destructor, not from the node's.
	union {
		T value;
	};

private:
	Node() {}
	~Node() {}

	// Holds because the head is the node's first member, and only the functions above pass one on.
	static Node *of_head(callback_head *head) { return reinterpret_cast<Node *>(head); }

	/// The callback. Its parameter's type is what kCFI checks.
	template <krcu_ran &ran>
	static void run_destructor(callback_head *head)
	{
		Node *node = of_head(head);

		node->value.~T();
		krcu_callback_ran(&ran);
		count(KRCU_CALLBACKS, -1);
		node->deallocate();
	}

	/// What the work item calls, once for all of the type that come one behind the other: so the compiler sees the
	/// destructor, and there is one indirect call for many.
	static callback_head *destroy_in_work(callback_head *head, krcu_bulk *bulk)
	{
		std::size_t room = KRCU_BULK;

		if constexpr (FreesInBulk<A>)
			room = krcu_reclaim_bulk(bulk, A::free_bulk);
		do {
			Node *node = of_head(head);

			head = krcu_reclaim_next(head);
			node->value.~T();
			count(KRCU_BATCHED, -1);
			--room;
			if constexpr (FreesInBulk<A>) {
				count(KRCU_LIVE, -1);
				bulk->objects[room] = node;
			} else {
				node->deallocate();
			}
		} while (room && krcu_reclaim_is_for(head, destroy_in_work));
		if constexpr (FreesInBulk<A>)
			bulk->room = room;
		return head;
	}

	/// For a callback.
	callback_head *head()
	{
		static_assert(head_size == KRCU_HEAD_SIZE);
		return reinterpret_cast<callback_head *>(head_);
	}
};

/// Of an object that is retired to RCU itself, and not to a domain.
template <class T, Allocator A>
using RcuNode = Node<T, A, true>;

} // namespace krcu::internal

#endif // KRCU_INTERNAL_NODE_HPP
