// SPDX-License-Identifier: GPL-2.0
/// @file
/// Draft: an object that nobody else can have seen yet, to be filled before it is published.
#ifndef KRCU_DRAFT_HPP
#define KRCU_DRAFT_HPP

#include <concepts>
#include <cstddef>
#include <utility>

#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/unique.hpp>

namespace krcu {

namespace internal {

template <class T>
concept SizedRange = requires(T &range) {
	range.begin();
	range.end();
	range.size();
};

} // namespace internal

/// Owns the object of what is to be a P, until seal() makes it one: the only time that it can be written to.
///
/// P is any box or an RcuRef, and P::draft() takes the arguments of P::make(). Whatever takes a P to publish takes a
/// Draft<P> too; where publishing fails, it stays a draft.
///
/// Dropping a draft, or moving another one over it, ends the object now, as there are no readers to wait for: ~T
/// runs, or drop_before_gp() where P is an RcuFreeBox, and its memory is freed. Context: any that these, and the
/// allocator's free(), allow. A P that has never been published waits for a grace period all the same; where user
/// space can have objects refused at will, drafts do not pile up.
///
/// A draft is one pointer.
///
/// Use like:
///
///     struct Session {
///             int user;
///             int limit;
///     };
///     using SessionBox = krcu::RcuKBox<Session>;
///
///     int check(const Session &s);
///
///     int publish(krcu::Rcu<SessionBox> &current, int user)
///     {
///             auto session = SessionBox::draft(krcu::GFP_KERNEL);
///             if (!session)
///                     return -ENOMEM;
///             session->user = user;
///             if (int err = check(*session))
///                     return err;             // the session is freed at once
///             auto old = current.replace(std::move(session));
///             return 0;
///     }
///
/// Use like, with an array:
///
///     using Samples = krcu::RcuKVBox<int[]>;
///
///     Samples zero_to(int n)
///     {
///             auto samples = Samples::draft_for_overwrite(krcu::GFP_KERNEL, n);
///             if (!samples)
///                     return {};
///             for (int i = 0; int &sample : samples)
///                     sample = i++;
///             return std::move(samples).seal();
///     }
template <class P>
class [[nodiscard("dropping a draft ends its object")]] Draft final {
public:
	using element_type = typename P::element_type;

	/// Read by the boxes: one that runs destructors in softirq refuses what may sleep.
	static constexpr bool destructor_may_sleep = internal::DestructorMaySleep<element_type>;

	/// An empty draft.
	constexpr Draft() noexcept = default;

	/// Moving a draft empties it. Moving one over another drops the object held there; onto itself changes nothing.
	Draft(Draft &&) noexcept = default;
	Draft &operator=(Draft &&) noexcept = default;

	/// Whether there is an object. There is none where the allocation failed.
	explicit operator bool() const noexcept { return bool(foreign_); }

	/// The object. The draft must not be empty.
	element_type &operator*() const noexcept KRCU_LIFETIMEBOUND { return object(); }
	element_type *operator->() const noexcept KRCU_LIFETIMEBOUND { return &object(); }

	/// Where P owns an array: its elements, of which there are size(). The draft must not be empty.
	auto &operator[](std::size_t i) const noexcept KRCU_LIFETIMEBOUND
		requires internal::SizedRange<element_type>
	{
		return object()[i];
	}
	std::size_t size() const noexcept
		requires internal::SizedRange<element_type>
	{
		return object().size();
	}
	auto begin() const noexcept KRCU_LIFETIMEBOUND
		requires internal::SizedRange<element_type>
	{
		return object().begin();
	}
	auto end() const noexcept KRCU_LIFETIMEBOUND
		requires internal::SizedRange<element_type>
	{
		return object().end();
	}

	/// The owner, which can be published; the draft is empty from here on. Of an empty one it is an empty P.
	/// Any context.
	[[nodiscard("the owner has the object")]] P seal() && noexcept
	{
		return P::from_foreign(std::move(*this).into_foreign());
	}
	P seal() & = delete; // it leaves the draft empty: std::move() it

	/// Hands ownership over as one pointer, which is at the same time that of the P it is to be; null for an empty
	/// draft. Any context.
	[[nodiscard("the pointer owns the object")]] void *into_foreign() && noexcept
	{
		void *foreign = foreign_.release();

		P::seal_foreign(foreign);
		return foreign;
	}
	void *into_foreign() & = delete; // it leaves the draft empty: std::move() it

	/// Takes ownership back. `foreign` comes from into_foreign() of a Draft<P>, and has not been published; null
	/// makes an empty draft. Any context.
	static Draft from_foreign(void *foreign) noexcept
	{
		P::unseal_foreign(foreign);
		return Draft(foreign);
	}

private:
	friend P;

	struct Discard {
		void operator()(void *foreign) const noexcept { P::discard_foreign(foreign); }
	};

	explicit Draft(void *foreign) noexcept : foreign_(foreign) {}

	// Holds because make() made an object that is not const, and nobody else knows of it.
	element_type &object() const noexcept { return const_cast<element_type &>(P::borrow(foreign_.get())); }

	internal::Unique<void, Discard> foreign_;
};

/// What can be published as a P: one, or a Draft of one. Where publishing fails, it comes back as what it was.
template <class S, class P>
concept Publishable = std::same_as<S, P> || std::same_as<S, Draft<P>>;

} // namespace krcu

#endif // KRCU_DRAFT_HPP
