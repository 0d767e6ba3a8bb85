// SPDX-License-Identifier: GPL-2.0
/// @file
/// HashTable: the kernel's resizable hash table, owning the objects in it.
#ifndef KRCU_HASH_TABLE_HPP
#define KRCU_HASH_TABLE_HPP

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <utility>

#include <krcu/draft.hpp>
#include <krcu/foreign_ownable.hpp>
#include <krcu/found.hpp>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/foreign.hpp>
#include <krcu/internal/hashing.hpp>
#include <krcu/internal/shims.h>
#include <krcu/internal/unique.hpp>
#include <krcu/rcu.hpp>

namespace krcu {

/// What the objects of a HashTable have as a member, one for each table that they can be in at a time. Copying an
/// object copies no link. It is two words: the chain, and whether the object is in it.
class HashLink final {
public:
	constexpr HashLink() noexcept = default;
	constexpr HashLink(const HashLink &) noexcept {}
	constexpr HashLink &operator=(const HashLink &) noexcept { return *this; }

private:
	// The C half's alone.
	[[maybe_unused]] krcu_hash_link link_ = {};
};

/// Bob Jenkins' hash of `size` bytes, for a HashTable's policy. Any context. See jhash().
inline unsigned int jhash(const void *data, std::size_t size, unsigned int seed) noexcept
{
	return krcu_jhash(data, static_cast<unsigned int>(size), seed);
}

/// A hash table of P that grows and shrinks with what is in it: readers look objects up by their key under a guard,
/// updaters insert and erase, and get what was there back as an owned P. Dropping that P waits for the readers,
/// without blocking, which is what ForeignOwnableRcu promises.
///
/// `link` names the HashLink of a T, and `key` the member that T is found by: `HashTable<P, &T::link, &T::key>`. No
/// two objects in a table have the same key, and an object's key stays as it is while it is in one. P is an RcuBox,
/// an RcuFreeBox or an RcuRef. T is at most 64 kB large; what it owns elsewhere does not count. Inside T, a table of
/// T comes after the link.
///
/// Keys are equal if all their bytes are, so their type has no padding, nor several representations of one value, as
/// floating-point numbers have. Any other takes a Policy. Both functions take what `&T::key` is, and what find() and
/// erase() are given, which is a `const Policy::key_type &` where there is one:
///
/// - `static unsigned int hash(key, unsigned int seed)`: equal keys have the same; jhash(), say.
/// - `static bool equal(key of an object, key)`.
///
/// They are inlined, except where the table grows. Any number of readers and updaters at once. Updaters exclude each
/// other by a lock of the chain's own, with softirqs disabled. So update in process context or in softirq, an RCU
/// callback's destructor among them, also under a ReadGuard, but neither in hard interrupts nor with interrupts
/// disabled. No P is dropped under the lock, and no function of a Policy sleeps.
///
/// An object is in one table by one link. What is in one cannot be inserted a second time, by another RcuRef of it:
/// that is refused, with a warning. What has been erased may be inserted again, a grace period later: sooner, readers
/// that were at it would go on in its new chain, and for_each() could miss objects, or find those of another table. A
/// kernel with CONFIG_PROVE_RCU warns.
///
/// A table is one pointer, which can be moved. At namespace scope it is a KRCU_GLOBAL, which the module makes and
/// destroys. Nothing but moving, and asking whether it is empty, may be done with an empty one.
///
/// Semantics: include/linux/rhashtable.h. A work item of the kernel's lets the table grow and shrink. It calls the
/// policy: a constinit table that is forgotten in the module's exit leaks, and may crash.
///
/// Use like:
///
///     struct Session {
///             Session(int i, int u) : id(i), user(u) {}
///             krcu::HashLink link;
///             int id;
///             int user;
///     };
///     using SessionBox = krcu::RcuKBox<Session>;
///     using Sessions = krcu::HashTable<SessionBox, &Session::link, &Session::id>;
///
///     KRCU_GLOBAL(sessions, Sessions);
///
///     int add(int id, int user)
///     {
///             auto session = SessionBox::make(krcu::GFP_KERNEL, id, user);
///             if (!session)
///                     return -ENOMEM;
///             return sessions->insert(std::move(session)); // if it fails, the session is dropped here
///     }
///
///     int user_of(int id)
///     {
///             krcu::ReadGuard guard;
///             auto session = sessions->find(id, guard);
///             return session ? session->user : -1;
///     }
///
///     void remove_user(int user)
///     {
///             krcu::ReadGuard guard;
///             sessions->for_each(guard, [&](const Session &session) {
///                     if (session.user == user)
///                             sessions->erase(session).reset();
///             });
///     }
///
/// and with names as keys. Use like:
///
///     struct Device {
///             krcu::HashLink link;
///             char name[16];
///     };
///     struct ByName {
///             using key_type = const char *;
///             static unsigned int hash(const char *name, unsigned int seed)
///             {
///                     return krcu::jhash(name, __builtin_strlen(name), seed);
///             }
///             static bool equal(const char *a, const char *b) { return !__builtin_strcmp(a, b); }
///     };
///     using Devices = krcu::HashTable<krcu::RcuKBox<Device>, &Device::link, &Device::name, ByName>;
///
///     bool exists(const Devices &devices, const char *name)
///     {
///             krcu::ReadGuard guard;
///             return bool(devices.find(name, guard));
///     }
template <ForeignOwnableRcu P, auto link, auto key, class Policy = internal::KeyBytes>
class HashTable final {
	using Hashing = internal::Hashing<P, link, key, Policy>;

public:
	using element_type = typename P::element_type;
	/// What objects are found by.
	using key_type = typename Hashing::key_type;

