// SPDX-License-Identifier: GPL-2.0
/// @file
/// Box: owns one object that no RCU reader looks at; the plain counterpart of RcuBox.
#ifndef KRCU_BOX_HPP
#define KRCU_BOX_HPP

#include <new>
#include <utility>

#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/owner.hpp>
#include <krcu/internal/stats.hpp>

namespace krcu {

/// Owns one T on the heap and destroys it at once, like std::unique_ptr, and knows nothing of RCU.
///
/// In an Rcu it can be read all the same: its RcuOld waits for a grace period before it drops the
/// box, which blocks. Use that for a T that must be destroyed in process context, whose allocation has
/// no room for an rcu_head, or that must be gone when a function returns, as what a device's remove()
/// takes away from its readers.
///
/// Dropping a box, resetting it, or moving another one over it destroys the object and frees its memory, at once.
/// Context: any that ~T and the allocator's free() allow.
///
/// What all boxes have (moving, reset(), bool, into_foreign(), from_foreign(), borrow()) is in
/// krcu/internal/owner.hpp.
///
/// A box is one pointer; the allocation is T alone. After Rust's KBox<T> (rust/kernel/alloc/kbox.rs).
///
/// Use like:
///
///     struct Registers {
///             Registers();                    // maps them
///             ~Registers();                   // unmaps them, and may sleep
///             int status() const;
///     };
///     KRCU_GLOBAL(registers, krcu::Rcu<krcu::KBox<Registers>>);
///
///     int probe()
///     {
///             auto box = krcu::KBox<Registers>::make(krcu::GFP_KERNEL);
///             if (!box)
///                     return -ENOMEM;
///             auto old = registers->replace(std::move(box));
///             return 0;
///     }
///
///     int read_status()
///     {
///             krcu::ReadGuard guard;
///             auto r = registers->dereference(guard);
///             return r ? r->status() : -ENODEV;
///     }
///
///     void remove()
///     {
///             auto old = registers->take();   // new readers find nothing
///     }                                       // waits for those who found it, then unmaps it
template <class T, Allocator A = Kmalloc>
class [[nodiscard("dropping a box destroys its object")]] Box final : public internal::Owner<Box<T, A>, T, T> {
	using Owner = internal::Owner<Box, T, T>;

public:
	/// Read by the boxes: one that runs destructors in softirq refuses what may sleep.
	static constexpr bool destructor_may_sleep = internal::DestructorMaySleep<T>;

	/// An empty box.
	constexpr Box() noexcept = default;

	/// Allocates and constructs a T from `args`. Empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static Box make(gfp_t gfp, Args &&...args)
	{
		static_assert(internal::Allocatable<T, A>::value);
		static_assert(alignof(T) <= A::max_align, "krcu: T wants more alignment than its allocator can give");
		static_assert(!internal::HasTail<T>, "krcu: a Tail wants an RcuBox, an RcuFreeBox, an SrcuBox or an RcuRef");
		void *memory = A::alloc(sizeof(T), alignof(T), gfp);

		if (memory)
			internal::count(KRCU_LIVE, 1);
		return Box(memory ? ::new (memory) T(std::forward<Args>(args)...) : nullptr);
	}

	/// The object, as long as this box owns it: not const, as no reader looks at it. The box must not be empty.
	T &operator*() const noexcept KRCU_LIFETIMEBOUND { return *this->node_.get(); }
	T *operator->() const noexcept KRCU_LIFETIMEBOUND { return this->node_.get(); }

private:
	friend Owner;

	explicit Box(T *object) noexcept : Owner(object) {}

	static void drop(T *object) noexcept
	{
		static_assert(internal::EndsByDestructor<T>::value);
		object->~T();
		internal::count(KRCU_LIVE, -1);
		A::free(object);
	}
	static void discard(T *object) noexcept { drop(object); }
};

template <class T>
using KBox = Box<T, Kmalloc>;
template <class T>
using VBox = Box<T, Vmalloc>;
template <class T>
using KVBox = Box<T, KVmalloc>;

} // namespace krcu

#endif // KRCU_BOX_HPP
