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

refuse()
{
	echo "krcu: $name: $*" >&2
	exit 1
}

symbols=$("$nm" "$object") && table=$("$objdump" -t "$object") && relocations=$("$objdump" -r "$object") || exit 1

has()
{
	printf '%s\n' "$symbols" | grep -qE "$1"
}

# The names in the symbols that match, on one line.
which_ones()
{
	printf '%s\n' "$symbols" | sed -nE "s/.*$1.*/\\1/p" | sort -u | paste -sd' '
}

# The functions that a section of pointers names, on one line, except those that match. A relocation names a
# function, or where it is in a section.
functions_in() # SECTION BUT-FOR
{
	printf '%s\n' "$table" "$relocations" | awk -v section="$1" '
		/^[0-9a-f]+ ......F / {
			at = $1
			sub(/^0+/, "", at)
			sub(/^[0-9a-f]+ ......F /, "")
			called[$1 "+" at] = $NF
		}
		/^RELOCATION RECORDS FOR / { on = $0 ~ "[[][.]" section }
		on && $2 ~ /^R_/ {
			split($3, place, /[+]0x0*/)
			at = place[1] "+" place[2]
			print at in called ? called[at] : place[1]
		}' | grep -vE "^($2)" | sort -u | paste -sd' '
}

threads=$(printf '%s\n' "$table" | sed -nE 's/^[0-9a-f]+ .{7} \.t(bss|data).*[[:space:]]([^.$][^[:space:]]*)$/\2/p' | paste -sd' ')
if [ -n "$threads" ]; then
	refuse "thread_local needs thread-local storage, which no kernel has ($threads):" \
		"use a per-CPU variable of the module's C objects, or pass the object along"
fi

# The compilers' own, which register tables with KASAN, KCSAN or gcov.
registers='_sub_[ID]_[0-9]+_|[a-z]+san[.]module_[cd]tor|__llvm_gcov_'

constructors=$(functions_in '(init_array|ctors)' "$registers")
if [ -n "$constructors" ]; then
	refuse "static constructors do not run in a module ($constructors): make the object constinit, or construct it from the module's init"
fi

# GCC lists the destructors of static objects here, too; these are known not to run.
destructors=$(functions_in '(fini_array|dtors)' "$registers|_GLOBAL__(sub_)?D_")
if [ -n "$destructors" ]; then
	refuse "nothing calls a [[gnu::destructor]] in a module ($destructors): call it from the module's exit"
fi

if has ' U _Z(n|d)[wal]'; then
	refuse "C++ new, delete or a virtual destructor needs operator new/delete, which no kernel has ($(which_ones ' U (_Z(n|d)[wal][^ ]*)')):" \
		"use krcu::RcuBox and the like, or a non-virtual destructor"
fi

if has ' U (__cxa_|_Unwind_|__gxx_|__dso_handle|atexit$|abort$|_ZSt)'; then
	refuse "needs the C++ runtime, which no kernel has ($(which_ones ' U ((__cxa_|_Unwind_|__gxx_|__dso_handle|atexit|abort|_ZSt)[^ ]*)')):" \
		"no exceptions, no RTTI, and no local static with a constructor or a destructor to run (make it constinit, at namespace scope)"
fi

# Pointers to globals that are before the section's first object or behind its last: see module/krcu/globals.h.
strays=$(printf '%s\n' "$table" "$relocations" | awk '
	$2 == "g" && $NF == "krcu_globals_start" { start = "x" $1 }
	$2 == "g" && $NF == "krcu_globals_stop" { stop = "x" $1 }
	/^RELOCATION RECORDS FOR / { on = $0 ~ "[[]krcu_globals]" }
	on && $2 ~ /^R_/ && ("x" $1 < start || "x" $1 >= stop) { print $3 }' | paste -sd' ')
if [ -n "$strays" ]; then
	refuse "globals are linked where krcu does not find them ($strays): define them by KRCU_GLOBAL() in C++ objects;" \
		"if they are, this linker cannot be used"
fi

if has ' [tT] krcu_renamed_init_module$' && has ' [wWvV] krcu_renamed_cleanup_module$'; then
	refuse "has module_init() but no module_exit(): add one, even an empty one, so that krcu's barriers run before its text goes" \
		"(a module that shall never unload calls __module_get(THIS_MODULE) in its init)"
fi
