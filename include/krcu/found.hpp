// SPDX-License-Identifier: GPL-2.0
/// @file
/// Found: what a reader's look-up returns, which stays in the scope that looked it up.
#ifndef KRCU_FOUND_HPP
#define KRCU_FOUND_HPP

#include <krcu/internal/attributes.hpp>

namespace krcu {

/// The result of a look-up under a guard: null, or a const T that is valid for as long as that guard. Under the guard
/// of a lock that is until whoever holds the lock replaces or erases the object.
///
/// It reads as a pointer does, and is one in machine code. But it can be neither copied nor moved: so it cannot be
/// returned by name, assigned to a variable of an outer scope, nor kept in a member. Nor does it turn into a
/// `const T *`, which could. Hold it as `auto`.
///
/// What compilers do not see is an address or a reference taken of the object, `const T *p = &*found`, kept for
/// longer than the guard. A function that is given the object, `use(*found)`, must not keep it either.
///
/// Any context. See rcu_dereference(), whose result Documentation/RCU/rcu_dereference.rst is about.
///
/// Use like:
///
///     struct Config {
///             int limit;
///     };
///     KRCU_GLOBAL(config, krcu::Rcu<krcu::RcuKBox<Config>>);
///
///     bool allowed(const Config &c, int n);
///
///     bool may_have(int n)
///     {
///             krcu::ReadGuard guard;
///             auto c = config->dereference(guard);
///             return c && n < c->limit && allowed(*c, n);
///     }
template <class T>
class KRCU_OWNER [[nodiscard("a look-up has no other effect than its result")]] Found final {
public:
	using element_type = T;

	/// Read by the boxes, which refuse what has to stay in its scope.
	static constexpr bool belongs_to_scope = true;

	/// Called by what looks up: `object` is null, or valid as long as the guard that it has been given.
	explicit constexpr Found(const T *object) noexcept : object_(object) {}

	/// The same of one that there is. A reference is never null, but the kernel's -fno-delete-null-pointer-checks
	/// hides that from the compiler, and the caller's test would stay in the code after the one of the look-up.
	explicit constexpr Found(const T &object) noexcept : object_(&object)
	{
		if (!object_)
			__builtin_unreachable();
	}

	Found(const Found &) = delete;
	Found &operator=(const Found &) = delete;

	static void *operator new(decltype(sizeof(0))) = delete;
	static void *operator new[](decltype(sizeof(0))) = delete;

	/// Whether there is an object.
	explicit constexpr operator bool() const noexcept { return object_; }

	/// The object, for as long as the guard. It must not be null.
	constexpr const T &operator*() const noexcept KRCU_LIFETIMEBOUND { return *object_; }
	constexpr const T *operator->() const noexcept KRCU_LIFETIMEBOUND { return object_; }

	/// The object as a pointer, perhaps null, to compare it: for as long as the guard.
	constexpr const T *get() const noexcept KRCU_LIFETIMEBOUND { return object_; }

	/// Refused, with words: an ordinary pointer would outlive the guard without anybody's noticing.
	template <class U>
	operator U *() const
	{
		static_assert(!sizeof(U *),
			      "krcu: what a look-up found must not outlive its guard: hold it as auto, and say &* where a function wants a pointer");
		return nullptr;
	}

private:
	const T *object_;
};

} // namespace krcu

#endif // KRCU_FOUND_HPP
