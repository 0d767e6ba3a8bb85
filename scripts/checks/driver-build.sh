# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by the tests of scripts/Kbuild.krcu, which build drivers for a test kernel without booting it. $name is the
# kernel; KDIR and KMAKE come from the environment.

# What was set for the run that called this is not for the drivers built here.
unset MAKEFLAGS MFLAGS MAKELEVEL V KRCU_INLINE KRCU_STATS FILTER

: "${KDIR:?set KDIR to a kernel build}"

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

# Another architecture's kernel comes with its tools.
cross=$(sed -nE 's/.*CROSS_COMPILE=([^ ]*).*/\1/p' <<<"${KMAKE:-}")
NM=${NM:-${cross}nm} OBJDUMP=${OBJDUMP:-${cross}objdump}

# build DIR ARGUMENTS...: the output goes to $work/log
build() {
	local dir=$work/$1

	shift
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -C "$KDIR" M="$dir" KRCU="$krcu" ${KMAKE:-} "$@" modules >"$work/log" 2>&1
}

# made: the objects that the last build made, on one line, sorted
made() {
	sed -nE "s:^ +(CXX|CC|KRCU|LD) +\[M\] +($work/[^/]*/)?::p" "$work/log" | sort | paste -sd' '
}

expect_made() { # NAME LIST
	[ "$(made)" = "$2" ] || {
		printf 'expected to be made: %s\nmade:                %s\n' "$2" "$(made)" >>"$work/log"
		false
	}
	result $? "$1"
}

# says MESSAGE: it is in the one line that krcu says
says() {
	[ "$(grep -cE 'krcu: ' "$work/log")" = 1 ] && grep -qE "krcu: .*$1" "$work/log"
}

# refuses NAME MESSAGE ARGUMENTS...: the driver in $work/bad must not build, and krcu says MESSAGE
refuses() {
	local case=$1 message=$2

	shift 2
	if build bad "$@"; then
		echo "the build succeeded" >>"$work/log"
		result 1 "$case"
		return
	fi
	says "$message"
	result $? "$case"
}

# shellcheck disable=SC2016 # for make
include='include $(KRCU)/scripts/Kbuild.krcu'

# shellcheck disable=SC2120 # not all files have a use for C
bad_driver() { # [C]: the C++ comes from standard input
	# What is krcu's own is the same each time, and need not be made again.
	mkdir -p "$work/bad"
	find "$work/bad" -mindepth 1 ! -name '*krcu-*.o*' ! -name '*krcu-constants*' -delete
	cat >"$work/bad/engine.cpp"
	kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-y := engine.o' "$include"
	{
		printf '#include <linux/module.h>\nMODULE_DESCRIPTION("bad");\nMODULE_LICENSE("GPL");\n'
		echo "${1:-}"
	} >"$work/bad/main.c"
}

kbuild() { # LINE...: the Kbuild file of the driver in $work/bad
	printf '%s\n' "$@" >"$work/bad/Kbuild"
}

# readme LANGUAGE: the examples in that language
readme() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$krcu/README.md"; }
