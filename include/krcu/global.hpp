// SPDX-License-Identifier: GPL-2.0
/// @file
/// KRCU_GLOBAL, Global: an object at namespace scope that is made before the module's init and gone after its exit.
#ifndef KRCU_GLOBAL_HPP
#define KRCU_GLOBAL_HPP

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>

#include <krcu-constants.h>
#include <krcu/internal/attributes.hpp>
#include <krcu/internal/boxable.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

namespace internal {

/// Who may make a Global: KRCU_GLOBAL alone.
struct OfMacro {};

/// Whether a T that is a global is made by `T::make()`.
template <class T>
concept HasMake = requires {
	{ T::make() } -> std::same_as<T>;
};

} // namespace internal

/// A T at namespace scope, defined by `KRCU_GLOBAL(name, T);` and used as a pointer to it would be: `name->find(...)`.
///
/// Nothing runs static constructors or destructors in a module, so what has one cannot stand at namespace scope as it
/// is. krcu makes a module's globals before its init, in the order of each file and of the files in `mydrv-cxx-y`. T is
/// made by `T::make()` where it has such a function that needs no argument and returns a T, else by `T()`. If what
/// make() returns says that it is empty, by an operator bool, the load fails with -ENOMEM. Either may sleep.
///
/// Globals end when the module's exit has returned, in the reverse order, and likewise where its init or another global
/// fails. Then nobody but destructors and parameters' functions may use them; what the driver has registered is taken
/// back by its exit. Before the first one ends, krcu waits for late readers, for what is pending in RCU, in any domain
/// and in reclaim::Work, and for what that retires in turn. So all those destructors may use globals. After each one
/// it waits again. So destructors of what a global owned may use those that were made before it, and neither that one
/// itself nor later ones: declare first what others use, a krcu::Srcu before whatever owns its boxes. A global ends by
/// T::drop_before_gp(), where T has one, and a grace period; and then by ~T, which may sleep. What needs none of these
/// ends at once.
///
/// A parameter's set and get functions run before init and after exit, too, as its file is there for longer. They ask
/// first whether globals may be used, and get an answer that holds until they return:
///
///     if (!sessions)
///             return -ENODEV;
///
/// Such a set function may retire objects whose destructors use globals, as those are waited for.
///
/// Whoever else uses a global before it is made or when it has ended finds memory without an object. Kernels with
/// CONFIG_PROVE_RCU warn.
///
/// It costs what a static object in C costs. Another file, or a header, declares it as
/// `extern krcu::Global<T> name;`. Definitions may stand in any namespace, an unnamed one too, and may be static. What
/// needs no constructor, an Rcu say, may also be declared constinit, without KRCU_GLOBAL; then nobody ends it.
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
///
///     KRCU_GLOBAL(sessions, krcu::HashTable<SessionBox, &Session::link, &Session::id>);
///
///     int add(int id, int user)
///     {
///             auto session = SessionBox::make(krcu::GFP_KERNEL, id, user);
///             return session ? sessions->insert(std::move(session)) : -ENOMEM;
///     }
///
///     int set_user(int user)                  // a parameter's set function
///     {
///             if (!sessions)
///                     return -ENODEV;
///             return add(0, user);
///     }
template <class T>
class Global final {
	static_assert(std::is_object_v<T> && !std::is_array_v<T> && std::is_same_v<T, std::remove_cv_t<T>>,
		      "krcu: a global is one object: T cannot be const, volatile, a reference, a function, void or an array");

public:
	/// For KRCU_GLOBAL.
	explicit constexpr Global(internal::OfMacro) noexcept {}

	Global(const Global &) = delete;
	Global &operator=(const Global &) = delete;

	/// The object. Any context, between the module's init and its exit, and as said above.
	T &operator*() noexcept
	{
		check();
		return *object();
	}
	const T &operator*() const noexcept
	{
		check();
		return *object();
	}
	T *operator->() noexcept { return &**this; }
	const T *operator->() const noexcept { return &**this; }

	/// Whether globals may be used: from before the module's init until its exit has returned, or its init has
	/// failed. It is the same for all of a module, and for functions that hold the lock of the module's parameters.
	/// Context: any that has kernel_param_lock().
	explicit operator bool() const noexcept { return __atomic_load_n(&krcu_globals_usable, __ATOMIC_RELAXED); }

	/// What the C half knows of it; for KRCU_GLOBAL.
	static constexpr krcu_global entry(Global &global) noexcept
	{
		static_assert(internal::TraitsCanBeRead<T>::value);
		static_assert(!internal::BelongsToScope<T>,
			      "krcu: a guard belongs to the scope that made it and cannot be a global");
		static_assert(internal::HasMake<T> || std::is_default_constructible_v<T>,
			      "krcu: a global is made by T::make() or by T(), without arguments: give T one of these");
		static_assert(std::is_destructible_v<T>, "krcu: a global ends with the module: ~T must be public");

		return { begin, std::is_trivially_destructible_v<T> && !internal::DropsBeforeGp<T> ? nullptr : end, &global };
	}

private:
	struct NobodyAsks {
		constexpr NobodyAsks(bool) {}
	};

	// What these two make of a pointer holds because entry() has it beside them.

	[[gnu::cold]] static int begin(void *global)
	{
		Global *self = static_cast<Global *>(global);

		if constexpr (internal::HasMake<T>) {
			T *made = ::new (self->storage_) T(T::make());

			if constexpr (requires { static_cast<bool>(*made); }) {
				if (!static_cast<bool>(*made)) {
					made->~T();
					return -ENOMEM;
				}
			}
		} else {
			::new (self->storage_) T();
		}
		self->there_ = true;
		return 0;
	}

	[[gnu::cold]] static void end(void *global)
	{
		Global *self = static_cast<Global *>(global);

		if constexpr (internal::DropsBeforeGp<T>) {
			self->object()->drop_before_gp();
			krcu_synchronize_rcu();
		}
		self->object()->~T();
		self->there_ = false;
	}

	void check() const noexcept
	{
		if constexpr (KRCU_CHECKS_GLOBALS)
			if (!__atomic_load_n(&there_, __ATOMIC_RELAXED)) [[unlikely]]
				krcu_global_is_not_there();
	}

	// Holds between begin() and end(), as begin() makes one there.
	T *object() noexcept { return std::launder(reinterpret_cast<T *>(storage_)); }
	const T *object() const noexcept { return std::launder(reinterpret_cast<const T *>(storage_)); }

	alignas(T) std::byte storage_[sizeof(T)] = {};
	[[no_unique_address]] std::conditional_t<KRCU_CHECKS_GLOBALS, bool, NobodyAsks> there_ = false;
};

} // namespace krcu

/// Defines `constinit krcu::Global<T> name`; T may have commas. To be used at namespace scope, outside of headers.
#define KRCU_GLOBAL(name, ... /* T */)                                                                   \
	constinit ::krcu::Global<__VA_ARGS__> name{ ::krcu::internal::OfMacro() };                       \
	static constexpr ::krcu_global krcu_global_of_##name = ::krcu::Global<__VA_ARGS__>::entry(name); \
	KRCU_NO_REORDER [[gnu::used, gnu::section("krcu_globals")]] static constexpr const ::krcu_global \
		*krcu_pointer_to_global_##name = &krcu_global_of_##name

#endif // KRCU_GLOBAL_HPP
