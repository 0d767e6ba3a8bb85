#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# clangd-test.sh DIR: tests what scripts/compile-commands.py makes of the modules that are built in DIR: clangd has to
# read every source without an error. Prints KTAP. KDIR is their kernel.
set -uo pipefail

: "${KDIR:?set KDIR to a kernel build}"

out=${1:?usage: clangd-test.sh DIR}
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
clangd=${CLANGD:-clangd-19}

sources=$work/sources.txt
json=$work/compile_commands.json
python3 "$krcu/scripts/compile-commands.py" "$KDIR" "$out"/{module,kunit} >"$json" 2>"$work/log"
result $? "it_is_made"

sed -nE 's/^  "file": "(.*)",?$/\1/p' "$json" >"$sources"
find "$krcu"/{module,kunit} -name '*.c' ! -name '*.mod.c' -o -name '*.cpp' | sort | comm -23 - <(sort "$sources") |
	# Where a kernel has no KUnit, its suites are not built; nor are user space's programs everywhere.
	{ if grep -qs '^CONFIG_KUNIT=' "$KDIR/include/config/auto.conf"; then grep -v '_user\.c$'; else grep /module/; fi; } >"$work/log"
[ -s "$sources" ] && [ ! -s "$work/log" ]
result $? "every_source_is_in_it"

# says FILE: the errors
says() {
	local said

	said=$("$clangd" --compile-commands-dir="$work" --check="$1" --check-locations=0 2>&1)
	grep -q 'All checks completed, 0 errors' <<<"$said" || grep -E '^E|All checks' <<<"$said" | sed "s:^:$1\: :"
}

export -f says
export clangd work
# For a header it takes the flags of a source like it.
# shellcheck disable=SC2016 # for that shell
printf '%s\n' "$krcu/include/krcu/krcu.hpp" | cat - "$sources" |
	xargs -d '\n' -P"$(nproc)" -n1 bash -c 'says "$1"' - >"$work/log" 2>&1
[ ! -s "$work/log" ]
result $? "clangd_reads_every_file"

! python3 "$krcu/scripts/compile-commands.py" "$KDIR" "$krcu/docs" >"$work/log" 2>&1 &&
	grep -qx "krcu: nothing has been built in .*/docs" "$work/log"
result $? "where_nothing_is_built_it_says_so"

finish clangd