	/// Read by the boxes: destroying a table waits for the kernel's work item.
	static constexpr bool destructor_may_sleep = true;

	/// No table.
	constexpr HashTable() noexcept = default;

	/// A table with nothing in it; empty, as HashTable() is, where memory is short.
	/// Context: process, may sleep. See rhashtable_init().
	static HashTable make()
	{
		return HashTable(krcu_hash_create(Hashing::params()));
	}

	/// Moving a table empties it. Moving one over another destroys that; onto itself changes nothing.
	HashTable(HashTable &&) noexcept = default;
	HashTable &operator=(HashTable &&) noexcept KRCU_EXCLUDES(internal::rcu) = default;

	/// Drops every P, each after it has been taken out, and frees the table. Nobody may use it any more, readers and
	/// ~P included; an object that a reader holds stays for as long as the guard.
	/// Context: process, may sleep, and any that ~P allows; not under a ReadGuard. See rhashtable_destroy().
	~HashTable() KRCU_EXCLUDES(internal::rcu) = default;

	/// Whether there is a table.
	explicit operator bool() const noexcept { return bool(table_); }

	/// What has that key, or null; valid as long as the guard, even if it is erased meanwhile.
	/// Context: any that a ReadGuard allows. See rhashtable_lookup().
	Found<element_type> find(const key_type &sought, KRCU_LIFETIMEBOUND const ReadGuard &) const noexcept
	{
		// Holds because only objects of P's are ever linked, and dropping a P waits for the guard.
		return Found<element_type>(Hashing::find(table_.get(), sought));
	}
	Found<element_type> find(const key_type &, const ReadGuard &&) const = delete; // the guard would be gone first

	/// Puts `p` in, a P or a Draft of one. Returns 0, or a negative errno, and `p` still owns its object: -EEXIST if
	/// its key is there; -ENOMEM; -EBUSY if too many objects have the same hash; -E2BIG if there are 2^31; -EINVAL if
	/// `p` is empty. Also -EEXIST, with a warning, if the object itself is in a table.
	/// Context: as updating; does not sleep. See rhashtable_lookup_insert_fast().
	template <Publishable<P> S = P>
	[[nodiscard("insert() may fail")]]
	int insert(S &&p)
	{
		if (!p)
			return -EINVAL;
		void *foreign = std::forward<S>(p).into_foreign();
		const int err = krcu_hash_insert(table_.get(), object_of(foreign), Hashing::params());

		// Holds because what fails has published nothing.
		if (err) [[unlikely]]
			p = S::from_foreign(foreign);
		return err;
	}

