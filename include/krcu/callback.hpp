// SPDX-License-Identifier: GPL-2.0
/// @file
/// Callback: destroys an object that has no readers, a grace period from now.
#ifndef KRCU_CALLBACK_HPP
#define KRCU_CALLBACK_HPP

#include <utility>

#include <krcu/allocator.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/node.hpp>
#include <krcu/internal/unique.hpp>
#include <krcu/srcu.hpp>

namespace krcu {

/// Owns a T that has no readers, until submit() leaves it to RCU: call_rcu() with a destructor.
///
/// For work that has to happen a grace period from now, or for what must outlive the readers of
/// something else. ~T is that work; it runs in softirq, or with softirqs disabled, on any CPU, and
/// must not sleep (see RcuBox). Unlike an RcuBox, a Callback that is destroyed without submit() destroys its T
/// at once: nobody can be reading it.
///
/// After Rust's Callback<T> (the call_rcu() abstraction on the rust-for-linux list).
///
/// Use like:
///
///     struct Signal {
///             ~Signal();                      // tells whoever waits for the fence
///             int fence;
///     };
///
///     int signal_later(int fence)
///     {
///             auto callback = krcu::Callback<Signal>::make(krcu::GFP_KERNEL, fence);
///             if (!callback)
///                     return -ENOMEM;
///             std::move(callback).submit();
///             return 0;
///     }
template <class T, Allocator A = Kmalloc>
class [[nodiscard("a callback that is not submitted drops its object at once")]] Callback final {
	static_assert(internal::Boxable<T>::value);

	using Node = internal::Node<T, A>;

	struct Discard {
		void operator()(Node *node) const { node->destroy(); }
	};

public:
	using element_type = T;

	/// An empty callback.
	constexpr Callback() noexcept = default;

	/// Allocates and constructs a T from `args`. Empty where the allocation fails.
	/// Context: any that `gfp` and T's constructor allow; see the allocator.
	template <class... Args>
	static Callback make(gfp_t gfp, Args &&...args)
	{
		return Callback(Node::make(gfp, std::forward<Args>(args)...));
	}

	/// Moving a callback empties it. Moving one over another destroys the object held there, now; onto
	/// itself changes nothing.
	Callback(Callback &&) noexcept = default;
	Callback &operator=(Callback &&) noexcept = default;

	/// Destroys an object that was not submitted, now.
	/// Context: any that ~T allows.
	~Callback() = default;

	/// Destroys the object after a grace period; the callback is empty from here on. An empty one does nothing.
	/// Does not sleep. Context: any but NMI; also under a ReadGuard. See call_rcu().
	void submit() && noexcept
	{
		if (Node *node = node_.release())
			node->destroy_rcu();
	}

	/// As submit(), without the seconds that a kernel with CONFIG_RCU_LAZY may add to save power. On
	/// other kernels it is submit(). Context: as submit(). See call_rcu_hurry().
	void submit_hurry() && noexcept
	{
		if (Node *node = node_.release())
			node->destroy_rcu_hurry();
	}

	/// Destroys the object after a grace period of that domain, which must not be empty. ~T runs with
	/// softirqs disabled, in a kernel worker. The domain's destruction waits for it.
	/// Does not sleep. Context: any but NMI; also in a reader of the domain. On PREEMPT_RT, where SRCU's
	/// spinlocks may sleep, not in hard interrupts nor with preemption disabled. See call_srcu().
	template <class Tag>
	void submit(Srcu<Tag> &domain) && noexcept
	{
		if (Node *node = node_.release())
			node->template destroy_srcu<Srcu<Tag>::tag_.ran>(domain.domain_);
	}

	/// It leaves the callback empty: std::move() it.
	void submit() & = delete;
	void submit_hurry() & = delete;
	template <class Tag>
	void submit(Srcu<Tag> &domain) & = delete;

	/// Whether there is an object.
	explicit operator bool() const noexcept { return bool(node_); }

	/// The object, until it is submitted. The callback must not be empty.
	T &operator*() const noexcept KRCU_LIFETIMEBOUND { return node_->value; }
	T *operator->() const noexcept KRCU_LIFETIMEBOUND { return &node_->value; }

private:
	explicit Callback(Node *node) noexcept : node_(node) {}

	internal::Unique<Node, Discard> node_;
};

} // namespace krcu

#endif // KRCU_CALLBACK_HPP
