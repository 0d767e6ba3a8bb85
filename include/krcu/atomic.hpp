// SPDX-License-Identifier: GPL-2.0
/// @file
/// Atomic: a number, a flag or a pointer that any number of CPUs change at once, by the kernel's atomics.
///
/// Semantics: Documentation/atomic_t.txt, and memory-barriers.txt for the orders.
#ifndef KRCU_ATOMIC_HPP
#define KRCU_ATOMIC_HPP

#include <concepts>
#include <type_traits>

#include <krcu/internal/shims.h>

namespace krcu {

namespace internal {

/// An order as a type, so that one that a function has not got does not compile.
template <krcu_order o>
struct Order final {
	static constexpr krcu_order value = o;
};

/// How the kernel keeps an atomic T.
template <class T>
concept AtomicNumber = (std::integral<T> && !std::same_as<T, bool>) && (sizeof(T) == 4 || sizeof(T) == 8);
template <class T>
concept AtomicEnum = std::is_enum_v<T> && (sizeof(T) == 4 || sizeof(T) == 8);

template <class T>
concept AnOrder = std::same_as<T, Order<T::value>>;

// In Atomic: calls the function for 4 bytes or for 8.
#define KRCU_ATOMIC(function, ...)                                    \
	[&] {                                                         \
		if constexpr (is_wide)                                \
			return krcu_atomic64_##function(__VA_ARGS__); \
		else                                                  \
			return krcu_atomic_##function(__VA_ARGS__);   \
	}()

} // namespace internal

/// What a function of an Atomic orders, with the accesses before and after it that are not atomic: nothing but itself.
inline constexpr internal::Order<KRCU_RELAXED> relaxed;
/// What follows, after it.
inline constexpr internal::Order<KRCU_ACQUIRE> acquire;
/// What comes before, before it.
inline constexpr internal::Order<KRCU_RELEASE> release;
/// Both, as smp_mb() before and after it.
inline constexpr internal::Order<KRCU_FULL> full;

/// An atomic T: an integer or an enum of 4 or 8 bytes, a bool, or a pointer. It is the kernel's atomic_t, or
/// atomic64_t where T has 8 bytes, also on 32-bit machines. A bool takes 4 bytes.
///
/// Where no order is given it is the kernel's, **not that of std::atomic**: load(), store(), and whatever else returns
/// nothing is relaxed; whatever changes the number and returns something is full. Another one comes last:
/// `ready.store(true, krcu::release)`, `ready.load(krcu::acquire)`, `n.fetch_add(1, krcu::relaxed)`. There is no full
/// load() and no full store(), as in the kernel. compare_exchange() has its order where it succeeds; where it does
/// not, it is relaxed.
///
/// Numbers wrap around, signed ones too.
///
/// An Atomic can be declared constinit, and neither copied nor moved. Of a const one there is load() alone: readers
/// see what RCU protects as const, so what they are to change in it is `mutable krcu::Atomic<...>`. A count of owners
/// is not for this: see krcu::RefCounted, which saturates.
///
/// KCSAN and KASAN see every access. Context: any; NMI, too, if the architecture has atomic64_t of its own
/// (CONFIG_GENERIC_ATOMIC64 is not set) or T has 4 bytes.
///
/// Use like:
///
///     struct Session {
///             mutable krcu::Atomic<unsigned long> packets = 0;
///     };
///     constinit krcu::Rcu<krcu::RcuKBox<Session>> session;
///     constinit krcu::Atomic<bool> ready = false;
///
///     void count()
///     {
///             krcu::ReadGuard guard;
///             if (!ready.load(krcu::acquire))
///                     return;
///             if (auto s = session.dereference(guard))
///                     s->packets.inc();
///     }
///
///     void start()
///     {
///             ready.store(true, krcu::release);       // after all that is before
///     }
template <class T>
class Atomic final {
	static_assert(std::same_as<T, std::remove_cv_t<T>> && (internal::AtomicNumber<T> || internal::AtomicEnum<T> ||
							       std::same_as<T, bool> || std::is_pointer_v<T>),
		      "krcu: an Atomic is an integer or an enum of 4 or 8 bytes, a bool or a pointer: the kernel has no others");

	static constexpr bool is_bool = std::same_as<T, bool>;
	static constexpr bool is_wide = sizeof(T) == 8;

	// What the kernel's functions take, and what is kept: T itself, as a pointer is no constant number.
	using Word = std::conditional_t<is_wide, long long, int>;
	using Kept = std::conditional_t<is_bool, int, T>;

public:
	using value_type = T;

