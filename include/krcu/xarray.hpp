// SPDX-License-Identifier: GPL-2.0
/// @file
/// XArray: the kernel's array of pointers, owning what they point to.
#ifndef KRCU_XARRAY_HPP
#define KRCU_XARRAY_HPP

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <expected>
#include <utility>

#include <krcu-constants.h>
#include <krcu/draft.hpp>
#include <krcu/foreign_ownable.hpp>
#include <krcu/found.hpp>
#include <krcu/gfp.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/shims.h>
#include <krcu/rcu.hpp>

namespace krcu {

/// A sparse array of P, from any unsigned long to an object or nothing: readers look objects up under
/// a guard, updaters store and erase, and get what was there back as an owned P. Dropping that P waits
/// for the readers, without blocking, which is what ForeignOwnableRcu promises.
///
/// Any number of readers and updaters at once. Updaters exclude each other by the array's own lock,
/// with softirqs disabled. So update in process context or in softirq, an RCU callback's destructor
/// among them, also under a ReadGuard, but neither in hard interrupts nor with interrupts disabled.
/// No P is dropped under the lock.
///
/// P is an RcuBox, an RcuFreeBox or an RcuRef, whose readers are RCU's: an SrcuBox or a Box is refused.
///
/// What a reader finds is its own only as long as the guard, under which it must not sleep. To look up and
/// then sleep, copy what is needed out of the object before the guard ends; or look up under a mutex that
/// whoever erases takes too, which keeps the object there for as long as it is held. Readers see a const T.
/// To change an entry, store() a new object in its place, or give T `mutable` members with a lock of their
/// own, as PollWaitQueue has.
///
/// The struct xarray is inside the object, which stays where it is: it can be neither copied nor
/// moved. Its constructor runs code, so it cannot be declared constinit: at namespace scope it is a KRCU_GLOBAL.
///
/// P's pointers must be multiples of 4, as the boxes' are: an xarray tells its own entries by those bits.
/// Only store(), alloc() and fill() put anything in, so that whatever else is found or taken out is a P's.
///
/// Semantics: Documentation/core-api/xarray.rst. After Rust's XArray (rust/kernel/xarray.rs).
///
/// Use like:
///
///     struct Session {
///             int user;
///     };
///     using SessionBox = krcu::RcuKBox<Session>;
///     using Sessions = krcu::XArray<SessionBox>;
///
///     KRCU_GLOBAL(sessions, Sessions);
///
///     int add(unsigned long id, int user)
///     {
///             auto session = SessionBox::make(krcu::GFP_KERNEL, user);
///             if (!session)
///                     return -ENOMEM;
///             auto old = sessions->store(id, std::move(session), krcu::GFP_KERNEL);
///             return old ? 0 : old.error();
///     }
///
///     int add_somewhere(int user)             // returns the id, or a negative errno
///     {
///             auto id = sessions->alloc(SessionBox::make(krcu::GFP_KERNEL, user), 1, 1000, krcu::GFP_KERNEL);
///             return id ? *id : id.error();
///     }
///
///     void tell(int user);                    // sleeps
///
///     void tell_user_of(unsigned long id)
///     {
///             int user = -1;
///             {
///                     krcu::ReadGuard guard;
///                     if (auto s = sessions->load(id, guard))
///                             user = s->user;
///             }
///             if (user >= 0)
///                     tell(user);
///     }
template <ForeignOwnableRcu P>
class XArray final {
	static_assert(KRCU_HEAD_ALIGN % 4 == 0,
		      "krcu: an xarray marks its own entries in the low 2 bits, and a box points to an rcu_head");

public:
	using element_type = typename P::element_type;

	/// An empty array. See xa_init_flags().
	XArray() noexcept { krcu_xa_init(xa()); }

	XArray(const XArray &) = delete;
	XArray &operator=(const XArray &) = delete;

	/// Drops every P, and frees the array's own memory. Readers that hold an object may go on;
	/// nobody may use the array any more, and reservations are gone before it.
	/// Context: as updating, and any that ~P allows. See xa_erase(), xa_destroy().
	~XArray()
	{
		// Erase before dropping, so that ~P sees a consistent array; and from the beginning each time, as it
		// may even store.
		for (unsigned long index = 0; krcu_xa_find(xa(), &index); index = 0)
			(void)erase(index);
		krcu_xa_destroy(xa());
	}

	/// What is at `index`, or null; valid as long as the guard, even if it is erased meanwhile.
	/// Context: any that a ReadGuard allows. See xa_load().
	Found<element_type> load(unsigned long index, KRCU_LIFETIMEBOUND const ReadGuard &guard) const noexcept
	{
		void *entry = krcu_xa_load(xa(), index);

		if (!entry)
			return Found<element_type>(nullptr);
		return Found<element_type>(P::rcu_borrow(entry, guard));
	}
	Found<element_type> load(unsigned long, const ReadGuard &&) const = delete; // the guard would be gone first

	/// What is at `index` or, if nothing is there, at the next index that has an object, which `index` is then; null,
	/// and `index` as it was, if there is none. Valid as long as the guard, even if it is erased meanwhile. So a walk
	/// can sleep between two objects, each looked up under a guard of its own; for_each() stays under one.
	/// Context: any that a ReadGuard allows. See xa_find().
	Found<element_type> find(unsigned long &index, KRCU_LIFETIMEBOUND const ReadGuard &guard) const noexcept
	{
		void *entry = krcu_xa_find(xa(), &index);

		if (!entry)
			return Found<element_type>(nullptr);
		return Found<element_type>(P::rcu_borrow(entry, guard));
	}
	Found<element_type> find(unsigned long &, const ReadGuard &&) const = delete; // the guard would be gone first

