// SPDX-License-Identifier: GPL-2.0
/// @file
/// RcuRef: one of several owners of an object, which readers turn into an owner of their own.
#ifndef KRCU_RCU_REF_HPP
#define KRCU_RCU_REF_HPP

#include <concepts>
#include <expected>
#include <type_traits>
#include <utility>

#include <krcu/allocator.hpp>
#include <krcu/draft.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/foreign.hpp>
#include <krcu/internal/node.hpp>
#include <krcu/internal/owner.hpp>
#include <krcu/internal/shims.h>
#include <krcu/rcu.hpp>
#include <krcu/reclaim.hpp>

namespace krcu {

template <class T, Allocator A, reclaim::Policy R>
class RcuRef;

/// The public base of what RcuRefs own: their number, as a refcount_t. It is 0 in an object that no RcuRef owns.
/// Copying an object does not copy it.
class RefCounted {
public:
	constexpr RefCounted() noexcept = default;
	constexpr RefCounted(const RefCounted &) noexcept {}
	constexpr RefCounted &operator=(const RefCounted &) noexcept { return *this; }

private:
	template <class T, Allocator A, reclaim::Policy R>
	friend class RcuRef;

	mutable int count_ = 0;
};

/// One of the owners of a T that derives from RefCounted: a reference to it. When the last one goes, the T is retired.
///
/// Readers look an object up under a guard, and take a reference with try_get() to use it outside: to sleep, to keep
/// it in a file, to hand it to a work item. Rcu, XArray, List and HashTable hold one reference each.
///
/// Copying an RcuRef takes a reference, and moving it takes none. It is like std::shared_ptr except that the count is
/// in the object, and that readers need none. Access is const, as there are always others who may be looking: what
/// changes in a published T is `mutable`, and has a lock or is an Atomic.
///
/// The count is a refcount_t: if it overflows it saturates, the kernel warns, and the object is never freed
/// (Documentation/core-api/refcount-vs-atomic.rst).
///
/// Dropping an RcuRef, resetting it, or moving another one over it gives the reference up. If that was the last one,
/// the object is retired as an RcuBox's would be; what is said there of ~T, of A and of R holds here too. That does
/// not sleep. Context: any but NMI; also under a ReadGuard. See refcount_dec_and_test(), call_rcu(), kvfree_rcu().
///
/// An RcuRef is one pointer; the allocation is T and an rcu_head before it. What it has in common with all boxes
/// (draft(), reset(), bool, *, ->, into_foreign(), from_foreign(), borrow()) is in krcu/internal/owner.hpp; as a
/// foreign pointer it is one reference. After the kernel's kref and Rust's ARef (rust/kernel/types.rs).
///
/// Use like:
///
///     struct Session : krcu::RefCounted {
///             explicit Session(int u) : user(u) {}
///             int user;
///     };
///     using SessionRef = krcu::RcuRef<Session>;
///
///     SessionRef look_up(const krcu::XArray<SessionRef> &sessions, unsigned long id)
///     {
///             krcu::ReadGuard guard;
///             auto session = sessions.load(id, guard);
///             return session ? SessionRef::try_get(*session, guard) : SessionRef();
///     }
///
///     void tell(int user);                    // sleeps
///
///     int tell_user_of(const krcu::XArray<SessionRef> &sessions, unsigned long id)
///     {
///             auto session = look_up(sessions, id);
///             if (!session)
///                     return -ENOENT;
///             tell(session->user);            // it may be erased meanwhile, and stays
///             return 0;
///     }
template <class T, Allocator A = Kmalloc, reclaim::Policy R = reclaim::Softirq>
class [[nodiscard("dropping a reference may retire the object")]] RcuRef final
	: public internal::Owner<RcuRef<T, A, R>, T, internal::RcuNode<T, A>> {
	using Node = internal::RcuNode<T, A>;
	using Owner = internal::Owner<RcuRef, T, Node>;

public:
	/// No reference.
	constexpr RcuRef() noexcept = default;

	/// Allocates and constructs a T from `args`, and is its first owner. Empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static RcuRef make(gfp_t gfp, Args &&...args)
	{
		return own(Node::make(gfp, std::forward<Args>(args)...));
	}

	/// As make(), of an object that can still be written to. No reference to it can be taken before it is sealed.
	/// Context: as make().
	template <class... Args>
	static Draft<RcuRef> draft(gfp_t gfp, Args &&...args)
	{
		return Draft<RcuRef>(Node::make(gfp, std::forward<Args>(args)...));
	}

	/// Allocates, and lets `int init(T *)` construct the value in the uninitialised memory. `init` returns 0, or a
	/// negative errno if it constructed nothing; then the memory is freed at once and the errno comes out. -ENOMEM
	/// where the allocation fails.
	/// Context: any that `gfp` and `init` allow; see the allocator.
	template <class F>
	[[nodiscard("dropping a reference may retire the object")]]
	static std::expected<RcuRef, int> try_make(gfp_t gfp, F &&init)
	{
		auto node = Node::try_make(gfp, std::forward<F>(init));

		if (!node)
			return std::unexpected(node.error());
		return own(*node);
	}

	/// A reference to an object that a reader found. Empty if its last owner is gone, and if it never was
	/// an RcuRef's, as a T on the stack or in a box is not. `found` is owned by RcuRefs of this very type.
	/// Context: any that a ReadGuard allows. See refcount_inc_not_zero().
	static RcuRef try_get(const T &found, const ReadGuard &) noexcept
	{
		if (!krcu_refcount_inc_not_zero(count(found)))
			return RcuRef();
		return RcuRef(node_around(found));
	}
	static RcuRef try_get(const T &, const ReadGuard &&) = delete; // the guard would be gone before the reference

	/// Takes a reference; see above. Context: any.
	RcuRef(const RcuRef &other) noexcept : Owner(other.node_.get())
	{
		if (*this)
			krcu_refcount_inc(count(**this));
	}
	RcuRef &operator=(const RcuRef &other) noexcept
	{
		*this = RcuRef(other);
		return *this;
	}

	RcuRef(RcuRef &&) noexcept = default;
	RcuRef &operator=(RcuRef &&) noexcept = default;

	/// The object, for as long as the guard lives, even if the last reference goes meanwhile.
	/// The RcuRef must not be empty. Context: any that the guard allows.
	const T &with_rcu(KRCU_LIFETIMEBOUND const ReadGuard &) const noexcept { return this->node_->value; }
	const T &with_rcu(const ReadGuard &&) const = delete; // the guard would be gone before the reference

	/// The object behind a pointer that into_foreign() returned, for as long as the guard lives,
	/// even if from_foreign() takes it back meanwhile: dropping the last reference then waits for this reader.
	/// Context: any that the guard allows.
	static const T &rcu_borrow(void *foreign, KRCU_LIFETIMEBOUND const ReadGuard &) noexcept
	{
		return Owner::node_of(foreign)->value;
	}
	static const T &rcu_borrow(void *foreign, const ReadGuard &&) = delete;

private:
	friend Owner;
	friend Draft<RcuRef>;

	explicit RcuRef(Node *node) noexcept : Owner(node) {}

	static int *count(const T &object) noexcept
	{
		static_assert(std::derived_from<T, RefCounted>,
			      "krcu: an RcuRef counts in the object itself: derive T from krcu::RefCounted, in public");
		return &static_cast<const RefCounted &>(object).count_;
	}

	// Holds because a count that is not 0 is that of an object which an RcuRef made.
	static Node *node_around(const T &object) noexcept { return internal::container_of(&object, &Node::value); }

	static RcuRef own(Node *node) noexcept
	{
		seal_foreign(node);
		return RcuRef(node);
	}

	// A draft's count is 0, so that try_get() makes no owners of what a draft may end at once.
	static void seal_foreign(void *foreign) noexcept
	{
		if (foreign)
			krcu_refcount_set(count(Owner::borrow(foreign)), 1);
	}
	static void unseal_foreign(void *foreign) noexcept
	{
		if (foreign)
			krcu_refcount_set(count(Owner::borrow(foreign)), 0);
	}

	static void drop(Node *node) noexcept
	{
		if (krcu_refcount_dec_and_test(count(node->value)))
			node->template destroy_rcu<R>();
	}
	static void discard(Node *node) noexcept { node->destroy(); }
};

} // namespace krcu

#endif // KRCU_RCU_REF_HPP
