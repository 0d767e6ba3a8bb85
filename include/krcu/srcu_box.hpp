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
#include <krcu/internal/node.hpp>
#include <krcu/internal/owner.hpp>
#include <krcu/srcu.hpp>

namespace krcu {

/// An RcuBox whose readers are those of one domain, who may sleep: it destroys its T after a grace
/// period of that domain. RCU's own readers are not waited for, and its accessors do not take their
/// guards.
///
/// The domain is given when the object is made, and must exist until the box is dropped; the
/// domain's own destruction then waits for what was retired: see Srcu. So where both are members of one
/// struct, declare the Srcu before whatever owns the boxes: members are destroyed in reverse. No compiler
/// can tell; a kernel with CONFIG_PROVE_RCU warns.
///
/// ~T runs with softirqs disabled and must not sleep. If it must, keep the T in a KBox, and publish an SrcuBox
/// of a struct with a pointer to it. To destroy it, take() that pointer's box out, call the domain's
/// synchronize(), and then reset the KBox.
///
/// A box is one pointer; the allocation is T and an rcu_head before it, where the domain is kept until
/// the kernel needs the place. Retiring always takes a callback: domains have no kvfree_rcu().
///
/// Dropping a box, resetting it, or moving another one over it retires the object: one grace period of its domain
/// from then it is destroyed and its memory freed. That does not sleep. Context: as Callback::submit(Srcu &).
/// See call_srcu().
///
/// What all boxes have (moving, reset(), bool, *, ->, into_foreign(), from_foreign(), borrow()) is in
/// krcu/internal/owner.hpp.
///
/// Use like:
///
///     struct Config {
///             int device;
///     };
///     struct Configs {
///             static constexpr const char *name = "mydrv_configs";
///     };
///     using ConfigBox = krcu::SrcuKBox<Config, Configs>;
///
///     KRCU_GLOBAL(domain, krcu::Srcu<Configs>); // first, as config's last object is retired into it
///     KRCU_GLOBAL(config, krcu::Rcu<ConfigBox, krcu::Srcu<Configs>>);
///
///     int set_device(int device)
///     {
///             auto fresh = ConfigBox::make(*domain, krcu::GFP_KERNEL, device);
///             if (!fresh)
///                     return -ENOMEM;
///             auto old = config->replace(std::move(fresh));
///             return 0;
///     }
///
///     void wait_for(int device);              // sleeps
///
///     void read()
///     {
///             auto guard = domain->read_lock();
///             if (auto c = config->dereference(guard))
///                     wait_for(c->device);
///     }
template <class T, class Tag, Allocator A = Kmalloc>
class [[nodiscard("dropping a box retires its object")]] SrcuBox final
	: public internal::Owner<SrcuBox<T, Tag, A>, T, internal::Node<T, A>> {
	using Domain = Srcu<Tag>;
	using Guard = typename Domain::Guard;
	using Node = internal::Node<T, A>;
	using Owner = internal::Owner<SrcuBox, T, Node>;

public:
	/// An empty box.
	constexpr SrcuBox() noexcept = default;

	/// Allocates and constructs a T from `args`, to be retired into `domain`, which must not be empty.
	/// The box is empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static SrcuBox make(KRCU_LIFETIMEBOUND const Domain &domain, gfp_t gfp, Args &&...args)
	{
		return SrcuBox(Node::make(gfp, std::forward<Args>(args)...), domain);
	}
	template <class... Args>
	static SrcuBox make(const Domain &&, gfp_t, Args &&...) = delete; // the domain would be gone before the box

	/// Allocates, and lets `int init(T *)` construct the value in the uninitialised memory. `init`
	/// returns 0, or a negative errno if it constructed nothing; then the memory is freed at once and
	/// the errno comes out. -ENOMEM where the allocation fails.
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

	/// The object, for as long as the guard lives, even if the box is dropped meanwhile. The guard
	/// is of the domain the box was made with. The box must not be empty. Context: any that the guard allows.
	const T &with_rcu(KRCU_LIFETIMEBOUND const Guard &) const noexcept { return this->node_->value; }
	const T &with_rcu(const Guard &&) const = delete; // the guard would be gone before the reference

	/// The object behind a pointer that into_foreign() returned, for as long as the guard lives,
	/// even if from_foreign() takes it back meanwhile: dropping the box then waits for this reader.
	/// Context: any that the guard allows.
	static const T &rcu_borrow(void *foreign, KRCU_LIFETIMEBOUND const Guard &) noexcept
	{
		return Owner::node_of(foreign)->value;
	}
	static const T &rcu_borrow(void *foreign, const Guard &&) = delete;

private:
	friend Owner;

	explicit SrcuBox(Node *node) noexcept : Owner(node) {}
	SrcuBox(Node *node, const Domain &domain) noexcept : Owner(node)
	{
		// Holds until the box drops the object because the caller keeps the domain until then.
		if (node)
			node->set_domain(domain.domain_);
	}

	static void drop(Node *node) noexcept { node->template destroy_srcu<Domain::tag_.ran>(node->domain()); }
	static void discard(Node *node) noexcept { node->destroy(); }
};

template <class T, class Tag>
using SrcuKBox = SrcuBox<T, Tag, Kmalloc>;
template <class T, class Tag>
using SrcuVBox = SrcuBox<T, Tag, Vmalloc>;
template <class T, class Tag>
using SrcuKVBox = SrcuBox<T, Tag, KVmalloc>;

} // namespace krcu

#endif // KRCU_SRCU_BOX_HPP
