#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh MODULE: static checks of all sources, none of which may say anything. Prints KTAP. MODULE is the
# directory of a built module, for krcu-constants.h; KDIR, KMAKE and SRC are of its kernel.
#
#	checkpatch	the kernel's, on C
#	sparse		on C, as Kbuild calls it
#	weverything	what Clang can warn of in the headers, all but a few
#	tidy		clang-tidy, on the headers and the driver: .clang-tidy
#	format		clang-format, on C++: .clang-format
#	shell		shellcheck
#	mutants		all in mutants.txt still apply
#	licence		each file names it
set -uo pipefail

: "${KDIR:?set KDIR to a kernel build}" "${SRC:?set SRC to its source}"

module=${1:?usage: lint.sh MODULE}
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
cd "$krcu" || exit

sources() { find "$@" ! -name '*.mod.c' ! -name '*-constants.h' | sort; }
mapfile -t c < <(sources include module kunit scripts/checks scripts/codegen scripts/new-driver \( -name '*.c' -o -name '*.h' \) ! -path '*/libc/*' ! -path '*/uapi/*')
mapfile -t cxx < <(sources include module kunit scripts/checks scripts/codegen scripts/new-driver \( -name '*.cpp' -o -name '*.hpp' \))
# What uses every header, and compiles by itself.
mapfile -t users < <(sources module scripts/misuse scripts/new-driver -name '*.cpp')
# What these read is checked with them.
mapfile -t scripts < <(grep -lr '^#!/bin/bash' scripts .ci | sort)
mapfile -t guest < <(sources scripts/guests scripts/new-driver -name '*.sh')

# Each says what is wrong, and nothing else, or fails if it cannot.

checkpatch() {
	# LINUX_VERSION_CODE, CONSTANT_COMPARISON: krcu is for many kernels, and asks which it has got.
	# AVOID_EXTERNS: a function that C++ calls, or that is the module's own, has no header to be in.
	# NEW_TYPEDEFS: size_t and gfp_t, for C++.
	# PREFER_DEFINED_ATTRIBUTE_MACRO: __cold, see module/krcu/srcu.c.
	# USE_LOCKDEP: whether a lock is held is tested in kernels without lockdep, too.
	perl "$SRC/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary --show-types --max-line-length=120 \
		--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,AVOID_EXTERNS,NEW_TYPEDEFS,PREFER_DEFINED_ATTRIBUTE_MACRO,USE_LOCKDEP -f "${c[@]}"
}

sparse() {
	local file objects=()

	for file in "${c[@]}"; do
		[[ $file == *.c && $file != *constants.c && $file != *_@(user|fuzz|get).c && $file != */client/* ]] || continue
		mkdir -p "$work/sparse/${file%/*}"
		# With the headers beside it: two have the same name.
		ln -sft "$work/sparse/${file%/*}" "$PWD/$file" "$PWD/${file%/*}"/*.h
		objects+=("${file%.c}.o")
	done
	printf 'ccflags-y += -I%s\n' "$PWD"/{include,kunit,module/*/} >"$work/sparse/Kbuild"
	echo "obj-m := ${objects[*]}" >>"$work/sparse/Kbuild"
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make -s -j"$(nproc)" -C "$KDIR" M="$work/sparse" ${KMAKE:-} C=2 CHECK=sparse "${objects[@]}"
}

flags() {
	scripts/checks/cxx-flags.sh clang++-19 "$module"
	printf -- '-I%s ' kunit module/*/
}

# each_user COMMAND...: runs it with each of the users for {}, several at once, and then says what they said: into
# one pipe, a line of one would run into a line of another.
each_user() {
	local status=0

	rm -rf "$work/said"
	mkdir "$work/said"
	# shellcheck disable=SC2016 # for each sh; a slot has one at a time
	printf '%s\0' "${users[@]}" | xargs -0 -I{} -P"$(nproc)" --process-slot-var=slot \
		sh -c 'exec "$@" >>"$0/$slot" 2>&1' "$work/said" "$@" 2>&1 || status=$?
	cat "$work/said"/*
	return "$status"
}

weverything() {
	# padded, unsafe-buffer-usage: about other goals. c++*: krcu is C++23. reserved-*: __GFP_ZERO is the
	# kernel's name. thread-safety-negative: guards nest. missing-include-dirs: where a kernel has its
	# headers, one of several.
	# shellcheck disable=SC2046 # a list
	each_user clang++-19 $(flags) -fsyntax-only -Weverything \
		-Wno-padded -Wno-unsafe-buffer-usage -Wno-c++98-compat-pedantic -Wno-pre-c++20-compat-pedantic \
		-Wno-c++20-extensions -Wno-c++20-compat -Wno-reserved-identifier -Wno-reserved-macro-identifier \
		-Wno-thread-safety-negative -Wno-missing-include-dirs {} |
		{ grep -E 'error:|^(xargs|sh):|include/krcu/.*warning:' || [ $? = 1 ]; } | sort -u
}

tidy() {
	# shellcheck disable=SC2046 # a list
	each_user clang-tidy-19 --quiet {} -- $(flags) |
		{ grep -v '^[0-9]* warnings\? generated' || [ $? = 1 ]; }
}

format() {
	clang-format-19 --dry-run "${cxx[@]}"
}

shell() {
	# SC2319: "[ a = b ]" and then "result $?" is how tests are written here.
	shellcheck -x -e SC2319 "${scripts[@]}" && shellcheck --shell=sh "${guest[@]}" # busybox runs these
}

# A mutant that no longer applies tests nothing.
mutants() {
	(cd "$krcu" && python3 scripts/mutants/mutants.py --check)
}

licence() {
	grep -rIL --exclude='*.mod*' --exclude='.*' --exclude='*-constants.h' --exclude=modules.order \
		'SPDX-License-Identifier: GPL-2.0' .ci Kbuild Makefile ./*.md docs include kunit module scripts
}

for check in checkpatch sparse weverything tidy format shell mutants licence; do
	"$check" </dev/null >"$work/log" 2>&1 || echo "$check: exit status $?" >>"$work/log"
	[ ! -s "$work/log" ]
	result $? "$check"
done
finish lint
