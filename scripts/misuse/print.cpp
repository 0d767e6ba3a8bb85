// SPDX-License-Identifier: GPL-2.0
// Lines in the log. Read by scripts/misuse/misuse-test.sh, which says how.
#include <krcu/krcu.hpp>

struct Object {
	~Object();
	int value;
};

void lines(const char *text, unsigned long n, const Object &object)
{
#ifdef MISUSE_a_number_for_a_string // error: format ('%s'|.*specifies type 'char \*')
	pr_info("%s\n", n);
#endif
#ifdef MISUSE_a_long_for_an_int // error: format ('%d'|.*specifies type 'int')
	pr_err("%d\n", n);
#endif
#ifdef MISUSE_an_argument_that_is_missing // error: (format '%s' expects a matching|more '%' conversions than data)
	pr_warn("%lu %s\n", n);
#endif
#ifdef MISUSE_an_argument_too_many // error: (too many arguments for format|data argument not used by format string)
	pr_notice("%lu\n", n, text);
#endif
#ifdef MISUSE_a_wrong_format_that_is_not_printed // error: format ('%s'|.*specifies type 'char \*')
	pr_debug("%s\n", n);
#endif
#ifdef MISUSE_a_wrong_format_that_is_printed_once // error: format ('%s'|.*specifies type 'char \*')
	pr_warn_once("%s\n", n);
#endif
#ifdef MISUSE_a_wrong_format_that_is_limited // error: format ('%s'|.*specifies type 'char \*')
	pr_err_ratelimited("%s\n", n);
#endif
#ifdef MISUSE_a_format_that_is_no_literal // error: expected
	pr_info(text);
#endif
#ifdef MISUSE_an_object_for_an_argument // error: (format '%d' expects argument of type 'int', but argument 2 has type 'const Object'|cannot pass non-trivial object)
	pr_info("%d\n", object);
#endif
	pr_info("%s, %lu: %d, %pI4 %pK %pe %*ph\n", text, n, object.value, text, text, text, 4, text);
	pr_debug("nothing\n");
}
