// SPDX-License-Identifier: GPL-2.0
/// @file
/// Where the memory of an object comes from, and how it is freed: at once or after a grace period.
#ifndef KRCU_ALLOCATOR_HPP
#define KRCU_ALLOCATOR_HPP

#include <bit>
#include <concepts>
#include <cstddef>
#include <utility>

#include <krcu-constants.h>
#include <krcu/gfp.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

/// A source of memory. All functions are static; an allocator has no state.
///
/// - `alloc(size, align, gfp)`: `size` bytes aligned to `align`, or null. `size` is a multiple of `align`.
/// - `free(p)`: frees `p` now.
/// - `free_rcu(head)`: frees, after a grace period, the memory that begins with this rcu_head.
/// - `free_bulk(n, pointers)`: frees `n` at once, in process context; for reclaim::Work, which calls free() for each
///   where there is no such function.
/// - `max_align`: the largest `align` that alloc() can do, in bytes.
/// - `head_size`: how many bytes free_rcu() uses of that memory until then; an rcu_head's if there is no such constant.
/// - `value_type`: only in an allocator whose memory is all for objects of one type: that type.
template <class A>
concept Allocator = requires(std::size_t size, gfp_t gfp, void *p, callback_head *head) {
	{ A::alloc(size, size, gfp) } -> std::same_as<void *>;
	{ A::free(p) } -> std::same_as<void>;
	{ A::free_rcu(head) } -> std::same_as<void>;
	{ A::max_align } -> std::convertible_to<std::size_t>;
};

namespace internal {

/// What free_rcu() uses at the beginning of the memory, in bytes.
template <class A>
constexpr std::size_t head_size = KRCU_HEAD_SIZE;
template <class A>
	requires requires { A::head_size; }
constexpr std::size_t head_size<A> = A::head_size;

template <class A>
concept FreesInBulk = requires(std::size_t n, void **pointers) {
	{ A::free_bulk(n, pointers) } -> std::same_as<void>;
};

template <class A, class T>
concept AllocatorFor = Allocator<A> && (!requires { typename A::value_type; } ||
					(std::same_as<typename A::value_type, T> && !requires { typename T::tail_type; }));

/// kmalloc() aligns every size to ARCH_KMALLOC_MINALIGN, and powers of two to themselves
/// (Documentation/core-api/memory-allocation.rst): what needs more alignment asks for a power of two.
constexpr std::size_t kmalloc_size(std::size_t size, std::size_t align)
{
	return align <= KRCU_KMALLOC_MINALIGN ? size : std::bit_ceil(size);
}

} // namespace internal

/// Physically contiguous memory from the slab allocator: kmalloc(), kfree(), kvfree_rcu().
/// Context: alloc() any that `gfp` allows; free() any but NMI, and on PREEMPT_RT, where slab's locks may
/// sleep, neither in hard interrupts nor with preemption disabled; free_rcu() any but NMI.
struct Kmalloc {
	static constexpr std::size_t max_align = KRCU_PAGE_SIZE;
	static constexpr std::size_t head_size = KRCU_KVFREE_HEAD_SIZE;

	[[nodiscard]] static void *alloc(std::size_t size, std::size_t align, gfp_t gfp)
	{
		return krcu_kmalloc(internal::kmalloc_size(size, align), std::to_underlying(gfp));
	}
	static void free(void *p) { krcu_kfree(p); }
	static void free_bulk(std::size_t n, void **pointers) { krcu_kfree_bulk(n, pointers); }
	static void free_rcu(callback_head *head) { krcu_kvfree_rcu(head); }
};

/// Virtually contiguous memory in whole pages: vmalloc(), vfree(), kvfree_rcu().
/// Context: alloc() process only, it may sleep; free() interrupt, or process where it may sleep;
/// free_rcu() any but NMI.
struct Vmalloc {
	static constexpr std::size_t max_align = KRCU_PAGE_SIZE;
	static constexpr std::size_t head_size = KRCU_KVFREE_HEAD_SIZE;

	[[nodiscard]] static void *alloc(std::size_t size, std::size_t, gfp_t gfp)
	{
		return krcu_vmalloc(size, std::to_underlying(gfp));
	}
	static void free(void *p) { krcu_vfree(p); }
	static void free_rcu(callback_head *head) { krcu_kvfree_rcu(head); }
};

/// kmalloc() where it succeeds, else vmalloc(): kvmalloc(), kvfree(), kvfree_rcu().
/// Context: as Vmalloc.
struct KVmalloc {
	static constexpr std::size_t max_align = KRCU_PAGE_SIZE;
	static constexpr std::size_t head_size = KRCU_KVFREE_HEAD_SIZE;

	[[nodiscard]] static void *alloc(std::size_t size, std::size_t align, gfp_t gfp)
	{
		return krcu_kvmalloc(internal::kmalloc_size(size, align), std::to_underlying(gfp));
	}
	static void free(void *p) { krcu_kvfree(p); }
	static void free_rcu(callback_head *head) { krcu_kvfree_rcu(head); }
};

} // namespace krcu

#endif // KRCU_ALLOCATOR_HPP
