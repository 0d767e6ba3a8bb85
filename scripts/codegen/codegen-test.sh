#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# codegen-test.sh NAME: compares the machine code of functions that are written twice, in C by hand and with krcu,
# for test kernel NAME. Prints KTAP. KDIR and KMAKE come from the environment.
set -uo pipefail

name=${1:?usage: codegen-test.sh NAME}
# shellcheck source=scripts/checks/driver-build.sh
. "$(dirname "${BASH_SOURCE[0]}")/../checks/driver-build.sh"

# A function's instructions and relocations, without padding and without what depends on where the function is and
# what it is called: targets that a relocation names anyway, local labels, and where a string is. What takes an object
# out of a table, out of line, counts as a part of hash_erase.
body() { # FUNCTION
	"$OBJDUMP" -dr --no-show-raw-insn --no-addresses "$work/codegen/codegen.ko" |
		awk -v name="<$1>:" '
			$1 == name || name ~ /hash_erase/ && /^<(c_hash_|_ZN4krcu9HashTable.*)unlink/ { on = 1; next }
			/^<.*>:$|^Disassembly/ { on = 0 }
			!on || !NF || /^\t(data16 |cs )*nop/ || /^\txchg +%ax,%ax$/ || /^\tint3/ { next }
			/\tR_/ { sub(/<.*>/, "", last); sub(/\.text.*/, ".text") }
			{ if (last != "") print last; last = $0 }
			END { if (last != "") print last }' |
		sed -E 's/\<cxx_/c_/g; s/(\.rodata\.str).*/\1/; s/_ZN4krcu9SlabCacheIiE6cache_E/c_cache/'
}

cp -r "$krcu/scripts/codegen" "$work"
build codegen
result $? "the_code_to_compare_builds"
for function in $("$NM" "$work/codegen/codegen.ko" 2>>"$work/log" | sed -n 's/.* T cxx_//p'); do
	body "c_$function" >"$work/c"
	body "cxx_$function" >"$work/cxx"
	diff -y -W 110 "$work/c" "$work/cxx" >"$work/log" || {
		# The compilers place the rare branch differently, krcu's tables know offsets that rhashtable reads, and its
		# lists compare entries before they compute objects; C's time_after() keeps a variable; a batch of krcu's has
		# other members; but none needs more instructions.
		[[ $function = dereference || $function = drop_in_batch || $function = is_late || $function = hash_* || $function = list_* || $cross$function = aarch64*replace ]] &&
			[ "$(grep -vc R_ "$work/cxx")" -le "$(grep -vc R_ "$work/c")" ]
	} && [ -s "$work/cxx" ] &&
		{ [[ $function != hash_* ]] || ! grep -E 'call +\*|__x86_indirect|\tblx?r' "$work/cxx" >>"$work/log"; }
	result $? "the_code_of_c_by_hand_$function"
done

finish "codegen_$name"