	/// Puts `p` in, a P or a Draft of one, and returns what had its key, perhaps nothing. Readers find one or the
	/// other. On failure `p` still owns its object, and a negative errno comes out, as of insert(); if something has
	/// the key, no memory is needed.
	/// Context: as updating; does not sleep. See rhashtable_replace_fast().
	template <Publishable<P> S = P>
	[[nodiscard("replace() may fail, and hands back what was there")]]
	std::expected<P, int> replace(S &&p)
	{
		if (!p)
			return std::unexpected(-EINVAL);
		void *foreign = std::forward<S>(p).into_foreign();
		void *old = nullptr;

		if (int err = krcu_hash_replace(table_.get(), object_of(foreign), &old, Hashing::params())) [[unlikely]] {
			// Holds because what fails has published nothing.
			p = S::from_foreign(foreign);
			return std::unexpected(err);
		}
		return owner_of(old);
	}

	/// Takes out what has that key, perhaps nothing.
	/// Context: as updating; does not sleep. See rhashtable_remove_fast().
	P erase(const key_type &sought) noexcept
	{
		ReadGuard guard;
		void *object;

		// What was found may be gone before it can be erased, and there may be another one.
		do
			object = Hashing::find(table_.get(), sought);
		while (object && !unlink(object));
		return owner_of(object);
	}

	/// Takes that very object out; empty if it is not in the table, say because somebody else was faster. The object
	/// is one of P's, and the caller sees to its staying: by a guard, an owner, or by being the only updater.
	/// Context: as updating; does not sleep. See rhashtable_remove_fast().
	P erase(const element_type &object) noexcept
	{
		// Holds because no object of an owner was made const.
		void *linked = const_cast<element_type *>(&object);

		return unlink(linked) ? owner_of(object) : P();
	}

	/// Calls `visit(object)` for every object, in no order, until it returns false, or for all if it returns
	/// nothing. Each comes at least once, and may come again where the table grows or shrinks meanwhile. What is
	/// inserted or erased meanwhile may be seen or not; `visit` may do so itself.
	/// Context: any that a ReadGuard allows. `visit` must not sleep.
	template <std::invocable<const element_type &> F>
	void for_each(const ReadGuard &, F &&visit) const
	{
		krcu_hash_cursor cursor = {};

		while (void *found = krcu_hash_next(table_.get(), &cursor))
			if (!internal::wants_more(visit, *static_cast<const element_type *>(found)))
				return;
	}

	/// How many objects there are. While others update, that was so a moment ago.
	/// Any context.
	std::size_t size() const noexcept { return krcu_hash_size(table_.get()); }

private:
	struct Destroy {
		void operator()(rhashtable *table) const
		{
			// Afterwards, so that no P is dropped under a lock: ~P may destroy other tables.
			for (void *object = krcu_hash_destroy(table); object;) {
				[[maybe_unused]] P last = owner_of(std::exchange(object, krcu_hash_unchain(object, Hashing::params())));
			}
		}
	};

	explicit HashTable(rhashtable *table) noexcept : table_(table) {}

	// Some 500 bytes, and so not inlined by whoever erases. Whether it was in the table.
	[[gnu::noinline]] bool unlink(void *object) noexcept
	{
		return krcu_hash_erase_object(table_.get(), object, Hashing::params());
	}

	// What the C half knows an object by: the T. Holds because no object of an owner was made const.
	static void *object_of(void *foreign) noexcept { return const_cast<element_type *>(&P::borrow(foreign)); }

	// Holds because what has been taken out, or replaced, is nobody else's, and was a P's when it was put in.
	static P owner_of(const element_type &object) noexcept
	{
		return P::from_foreign(internal::Foreign::of<P>(object));
	}
	static P owner_of(void *object) noexcept
	{
		return object ? owner_of(*static_cast<element_type *>(object)) : P();
	}

	internal::Unique<rhashtable, Destroy> table_;
};

} // namespace krcu

#endif // KRCU_HASH_TABLE_HPP
