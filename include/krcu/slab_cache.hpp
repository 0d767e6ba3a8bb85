// SPDX-License-Identifier: GPL-2.0
/// @file
/// SlabCache: memory for objects of one type, from a kmem_cache of the module's own.
#ifndef KRCU_SLAB_CACHE_HPP
#define KRCU_SLAB_CACHE_HPP

#include <cstddef>
#include <utility>

#include <krcu-constants.h>
#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/node.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

/// Memory for boxes of T from a kmem_cache of the module's own: kmem_cache_alloc(), kmem_cache_free(),
/// kvfree_rcu(), and before 6.12 call_rcu().
///
/// Each T has one cache in each module. Its objects are as large as T and a box's rcu_head, where
/// kmalloc() would round up; so it is for boxes of T alone, and for no arrays. /proc/slabinfo has them by
/// name, unless the kernel merges the cache with a similar one. As from every kmem_cache_create(), hardened
/// usercopy lets nothing in them be copied to or from user space directly.
///
/// When the module goes, or its init fails, the cache is destroyed, after the last grace period that an
/// object waits for. If a box was leaked, kmem_cache_destroy() warns then.
///
/// SLAB_TYPESAFE_BY_RCU is left out on purpose. With it, an object may become another T under its
/// readers, who have to check which one they found. A box promises them the same T for a grace period, and
/// its memory comes back here only after that; so the flag would add nothing but a wait.
///
/// Context: as Kmalloc.
///
/// Use like:
///
///     struct Session {
///             int id;
///     };
///     using SessionBox = krcu::RcuBox<Session, krcu::SlabCache<Session>>;
///
///     int start()                             // the module's init
///     {
///             return krcu::SlabCache<Session>::create("mydrv_session");
///     }
///
///     SessionBox make_session(int id)
///     {
///             return SessionBox::make(krcu::GFP_KERNEL, id);
///     }
template <class T>
class SlabCache final {
	// The most that a box of T allocates, whatever box and allocator.
	using Object = internal::Node<T, Kmalloc>;

public:
	using value_type = T;

	static constexpr std::size_t max_align = KRCU_PAGE_SIZE;
	// Where free_rcu() takes a callback this is an rcu_head's.
	static constexpr std::size_t head_size = KRCU_KVFREE_HEAD_SIZE;

	/// Creates the cache. `name` is no other cache's. 0, or -ENOMEM where kmem_cache_create() fails, or
	/// -EEXIST where the cache is there already. It has to be there before the first box is made: where it
	/// is not, the box is empty and the kernel warns if it has CONFIG_PROVE_RCU, else it crashes as in C.
	/// Context: process; sleeps.
	[[nodiscard("no box can be made without the cache")]] static int create(const char *name)
	{
		constexpr std::size_t size = sizeof(Object);

		static_assert(size <= KRCU_KMALLOC_MAX_SIZE, "krcu: T is too large for a kmem_cache: use Vmalloc");
		return krcu_cache_create(&cache_, name, size, alignof(Object));
	}

	/// Null also for what an object of the cache is too small for; boxes ask for a constant, so that this
	/// costs nothing.
	[[nodiscard]] static void *alloc(std::size_t size, std::size_t align, gfp_t gfp)
	{
		return size <= sizeof(Object) && align <= alignof(Object)
			       ? krcu_kmem_cache_alloc(cache_.kmem, std::to_underlying(gfp))
			       : nullptr;
	}

	/// See kmem_cache_free().
	static void free(void *p) { krcu_kmem_cache_free(cache_.kmem, p); }

	/// See kmem_cache_free_bulk().
	static void free_bulk(std::size_t n, void **pointers) { krcu_kmem_cache_free_bulk(cache_.kmem, n, pointers); }

	/// See kvfree_rcu().
	static void free_rcu(callback_head *head)
	{
		// kvfree_rcu() frees in batches, which kmem_cache_destroy() has to wait for; a callback is waited
		// for by the module's exit.
		if constexpr (KRCU_CACHE_DESTROY_WAITS)
			krcu_kvfree_rcu(head);
		else
			krcu_call_rcu(head, [](callback_head *object) { free(object); });
	}

private:
	static inline constinit krcu_cache cache_ = {};
};

} // namespace krcu

#endif // KRCU_SLAB_CACHE_HPP
