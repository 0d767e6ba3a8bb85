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
#include <krcu/internal/unique.hpp>

namespace krcu {

/// Owns one T on the heap and destroys it at once, like std::unique_ptr, and knows nothing of RCU.
///
/// In an Rcu it can be read all the same: its RcuOld waits for a grace period before it drops the
/// box, which blocks. That is the way for a T that must be destroyed in process context, or whose
/// allocation has no room for an rcu_head.
///
/// A box is one pointer; the allocation is T alone. After Rust's KBox<T> (rust/kernel/alloc/kbox.rs).
///
/// Use like:
///
///     auto box = krcu::KBox<Table>::make(krcu::GFP_KERNEL);
///     if (!box)
///             return -ENOMEM;
///     box->insert(key);
template <class T, Allocator A = Kmalloc>
class [[nodiscard("dropping a box destroys its object")]] Box final {
	static_assert(internal::Boxable<T>::value);

	struct Destroy {
		void operator()(T *object) const
		{
			static_assert(internal::EndsByDestructor<T>::value);
			object->~T();
			A::free(object);
		}
	};

public:
	using element_type = T;

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
		void *memory = A::alloc(sizeof(T), alignof(T), gfp);

		return Box(memory ? ::new (memory) T(std::forward<Args>(args)...) : nullptr);
	}

	/// Moving a box empties it. Moving one over another destroys the object held there; onto itself
	/// changes nothing.
	Box(Box &&) noexcept = default;
	Box &operator=(Box &&) noexcept = default;

	/// Destroys the object and frees its memory, now.
	/// Context: any that ~T and the allocator's free() allow.
	~Box() = default;

	/// Destroys the object, as the destructor does, and leaves the box empty.
	void reset() noexcept { *this = Box(); }

	/// Whether the box holds an object.
	explicit operator bool() const noexcept { return bool(object_); }

	/// The object, as long as this box owns it. The box must not be empty.
	T &operator*() const noexcept KRCU_LIFETIMEBOUND { return *object_.get(); }
	T *operator->() const noexcept KRCU_LIFETIMEBOUND { return object_.get(); }

	/// Hands ownership over as one pointer, for a C container: to the T itself, null for an empty box.
	[[nodiscard("the pointer owns the object")]] void *into_foreign() && noexcept { return object_.release(); }
	void *into_foreign() & = delete; // it leaves the box empty: std::move() it

	/// Takes ownership back. `foreign` comes from into_foreign() of the same type of box, and is not
	/// used as an owner again; null makes an empty box.
	// Holds, as in borrow(), because into_foreign() made the pointer from a T.
	static Box from_foreign(void *foreign) noexcept { return Box(static_cast<T *>(foreign)); }

	/// The object behind a pointer that into_foreign() returned, as long as it stays an owner.
	static const T &borrow(void *foreign) noexcept { return *static_cast<T *>(foreign); }

private:
	explicit Box(T *object) noexcept : object_(object) {}

	internal::Unique<T, Destroy> object_;
};

template <class T>
using KBox = Box<T, Kmalloc>;
template <class T>
using VBox = Box<T, Vmalloc>;
template <class T>
using KVBox = Box<T, KVmalloc>;

} // namespace krcu

#endif // KRCU_BOX_HPP
