// SPDX-License-Identifier: GPL-2.0
/// @file
/// What Clang can be told about lifetimes and critical sections, and GCC cannot. Names of its analyses:
/// https://clang.llvm.org/docs/AttributeReference.html#lifetimebound and .../ThreadSafetyAnalysis.html
#ifndef KRCU_INTERNAL_ATTRIBUTES_HPP
#define KRCU_INTERNAL_ATTRIBUTES_HPP

#ifdef __clang__

/// Before a parameter, or behind a member function for its object: the result must not outlive it.
#define KRCU_LIFETIMEBOUND [[clang::lifetimebound]]

/// A class whose objects are held (the analysis says "capability"), and one whose objects hold such
/// a one from constructor to destructor.
#define KRCU_CAPABILITY(what) __attribute__((capability(what)))
#define KRCU_GUARD __attribute__((scoped_lockable))

/// What a guard's constructor, or the function that returns one, does, and what its destructor does.
#define KRCU_ENTERS(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define KRCU_LEAVES __attribute__((release_generic_capability))

/// A function that must not be called while these are held: it would wait for its own caller.
#define KRCU_NOT_UNDER(...) __attribute__((locks_excluded(__VA_ARGS__)))

/// A function whose body is beyond the analysis; its callers are checked.
#define KRCU_UNCHECKED __attribute__((no_thread_safety_analysis))

#if __has_attribute(reentrant_capability)
#define KRCU_REENTRANT __attribute__((reentrant_capability))
#endif

#else
#define KRCU_LIFETIMEBOUND
#define KRCU_CAPABILITY(what)
#define KRCU_GUARD
#define KRCU_ENTERS(...)
#define KRCU_LEAVES
#define KRCU_NOT_UNDER(...)
#define KRCU_UNCHECKED
#endif

#ifndef KRCU_REENTRANT
#define KRCU_REENTRANT
#endif

namespace krcu::internal {

/// Being a reader; nothing but a name for the analysis, so that its objects are declared and never defined.
struct KRCU_CAPABILITY("read-side critical section") KRCU_REENTRANT ReadSide {};

/// Being a reader of RCU itself.
extern const ReadSide rcu;

} // namespace krcu::internal

#endif // KRCU_INTERNAL_ATTRIBUTES_HPP