	/// 0, false or null.
	constexpr Atomic() noexcept = default;
	/// Not atomic.
	constexpr Atomic(T value) noexcept : value_(value) {}

	Atomic(const Atomic &) = delete;
	Atomic &operator=(const Atomic &) = delete;

	/// Relaxed or acquire. See atomic_read().
	template <internal::AnOrder O = internal::Order<KRCU_RELAXED>>
	T load(O = {}) const noexcept
	{
		static_assert(O::value == KRCU_RELAXED || O::value == KRCU_ACQUIRE,
			      "krcu: a load is relaxed or acquire; for more, change the number: fetch_add(0) is full");
		return value(KRCU_ATOMIC(read, word(), O::value));
	}

	/// Relaxed or release. See atomic_set().
	template <internal::AnOrder O = internal::Order<KRCU_RELAXED>>
	void store(T desired, O = {}) noexcept
	{
		static_assert(O::value == KRCU_RELAXED || O::value == KRCU_RELEASE,
			      "krcu: a store is relaxed or release; for more, use exchange(), which is full");
		KRCU_ATOMIC(set, word(), number(desired), O::value);
	}

	/// Stores, and returns what was there. Any order, full where none is given. See atomic_xchg().
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	T exchange(T desired, O = {}) noexcept
	{
		return value(KRCU_ATOMIC(xchg, word(), number(desired), O::value));
	}

	/// Stores `desired` if `expected` is there, and returns whether it was; if not, `expected` becomes what was
	/// there. Any order, full where none is given. See atomic_try_cmpxchg().
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	bool compare_exchange(T &expected, T desired, O = {}) noexcept
	{
		Word old = number(expected);

		if (KRCU_ATOMIC(try_cmpxchg, word(), &old, number(desired), O::value))
			return true;
		expected = value(old);
		return false;
	}

	/// Of integers: these return nothing, and are relaxed. See atomic_add() and its kin.
	void add(T n) noexcept
		requires internal::AtomicNumber<T>
	{
		KRCU_ATOMIC(add, word(), number(n));
	}
	void sub(T n) noexcept
		requires internal::AtomicNumber<T>
	{
		KRCU_ATOMIC(sub, word(), number(n));
	}
	void inc() noexcept
		requires internal::AtomicNumber<T>
	{
		KRCU_ATOMIC(inc, word());
	}
	void dec() noexcept
		requires internal::AtomicNumber<T>
	{
		KRCU_ATOMIC(dec, word());
	}

	/// Of integers: whether it is 0 then. Full. See atomic_dec_and_test().
	bool dec_and_test() noexcept
		requires internal::AtomicNumber<T>
	{
		return KRCU_ATOMIC(dec_and_test, word());
	}

	/// Of integers: return what was there before. Any order, full where none is given. See atomic_fetch_add() and
	/// its kin.
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	T fetch_add(T n, O = {}) noexcept
		requires internal::AtomicNumber<T>
	{
		return value(KRCU_ATOMIC(fetch_add, word(), number(n), O::value));
	}
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	T fetch_sub(T n, O = {}) noexcept
		requires internal::AtomicNumber<T>
	{
		return value(KRCU_ATOMIC(fetch_sub, word(), number(n), O::value));
	}
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	T fetch_and(T n, O = {}) noexcept
		requires internal::AtomicNumber<T>
	{
		return value(KRCU_ATOMIC(fetch_and, word(), number(n), O::value));
	}
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	T fetch_or(T n, O = {}) noexcept
		requires internal::AtomicNumber<T>
	{
		return value(KRCU_ATOMIC(fetch_or, word(), number(n), O::value));
	}
	template <internal::AnOrder O = internal::Order<KRCU_FULL>>
	T fetch_xor(T n, O = {}) noexcept
		requires internal::AtomicNumber<T>
	{
		return value(KRCU_ATOMIC(fetch_xor, word(), number(n), O::value));
	}

private:
	// Holds because a T of that size is kept as the kernel's number of that size, which all others see, too; kernel
	// code is compiled without strict aliasing.
	Word *word() noexcept { return reinterpret_cast<Word *>(&value_); }
	const Word *word() const noexcept { return reinterpret_cast<const Word *>(&value_); }

	static Word number(T value) noexcept
	{
		if constexpr (is_bool)
			return value;
		else
			return __builtin_bit_cast(Word, value);
	}
	static T value(Word number) noexcept
	{
		if constexpr (is_bool)
			return number;
		else
			return __builtin_bit_cast(T, number);
	}

	alignas(sizeof(Kept)) Kept value_ = {};
};

#undef KRCU_ATOMIC

} // namespace krcu

#endif // KRCU_ATOMIC_HPP
