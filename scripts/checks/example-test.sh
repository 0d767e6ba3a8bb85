#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# example-test.sh MODULE: compiles all examples (examples.sh) as they stand: C++ with GCC and with Clang, C as Kbuild
# does. Those that print something also run, in a guest: run_examples(). Prints KTAP. MODULE is the directory of a built
# module, for krcu-constants.h; KDIR and KMAKE are of its kernel.
set -uo pipefail
unset MAKEFLAGS MFLAGS MAKELEVEL V

: "${KDIR:?set KDIR to a kernel build}"

module=${1:?usage: example-test.sh MODULE}
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

"$krcu/scripts/checks/examples.sh" "$work/examples"
ls "$work/examples" >"$work/log"
cat "$krcu"/{include/krcu/*.hpp,README.md,docs/*.md} >"$work/all"
[ "$(grep -c '\.cpp$' "$work/log")" = "$(grep -cE '^/// .*Use like|^```cpp$' "$work/all")" ] &&
	[ "$(grep -c '\.c$' "$work/log")" = "$(grep -cE '^/// .*and in C|^```c$' "$work/all")" ] &&
	[ "$(grep -c '\.text$' "$work/log")" = "$(grep -cE '^/// which prints|^```text$' "$work/all")" ]
result $? "every_example_is_found"

grep -lE '\bpr_[a-z_]+\(' "$work"/examples/*.cpp | sed 's/cpp$/text/' | diff - <(ls "$work"/examples/*.text) >"$work/log"
result $? "what_prints_says_what"

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
