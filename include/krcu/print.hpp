// SPDX-License-Identifier: GPL-2.0
/// @file
/// pr_info() and its kin: lines in the kernel's log.
///
/// They are macros, as in C, so they stand without krcu::, and their formats are literals. The compiler checks these
/// against the arguments, and an error of theirs stops the build. What the kernel's formats have beyond C's, `%pI4`,
/// `%pe`, `%*ph`, is as there: Documentation/core-api/printk-formats.rst. A line ends in `\n`.
///
/// Each line begins with pr_fmt(), which is the module's name and a colon unless the driver defines it otherwise,
/// before it includes krcu. In C it has to be defined for that; so that both halves say the same, main.c has
/// `#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt`.
///
/// - pr_emerg(), pr_alert(), pr_crit(), pr_err(), pr_warn(), pr_notice(), pr_info(): by level. pr_cont() goes on with
///   a line.
/// - pr_debug(): prints where DEBUG is defined before the include, as by `CXXFLAGS_engine.o := -DDEBUG`. Else it
///   does nothing, and does not compute its arguments. Dynamic debug does not know it: that takes a table of the
///   kernel's, which is not C++.
/// - pr_err_once(), ...: the first time only, also of several CPUs at once.
/// - pr_err_ratelimited(), ...: up to 10 lines in 5 seconds from each place.
///
/// Context: any, NMI too; the ratelimited ones any but NMI.
/// Where the kernel has no CONFIG_PRINTK nothing is printed. The index of formats (CONFIG_PRINTK_INDEX) does not have
/// those of C++. See Documentation/core-api/printk-basics.rst.
///
/// Use like:
///
///     void lost(const void *address, unsigned int n)
///     {
///             pr_warn_ratelimited("%u packets from %pI4 are lost\n", n, address);
///     }
///
///     extern "C" int mydrv_begin()            // called by the C half
///     {
///             const unsigned char address[] = { 192, 0, 2, 1 };
///
///             lost(address, 3);
///             return 0;
///     }
///
/// which prints:
///
///     mydrv: 3 packets from 192.0.2.1 are lost
#ifndef KRCU_PRINT_HPP
#define KRCU_PRINT_HPP

#include <cstddef>

#include <linux/kern_levels.h>

#include <krcu-constants.h>
#include <krcu/atomic.hpp>
#include <krcu/internal/shims.h>

#if KRCU_PRINTK
extern "C" [[gnu::format(printf, 1, 2), gnu::cold]] int _printk(const char *format, ...);
#else
[[gnu::format(printf, 1, 2)]] inline int _printk(const char *, ...)
{
	return 0;
}
#endif

namespace krcu {

using ::_printk; // for who says krcu::pr_info() all the same

namespace internal {

/// A struct ratelimit_state of a place in the code, which it is at the first use.
class RateLimit final {
public:
	bool allows(const char *function) noexcept { return krcu_ratelimit(storage_, function); }

private:
	alignas(KRCU_RATELIMIT_ALIGN) std::byte storage_[KRCU_RATELIMIT_SIZE] = {};
};

} // namespace internal
} // namespace krcu

#ifndef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#define pr_emerg(fmt, ...) _printk(KERN_EMERG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_alert(fmt, ...) _printk(KERN_ALERT pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_crit(fmt, ...) _printk(KERN_CRIT pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_err(fmt, ...) _printk(KERN_ERR pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_warn(fmt, ...) _printk(KERN_WARNING pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_notice(fmt, ...) _printk(KERN_NOTICE pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_info(fmt, ...) _printk(KERN_INFO pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__)
#define pr_cont(fmt, ...) _printk(KERN_CONT fmt __VA_OPT__(, ) __VA_ARGS__)

#ifdef DEBUG
#define KRCU_DEBUG 1
#else
#define KRCU_DEBUG 0
#endif
#define pr_debug(fmt, ...)                                                          \
	do {                                                                        \
		if (KRCU_DEBUG)                                                     \
			_printk(KERN_DEBUG pr_fmt(fmt) __VA_OPT__(, ) __VA_ARGS__); \
	} while (0)

#define KRCU_PRINT_ONCE(print, ...)                                                  \
	do {                                                                         \
		static constinit ::krcu::Atomic<bool> krcu_said;                     \
                                                                                     \
		if (!krcu_said.load() && !krcu_said.exchange(true, ::krcu::relaxed)) \
			print(__VA_ARGS__);                                          \
	} while (0)
#define pr_err_once(...) KRCU_PRINT_ONCE(pr_err, __VA_ARGS__)
#define pr_warn_once(...) KRCU_PRINT_ONCE(pr_warn, __VA_ARGS__)
#define pr_notice_once(...) KRCU_PRINT_ONCE(pr_notice, __VA_ARGS__)
#define pr_info_once(...) KRCU_PRINT_ONCE(pr_info, __VA_ARGS__)

#define KRCU_PRINT_RATELIMITED(print, ...)                               \
	do {                                                             \
		static constinit ::krcu::internal::RateLimit krcu_limit; \
                                                                         \
		if (krcu_limit.allows(__func__))                         \
			print(__VA_ARGS__);                              \
	} while (0)
#define pr_err_ratelimited(...) KRCU_PRINT_RATELIMITED(pr_err, __VA_ARGS__)
#define pr_warn_ratelimited(...) KRCU_PRINT_RATELIMITED(pr_warn, __VA_ARGS__)
#define pr_notice_ratelimited(...) KRCU_PRINT_RATELIMITED(pr_notice, __VA_ARGS__)
#define pr_info_ratelimited(...) KRCU_PRINT_RATELIMITED(pr_info, __VA_ARGS__)

#endif // KRCU_PRINT_HPP
