#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# misuse-test.sh MODULE: tries each misuse in scripts/misuse/ with GCC and with Clang, none of which may
# compile. Prints KTAP. MODULE is the directory of a built module, for krcu-constants.h; KDIR is the
# kernel build that it is of. GCC=g++-13 and CLANG=clang++-20 choose other compilers.
#
# A misuse begins at "#ifdef MISUSE_name // error: REGEX", REGEX being what the first error must say;
# "Clang error:" or "GCC error:" instead if the other compiler cannot tell. Each file as it is, without
# any misuse, must compile in silence, so that no misuse is refused for another reason than its own.
set -uo pipefail

: "${KDIR:?set KDIR to a kernel build}"

module=${1:?usage: misuse-test.sh MODULE}
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../checks/ktap.sh"

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
		 -Werror=format -Werror=unused-result -Werror=unused-value "-DMISUSE_$3" "$krcu/scripts/misuse/$2.cpp" >"$out.log" 2>&1; then
		[ -n "$4" ] && echo "it compiles" >>"$out.log"
	elif [ "$1.$clang_major" = Clang.21 ] && [ -n "$4" ] && grep -q 'PLEASE submit a bug report' "$out.log"; then
		# A mistake of that version alone: no arguments fit, and a candidate is a constrained template.
		: >"$out.log"
		: >"$out.skipped"
	else
		first=$(grep -m1 -E ' (fatal )?error: ' "$out.log")
		[ -n "$4" ] && grep -qE "error: .*($4)" <<<"$first" && : >"$out.log"
	fi
	[ ! -s "$out.log" ] || { [ -z "$4" ] || echo "expected as the first error: $4" >>"$out.log"; }
}

export -f try
export krcu work GCC=${GCC:-g++} CLANG=${CLANG:-clang++-19}
clang_major=$("$CLANG" -dumpversion | cut -d. -f1)
export clang_major
"$krcu/scripts/checks/cxx-flags.sh" "$GCC" "$module" >"$work/GCC.flags"
"$krcu/scripts/checks/cxx-flags.sh" "$CLANG" "$module" >"$work/Clang.flags"

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

while read -rd '' who && read -rd '' file && read -rd '' name && read -rd '' _; do
	log=$work/$who.$file.$name.log
	[ -f "$log" ] && [ ! -s "$log" ]
	result $? "${file}_${name}_$who$([ ! -f "${log%.log}.skipped" ] || echo ' # SKIP Clang 21 crashes on it')" "$log"
done <"$work/cases"
finish misuse
