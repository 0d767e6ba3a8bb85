#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# check-module.sh NM OBJDUMP MODULE.o
#
# Refuses a module that would load but could not work, or not load for a symbol
# that no kernel has, with one line that says what in the C++ asked for it.
# Kbuild.krcu runs it on each module before modpost.

nm=$1
objdump=$2
object=$3
name=$(basename "$object" .o)
status=0

refuse()
{
	echo "krcu: $name: $*" >&2
	status=1
}

symbols=$("$nm" "$object") || exit 1

has()
{
	printf '%s\n' "$symbols" | grep -qE "$1"
}

# The names in the symbols that match, on one line.
which_ones()
{
	printf '%s\n' "$symbols" | sed -nE "s/.*$1.*/\\1/p" | sort -u | paste -sd' '
}

# A kernel with KASAN, KCSAN or gcov does run constructors: the ones the compiler makes to
# register its tables. There, C++'s own show by their names, or by what KASAN calls around them.
constructors=$(which_ones ' ((_GLOBAL__(sub_)?I_|__cxx_global_var_init)[^ ]*)')
if has ' U __asan_before_dynamic_init$'; then
	constructors="$constructors __asan_before_dynamic_init"
elif ! has ' U (__asan_register_globals|__tsan_init|__gcov_init|llvm_gcov_init)$'; then
	constructors="$constructors $("$objdump" -h "$object" | sed -nE 's/^ *[0-9]+ (\.(init_array|ctors)[^ ]*) .*/\1/p' | paste -sd' ')"
fi
if [ -n "${constructors# }" ]; then
	refuse "static constructors do not run in a module ($constructors): make the object constinit, or construct it from the module's init"
fi

if has ' U _Z(n|d)[wal]'; then
	refuse "C++ new, delete or a virtual destructor needs operator new/delete, which no kernel has ($(which_ones ' U (_Z(n|d)[wal][^ ]*)')):" \
		"use krcu::RcuBox and the like, or a non-virtual destructor"
fi

if has ' U (__cxa_|_Unwind_|__gxx_|__dso_handle|atexit$|abort$|_ZSt)'; then
	refuse "needs the C++ runtime, which no kernel has ($(which_ones ' U ((__cxa_|_Unwind_|__gxx_|__dso_handle|atexit|abort|_ZSt)[^ ]*)')):" \
		"no exceptions, no RTTI, and no local static with a constructor or a destructor to run (make it constinit, at namespace scope)"
fi

if has ' [tT] krcu_user_init$' && has ' [wWvV] krcu_user_exit$'; then
	refuse "has module_init() but no module_exit(): add one, even an empty one, so that krcu's barriers run before its text goes" \
		"(a module that shall never unload calls __module_get(THIS_MODULE) in its init)"
fi

exit $status
