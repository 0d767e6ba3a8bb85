// SPDX-License-Identifier: GPL-2.0
/// @file
/// Hashing: how a HashTable finds the keys of its objects, hashes and compares them.
#ifndef KRCU_INTERNAL_HASHING_HPP
#define KRCU_INTERNAL_HASHING_HPP

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <krcu/internal/foreign.hpp>
#include <krcu/internal/shims.h>

namespace krcu {

class HashLink;

} // namespace krcu

namespace krcu::internal {

/// Whether all of a key can be read in words of 32 bits, as an rhashtable reads one whose size is a multiple of theirs.
template <class Key>
constexpr bool in_words = sizeof(Key) % 4 == 0 && alignof(Key) >= alignof(std::uint32_t);

/// The unsigned integer of as many bytes, and void where there is none.
template <std::size_t size>
using uint_t = std::conditional_t<
	size == 1, std::uint8_t,
	std::conditional_t<size == 2, std::uint16_t,
			   std::conditional_t<size == 4, std::uint32_t, std::conditional_t<size == 8, std::uint64_t, void>>>>;

/// The policy of a table that has none: keys are equal if all their bytes are. Hashed as an rhashtable does.
struct KeyBytes final {
	template <class Key>
	static unsigned int hash(const Key &key, unsigned int seed)
	{
		if constexpr (in_words<Key>)
			return krcu_jhash2(&key, sizeof(key) / 4, seed);
		else
			return krcu_jhash(&key, sizeof(key), seed);
	}
	template <class Key>
	static bool equal(const Key &a, const Key &b)
	{
		using Uint = uint_t<sizeof(Key)>;

		// Without a C library, Clang leaves every memcmp() to the kernel.
		if constexpr (std::is_void_v<Uint>)
			return !__builtin_memcmp(&a, &b, sizeof(a));
		else
			return std::bit_cast<Uint>(a) == std::bit_cast<Uint>(b);
	}
};

/// What a pointer to a member points to, and void for what is none of a T.
template <class T, class Pointer>
struct MemberOf {
	using type = void;
};
template <class T, class Class, class M>
	requires(std::is_base_of_v<Class, T> || std::is_same_v<Class, T>)
struct MemberOf<T, M Class::*> {
	using type = M;
};

template <class Policy, class Member>
struct KeyOf {
	using type = std::remove_cv_t<Member>;
};
template <class Policy, class Member>
	requires requires { typename Policy::key_type; }
struct KeyOf<Policy, Member> {
	using type = typename Policy::key_type;
};

template <class Policy, class Member, class Key>
concept HashPolicy = requires(const Member &member, const Key &key, unsigned int seed) {
	{ Policy::hash(member, seed) } -> std::same_as<unsigned int>;
	{ Policy::hash(key, seed) } -> std::same_as<unsigned int>;
	{ Policy::equal(member, member) } -> std::same_as<bool>;
	{ Policy::equal(member, key) } -> std::same_as<bool>;
};

template <class P, auto link, auto key, class Policy>
class Hashing final {
	using T = typename P::element_type;
	using Member = typename MemberOf<T, decltype(key)>::type;

	static_assert(std::is_convertible_v<decltype(link), HashLink T::*>,
		      "krcu: a HashTable<P, &T::link, &T::key> links its objects by a krcu::HashLink, a member of T");
	static_assert(std::is_object_v<Member>, "krcu: the key of a HashTable<P, &T::link, &T::key> is a data member of T");

public:
	using key_type = typename KeyOf<Policy, Member>::type;

private:
	static constexpr bool has_policy = !std::is_same_v<Policy, KeyBytes>;

	static_assert(has_policy || std::has_unique_object_representations_v<key_type>,
		      "krcu: keys are equal if all their bytes are, and these have padding, or two representations of one value: name a policy, HashTable<P, &T::link, &T::key, Policy>");
	static_assert(!has_policy || HashPolicy<Policy, Member, key_type>,
		      "krcu: a HashTable's policy has `static unsigned int hash(key, unsigned int seed)` and `static bool equal(key, key)`, for T's key and for what is looked up by");

	static const Member &key_of(const void *object) noexcept
	{
		constexpr Member T::*member = key;

		return static_cast<const T *>(object)->*member;
	}

	// What the kernel calls by a pointer: kCFI looks at their types.

	static unsigned int hash_object(const void *object, unsigned int, unsigned int seed)
	{
		return Policy::hash(key_of(object), seed);
	}
	static int compare(rhashtable_compare_arg *arg, const void *object)
	{
		return !Policy::equal(key_of(object), key_of(krcu_hash_compared(arg)));
	}

	static unsigned int hash(const void *sought, unsigned int seed)
	{
		return Policy::hash(*static_cast<const key_type *>(sought), seed);
	}
	static bool equal(const void *object, const void *sought)
	{
		return Policy::equal(key_of(object), *static_cast<const key_type *>(sought));
	}

public:
	/// The same for all calls on a table. T is complete.
	static krcu_hash_params params() noexcept
	{
		static_assert(sizeof(T) <= UINT16_MAX,
			      "krcu: an rhashtable counts offsets in 16 bits: let a T of 64 kB or more own what is large, and not contain it");
		static_assert(requires(const T &object) { Foreign::of<P>(object); }, "krcu: a HashTable hands back the P of an object, so P is an RcuBox, an RcuFreeBox or an RcuRef");
		constexpr HashLink T::*linked_by = link;
		krcu_hash_params params = {};

		params.link_offset = static_cast<unsigned short>(offset_of(linked_by)); // see above
		params.shared = std::copy_constructible<P>;
		params.hash = hash_object;
		params.compare = compare;
		return params;
	}

	/// What has that key, or null. The caller is under a guard.
	static T *find(rhashtable *table, const key_type &sought) noexcept
	{
		return static_cast<T *>(krcu_hash_find(table, static_cast<const void *>(&sought), params().link_offset, hash, equal));
	}
};

} // namespace krcu::internal

#endif // KRCU_INTERNAL_HASHING_HPP
