// SPDX-License-Identifier: GPL-2.0
/// @file
/// SrcuBox: owns one object that readers of an SRCU domain may still be reading when it dies.
#ifndef KRCU_SRCU_BOX_HPP
#define KRCU_SRCU_BOX_HPP

#include <expected>
#include <utility>

#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/node.hpp>
#include <krcu/internal/unique.hpp>
#include <krcu/srcu.hpp>

namespace krcu {

/// An RcuBox whose readers are those of one domain, who may sleep: it destroys its T after a grace
/// period of that domain. RCU's own readers are not waited for, and its accessors do not take their
/// guards.
///
/// The domain is given when the object is made, and has to be there until the box lets go of it; the
/// domain's own destruction then waits for what was retired: see there. So where both are members of one
/// struct, declare the Srcu before whatever owns the boxes: members are destroyed in reverse. No compiler
/// can tell; a kernel with CONFIG_PROVE_RCU warns.
///
/// ~T runs with softirqs disabled and must not sleep. A T that must: keep it in a KBox, unpublish it, call
/// the domain's synchronize(), then drop it.
///
/// A box is one pointer; the allocation is T and an rcu_head before it, where the domain is kept until
/// the kernel needs the place. Retiring always takes a callback: domains have no kvfree_rcu().
///
/// Use like:
///
///     krcu::Rcu<krcu::SrcuKBox<Config, Table>, krcu::Srcu<Table>> config;
///     ...
///     auto guard = domain.read_lock();
///     if (const Config *c = config.dereference(guard))
///             wait_for(c->device);
///     ...
///     auto old = config.replace(krcu::SrcuKBox<Config, Table>::make(domain, krcu::GFP_KERNEL, 42));
template <class T, class Tag, Allocator A = Kmalloc>
class [[nodiscard("dropping a box retires its object")]] SrcuBox final {
	static_assert(internal::Boxable<T>::value);

	using Domain = Srcu<Tag>;
	using Guard = typename Domain::Guard;
	using Node = internal::Node<T, A>;

	struct Retire {
		void operator()(Node *node) const noexcept { node->template destroy_srcu<Domain::tag_.ran>(node->domain()); }
	};

public:
	using element_type = T;

	/// An empty box.
	constexpr SrcuBox() noexcept = default;

	/// Allocates and constructs a T from `args`, to be retired into `domain`, which there must be.
	/// Empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static SrcuBox make(KRCU_LIFETIMEBOUND const Domain &domain, gfp_t gfp, Args &&...args)
	{
		return SrcuBox(Node::make(gfp, std::forward<Args>(args)...), domain);
	}
	template <class... Args>
	static SrcuBox make(const Domain &&, gfp_t, Args &&...) = delete; // the domain would be gone before the box

	/// Allocates, and lets `int init(T *)` construct the value in the uninitialised memory. `init`
	/// returns 0, or a negative errno if it constructed nothing; then the memory is given back at
	/// once and the errno comes out. -ENOMEM where the allocation fails.
	/// Context: any that `gfp` and `init` allow; see the allocator.
	template <class F>
	[[nodiscard("dropping a box retires its object")]]
	static std::expected<SrcuBox, int> try_make(KRCU_LIFETIMEBOUND const Domain &domain, gfp_t gfp, F &&init)
	{
		auto node = Node::try_make(gfp, std::forward<F>(init));

		if (!node)
			return std::unexpected(node.error());
		return SrcuBox(*node, domain);
	}
	template <class F>
	static std::expected<SrcuBox, int> try_make(const Domain &&, gfp_t, F &&) = delete;

	/// Moving a box empties it. Moving one over another retires the object held there; onto itself
	/// changes nothing.
	SrcuBox(SrcuBox &&) noexcept = default;
	SrcuBox &operator=(SrcuBox &&) noexcept = default;

	/// Retires the object: one grace period of its domain from now it is destroyed and its memory freed.
	/// Does not sleep. Context: as Callback::submit(Srcu &). See call_srcu().
	~SrcuBox() = default;

	/// Retires the object, as the destructor does, and leaves the box empty.
	void reset() noexcept { *this = SrcuBox(); }

	/// Whether the box holds an object.
	explicit operator bool() const noexcept { return bool(node_); }

	/// The object, as long as this box owns it. The box must not be empty.
	const T &operator*() const noexcept KRCU_LIFETIMEBOUND { return node_->value; }
	const T *operator->() const noexcept KRCU_LIFETIMEBOUND { return &node_->value; }

	/// The object, for as long as the guard lives, even if the box lets go of it meanwhile. The guard
	/// is of the domain the box was made with. The box must not be empty.
	const T &with_rcu(KRCU_LIFETIMEBOUND const Guard &) const noexcept { return node_->value; }
	const T &with_rcu(const Guard &&) const = delete; // the guard would be gone before the reference

	/// Hands ownership over as one pointer, for a C container. It points to a struct rcu_head with
	/// the T behind it, is aligned as the rcu_head, and is null for an empty box.
	[[nodiscard("the pointer owns the object")]] void *into_foreign() && noexcept
	{
		return node_.release();
	}
	void *into_foreign() & = delete; // it leaves the box empty: std::move() it

	/// Takes ownership back. `foreign` comes from into_foreign() of the same type of box, and is not
	/// used as an owner again; null makes an empty box.
	static SrcuBox from_foreign(void *foreign) noexcept { return SrcuBox(node_of(foreign)); }

	/// The object behind a pointer that into_foreign() returned, as long as it stays an owner.
	static const T &borrow(void *foreign) noexcept { return node_of(foreign)->value; }

	/// The object behind a pointer that into_foreign() returned, for as long as the guard lives,
	/// even if from_foreign() takes it back meanwhile: dropping the box then waits for this reader.
	static const T &rcu_borrow(void *foreign, KRCU_LIFETIMEBOUND const Guard &) noexcept { return node_of(foreign)->value; }
	static const T &rcu_borrow(void *foreign, const Guard &&) = delete;

private:
	explicit SrcuBox(Node *node) noexcept : node_(node) {}
	SrcuBox(Node *node, const Domain &domain) noexcept : node_(node)
	{
		// Holds until the box lets go because the caller keeps the domain until then.
		if (node)
			node->set_domain(domain.domain_);
	}

	// Holds because into_foreign() made the pointer, from a Node of this very type.
	static Node *node_of(void *foreign) noexcept { return static_cast<Node *>(foreign); }

	internal::Unique<Node, Retire> node_;
};

template <class T, class Tag>
using SrcuKBox = SrcuBox<T, Tag, Kmalloc>;
template <class T, class Tag>
using SrcuVBox = SrcuBox<T, Tag, Vmalloc>;
template <class T, class Tag>
using SrcuKVBox = SrcuBox<T, Tag, KVmalloc>;

} // namespace krcu

#endif // KRCU_SRCU_BOX_HPP