	/// Calls `visit(index, object)` for every object, in the order of their indices; if it returns a bool, until
	/// that is false. What is stored or erased meanwhile may be seen or not; `visit` may do so itself.
	/// Context: any that a ReadGuard allows. `visit` must not sleep. See xa_for_each().
	template <std::invocable<unsigned long, const element_type &> F>
	void for_each(const ReadGuard &guard, F &&visit) const
	{
		unsigned long index = 0;

		for (void *entry = krcu_xa_find(xa(), &index); entry; entry = krcu_xa_find_after(xa(), &index))
			if (!internal::wants_more(visit, index, P::rcu_borrow(entry, guard)))
				return;
	}

	/// Puts `p` at `index`, and returns what was there, perhaps nothing. On failure the array is as it
	/// was, `p` still owns its object, and a negative errno comes out: -ENOMEM, say. An empty `p`
	/// erases; replacing an object needs no memory; neither fails. Uses a reservation of `index` up.
	/// Context: as updating, and any that `gfp` allows. See xa_store_bh().
	template <Publishable<P> S = P>
	[[nodiscard("store() may fail, and hands back what was there")]]
	std::expected<P, int> store(unsigned long index, S &&p, gfp_t gfp)
	{
		void *foreign = std::forward<S>(p).into_foreign();
		void *old = krcu_xa_store(xa(), index, foreign, std::to_underlying(gfp));

		if (int err = krcu_xa_err(old)) [[unlikely]] {
			// Holds because xa_store() did not publish it.
			p = S::from_foreign(foreign);
			return std::unexpected(err);
		}
		return P::from_foreign(old);
	}

	/// Puts `p` at the lowest index from `first` to `last` where there is neither an object nor a reservation, and
	/// returns that index. On failure the array is as it was, `p` still owns its object, and a negative errno comes
	/// out: -EBUSY if all of them are taken, or `last` is below `first`; -ENOMEM where memory is short; -EINVAL for an
	/// empty `p`, which is the result of an allocation that nobody has looked at.
	///
	/// The first alloc() of an array looks at all that was stored by then, under the lock; from then on the array
	/// keeps track of its free indices, and updating takes a little longer.
	/// Context: as updating, and any that `gfp` allows. See xa_alloc_bh(), whose indices end at 2^32 - 1.
	template <Publishable<P> S = P>
	[[nodiscard("alloc() may fail, and only it knows the index")]]
	std::expected<unsigned long, int> alloc(S &&p, unsigned long first, unsigned long last, gfp_t gfp)
	{
		void *foreign = std::forward<S>(p).into_foreign();
		unsigned long index = first;

		if (!foreign)
			return std::unexpected(-EINVAL);
		if (int err = krcu_xa_alloc(xa(), &index, last, foreign, std::to_underlying(gfp))) [[unlikely]] {
			// Holds because it was not published.
			p = S::from_foreign(foreign);
			return std::unexpected(err);
		}
		return index;
	}

	/// Takes out what is at `index`, perhaps nothing. A reservation stays.
	/// Context: as updating. See xa_erase().
	P erase(unsigned long index) noexcept { return P::from_foreign(krcu_xa_erase(xa(), index)); }

	/// An index that was empty and is kept for its owner, memory and all, so that fill() needs none.
	/// Readers see nothing there. Dropping it without fill() frees the memory; where somebody stored to that
	/// index meanwhile, drop it before the index is reserved again, or it releases the other reservation. The
	/// array must outlive it.
	class [[nodiscard("dropping a reservation releases it")]] Reservation final {
	public:
		/// Moving a reservation empties it.
		Reservation(Reservation &&other) noexcept
			: array_(std::exchange(other.array_, nullptr)), index_(other.index_)
		{
		}
		Reservation &operator=(Reservation &&) = delete;

		/// Context: as updating. See xa_release().
		~Reservation()
		{
			if (array_)
				krcu_xa_release(array_->xa(), index_);
		}

		/// The index that is kept. Any context.
		unsigned long index() const noexcept { return index_; }

		/// Puts `p` there, and returns an empty P. Allocates nothing and cannot fail, unless somebody stored to
		/// that index meanwhile: then what they stored comes back, or `p` itself if they erased it again and
		/// memory is short. To be called once.
		/// Context: as updating; does not sleep. See xa_store_bh().
		template <Publishable<P> S = P>
		P fill(S p) && noexcept
		{
			void *foreign = std::move(p).into_foreign();
			void *old = krcu_xa_store(std::exchange(array_, nullptr)->xa(), index_, foreign, 0);

			return P::from_foreign(krcu_xa_err(old) ? foreign : old);
		}

	private:
		friend class XArray;

		Reservation(XArray *array, unsigned long index) noexcept : array_(array), index_(index) {}

		XArray *array_;
		unsigned long index_;
	};

	/// Keeps `index` for a fill() that must not fail, under a spinlock say. -EBUSY if an object or
	/// another reservation is there, -ENOMEM where memory is short.
	/// Context: as updating, and any that `gfp` allows. See xa_insert_bh(), xa_reserve().
	std::expected<Reservation, int> reserve(unsigned long index, gfp_t gfp)
	{
		if (int err = krcu_xa_reserve(xa(), index, std::to_underlying(gfp)))
			return std::unexpected(err);
		return Reservation(this, index);
	}

private:
	// The kernel's functions take a non-const xarray to read it, too. Holds because the storage is as large
	// and aligned as a struct xarray, which the constructor makes it.
	xarray *xa() const noexcept { return reinterpret_cast<xarray *>(storage_); }

	alignas(KRCU_XARRAY_ALIGN) mutable std::byte storage_[KRCU_XARRAY_SIZE];
};

} // namespace krcu

#endif // KRCU_XARRAY_HPP
