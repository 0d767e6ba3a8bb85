#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# misuse-test.sh MODULE: tries each misuse in scripts/misuse/ with GCC and with Clang, none of which may
# compile. Prints KTAP. MODULE is the directory of a built module, for krcu-constants.h; KDIR is the
# kernel build that it is of. GCC=g++-13 and CLANG=clang++-20 choose other compilers.
# "misuse-test.sh --flags COMPILER MODULE" prints how that compiler finds the headers, for scripts/lint.sh.
#
# A misuse begins at "#ifdef MISUSE_name // error: REGEX", REGEX being what the first error must say;
# "Clang error:" or "GCC error:" instead if the other compiler cannot tell. Each file as it is, without
# any misuse, must compile in silence, so that no misuse is refused for another reason than its own.
set -uo pipefail
export LC_ALL=C # in others, GCC quotes with typographic quotes

: "${KDIR:?set KDIR to a kernel build}"

krcu=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ "${1:-}" != --flags ] || { asked=$2; shift 2; }
module=$(cd "${1:?usage: misuse-test.sh MODULE}" && pwd) || exit

# The flags that Kbuild.krcu gives, but those for machine code.
flags() { # COMPILER
	# Where the kernel's <asm/errno.h> is: in the tree, in its build, or in both.
	printf -- '-I%s ' "$krcu/include" "$module" \
		"$KDIR"/{,source/}arch/x86/include/{generated/,}uapi "$KDIR"/{,source/}include/uapi
	printf -- '-isystem %s ' "$krcu/include/krcu/internal/libc"
	"$1" -x c++ -E -v /dev/null 2>&1 >/dev/null |
		sed -n '/^.include <...>/,/^End/{s:^ \(.*\):-isystem \1:;/c++/p;/\/gcc[^ ]*\/include$/p;/clang.*\/include$/p}' |
		paste -sd' '
	echo "-nostdinc -std=gnu++23 -ffreestanding -fno-exceptions -fno-rtti"
}

[ -z "${asked:-}" ] || { flags "$asked"; exit; }

work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

# try COMPILER FILE NAME REGEX: leaves "ok", or what went wrong and "not ok", in $work/COMPILER.FILE.NAME.
# NAME is "correct_use", and REGEX empty, for the file as it is.
try() {
	local cxx=$GCC out=$work/$1.$2.$3 first own=-fno-use-cxa-atexit

	[ "$1" = GCC ] || {
		cxx=$CLANG
		own='-fno-c++-static-destructors -Werror=dangling -Wthread-safety -Werror=thread-safety'
	}
	# shellcheck disable=SC2046,SC2086 # lists
	if "$cxx" -fsyntax-only $(cat "$work/$1.flags") $own \
		 -Werror=unused-result -Werror=unused-value "-DMISUSE_$3" "$krcu/scripts/misuse/$2.cpp" >"$out.log" 2>&1; then
		[ -n "$4" ] && echo "it compiles" >>"$out.log"
	else
		first=$(grep -m1 -E ' (fatal )?error: ' "$out.log")
		[ -n "$4" ] && grep -qE "error: .*($4)" <<<"$first" && : >"$out.log"
	fi
	[ ! -s "$out.log" ] || { [ -z "$4" ] || echo "expected as the first error: $4" >>"$out.log"; }
}

export -f try
export krcu work GCC=${GCC:-g++} CLANG=${CLANG:-clang++-19}
flags "$GCC" >"$work/GCC.flags"
flags "$CLANG" >"$work/Clang.flags"

# One line for each snippet and compiler: what try() wants, NUL between.
for file in "$krcu"/scripts/misuse/*.cpp; do
	file=$(basename "$file" .cpp)
	printf '%s\0' GCC "$file" correct_use '' Clang "$file" correct_use ''
	while read -r who name regex; do
		[ "$who" = Clang ] || printf '%s\0' GCC "$file" "$name" "$regex"
		[ "$who" = GCC ] || printf '%s\0' Clang "$file" "$name" "$regex"
	done < <(sed -nE '/^#if.*MISUSE_/{
		s:^#ifdef MISUSE_(\w+) // error\: (.*):both \1 \2:
		s:^#ifdef MISUSE_(\w+) // (GCC|Clang) error\: (.*):\2 \1 \3:
		s:^#if.*MISUSE_(\w+).*:both \1 (this line cannot be read):
		p}' "$krcu/scripts/misuse/$file.cpp")
done >"$work/cases"

xargs -0 -n4 -P"$(nproc)" bash -c 'try "$@"' try <"$work/cases"

cases=0
bad=0
while read -rd '' who && read -rd '' file && read -rd '' name && read -rd '' _; do
	cases=$((cases + 1))
	log=$work/$who.$file.$name.log
	if [ -f "$log" ] && [ ! -s "$log" ]; then
		echo "    ok $cases ${file}_${name}_$who"
	else
		sed 's/^/    # /' "$log"
		echo "    not ok $cases ${file}_${name}_$who"
		bad=$((bad + 1))
	fi
done <"$work/cases" >"$work/results"

# KTAP wants the number of cases before them.
printf 'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: misuse\n    1..%s\n' "$cases"
cat "$work/results"
echo "$([ $bad = 0 ] || echo 'not ')ok 1 misuse"
[ $bad = 0 ]
