// SPDX-License-Identifier: GPL-2.0
/// @file
/// What Clang can be told about lifetimes and critical sections, and GCC cannot:
/// https://clang.llvm.org/docs/AttributeReference.html#lifetimebound and .../ThreadSafetyAnalysis.html
#ifndef KRCU_INTERNAL_ATTRIBUTES_HPP
#define KRCU_INTERNAL_ATTRIBUTES_HPP

#ifdef __clang__

// Before a parameter, or behind a member function for its object: the result must not outlive it.
#define KRCU_LIFETIMEBOUND [[clang::lifetimebound]]

// Before a class's name: what its members return points into it, or lives no longer.
#define KRCU_OWNER [[gsl::Owner]]

// The names are those of the macros in Clang's documentation, where each is explained.
#define KRCU_CAPABILITY(what) __attribute__((capability(what)))
#define KRCU_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define KRCU_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define KRCU_ACQUIRE_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define KRCU_RELEASE_GENERIC __attribute__((release_generic_capability))
// For functions that sleep: none of them may be called under a spin lock either.
#define KRCU_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__, ::krcu::internal::spinning)))
#define KRCU_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

#if __has_attribute(reentrant_capability)
#define KRCU_REENTRANT_CAPABILITY __attribute__((reentrant_capability))
#endif

#else
#define KRCU_LIFETIMEBOUND
#define KRCU_OWNER
#define KRCU_CAPABILITY(what)
#define KRCU_SCOPED_CAPABILITY
#define KRCU_ACQUIRE(...)
#define KRCU_ACQUIRE_SHARED(...)
#define KRCU_RELEASE_GENERIC
#define KRCU_EXCLUDES(...)
#define KRCU_NO_THREAD_SAFETY_ANALYSIS
#endif

// Keeps objects of a section in their order, which GCC else reverses. Clang keeps it by itself.
#ifdef __clang__
#define KRCU_NO_REORDER
#else
#define KRCU_NO_REORDER [[gnu::no_reorder]]
#endif

#ifndef KRCU_REENTRANT_CAPABILITY
#define KRCU_REENTRANT_CAPABILITY
#endif

namespace krcu::internal {

/// Being a reader; nothing but a name for the analysis, so that its objects are declared and never defined.
struct KRCU_CAPABILITY("read-side critical section") KRCU_REENTRANT_CAPABILITY ReadSide {};

/// Being a reader of RCU itself.
extern const ReadSide rcu;

/// Holding any spin lock, likewise.
struct KRCU_CAPABILITY("spin lock section") KRCU_REENTRANT_CAPABILITY SpinSection {};
extern const SpinSection spinning;

} // namespace krcu::internal

#endif // KRCU_INTERNAL_ATTRIBUTES_HPP
