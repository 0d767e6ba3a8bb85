#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# example-test.sh MODULE: compiles the examples in the headers' comments and those in docs/ as they stand: C++ with GCC and with Clang, C
# as Kbuild does. Prints KTAP. MODULE is the directory of a built module, for krcu-constants.h; KDIR and KMAKE are of
# its kernel.
#
# An example is what is indented after a line with "Use like", or "and in C", which ends in a colon; in docs/, a block
# of cpp or of c, which needs no #include.
set -uo pipefail
unset MAKEFLAGS MFLAGS MAKELEVEL V

: "${KDIR:?set KDIR to a kernel build}"

module=${1:?usage: example-test.sh MODULE}
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

mkdir "$work/examples"
for header in "$krcu"/include/krcu/*.hpp; do
	awk -v to="$work/examples/$(basename "$header" .hpp)" '
		/^\/\/\/ .*Use like.*:$/ { file = to "_" ++n ".cpp" }
		/^\/\/\/ and in C.*:$/ { file = to "_" n "_c.c" }
		/^\/\/\/ .*(Use like|and in C)/ { printf "" > file; next }
		!/^\/\/\/(     .*)?$/ { file = "" }
		file { print substr($0, 9) > file }' "$header"
done

for page in "$krcu"/docs/*.md; do
	awk -v to="$work/examples/$(basename "$page" .md)" '
		/^```/ { file = "" }
		file { print > file }
		/^```cpp$/ { file = to "_" ++n ".cpp" }
		/^```c$/ { file = to "_" ++n "_c.c" }' "$page"
done

ls "$work/examples" >"$work/log"
[ "$(grep -c '\.cpp$' "$work/log")" = "$(cat "$krcu"/{include/krcu/*.hpp,docs/*.md} | grep -cE 'Use like|^```cpp$')" ] &&
	[ "$(grep -c '\.c$' "$work/log")" = "$(cat "$krcu"/{include/krcu/*.hpp,docs/*.md} | grep -cE 'and in C|^```c$')" ]
result $? "every_example_is_found"

for compiler in "GCC ${GCC:-g++}" "Clang ${CLANG:-clang++-19}"; do
	"$krcu/scripts/checks/cxx-flags.sh" "${compiler#* }" "$module" >"$work/flags"
	for file in "$work"/examples/*.cpp; do
		# shellcheck disable=SC2046 # a list
		"${compiler#* }" -fsyntax-only $(cat "$work/flags") -Wall -Wextra -Werror -Wno-missing-field-initializers \
			-include krcu/krcu.hpp "$file" >"$work/log" 2>&1 && [ -s "$file" ]
		result $? "$(basename "$file" .cpp)_${compiler%% *}"
	done
done

# No header has what an example shows of a driver.
printf '#include <linux/%s.h>\n' errno io jhash kref list module mutex poll rculist rcupdate rhashtable slab spinlock srcu \
	workqueue xarray >"$work/examples/pages.h"
echo "ccflags-y := -Wno-missing-prototypes -Wno-missing-declarations -Wno-unused -include $work/examples/pages.h" >"$work/examples/Kbuild"
for file in "$work"/examples/*.c; do
	object=$(basename "$file" .c).o
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -C "$KDIR" M="$work/examples" ${KMAKE:-} "$object" >"$work/log" 2>&1 &&
		[ -s "$work/examples/$object" ] && ! grep -qi warning "$work/log"
	result $? "${object%.o}"
done

finish examples
