#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build-test.sh NAME: tests what scripts/Kbuild.krcu makes of a driver for test kernel NAME, and what it makes again.
# Prints KTAP. KDIR and KMAKE come from the environment.
set -uo pipefail

name=${1:?usage: build-test.sh NAME}
# shellcheck source=scripts/checks/driver-build.sh
. "${BASH_SOURCE[0]%/*}/driver-build.sh"

cp -r "$krcu/scripts/checks/driver" "$work"

build driver -j2
[ -f "$work/driver/first.ko" ] && [ -f "$work/driver/second.ko" ] && [ -f "$work/driver/plain.ko" ] &&
	! grep -qi warning "$work/log" && [[ " $(made)" = *" engine.o first.ko "*" first.krcu-module.o "* ]]
result $? "three_modules_of_several_directories_build_in_parallel"

# Where the compiler gives each COMDAT group sections of names that others have as well, no module with groups loads.
"$NM" "$work/driver/first.ko" | grep 'Node.*Table' >/dev/null && ! "${OBJDUMP%objdump}readelf" -SW "$work/driver/first.ko" |
	sed -n 's/^ *\[ *[0-9]*] \([^ ]*\) *\([^ ]*\) .*/\1 \2/p' | sort | tee "$work/log" |
	awk '$2 == "GROUP" || $0 == last { found = 1 } { last = $0 } END { exit !found }'
result $? "no_comdat_group_is_left"

"$NM" "$work/driver/second.ko" >"$work/log" &&
	! grep -E ' krcu_(kmalloc|hash_|list_|xa_|cache_create|stats)| readers_left_in_time| kmem_cache_destroy' "$work/log"
result $? "what_is_not_used_is_left_out"

# As backtraces have them, where need be by LLVM's own tool
if grep -q '^CONFIG_DEBUG_INFO=y' "$KDIR/include/config/auto.conf"; then
	address=$("$NM" "$work/driver/first.ko" | awk '$3 == "engine_start" { print "0x" $1 }')
	addr2line=${OBJDUMP%objdump}addr2line
	[[ ${KMAKE:-} != *LLVM=-* ]] || addr2line=$(sed -E 's/.*LLVM=(-[0-9]+).*/llvm-addr2line\1/' <<<"$KMAKE")
	"$addr2line" -ie "$work/driver/first.ko" "$address" >"$work/log" && grep -q '/engine\.cpp:[1-9]' "$work/log"
	result $? "addresses_in_cxx_have_lines"
fi

version=$(sed -nE 's/^#define KRCU_VERSION "(.*)"/\1/p' "$krcu/include/krcu/version.h")
IFS=. read -r major minor patch <<<"$version"
{
	tr '\0' '\n' <"$work/driver/first.ko" | grep -ax "krcu_version=$version" &&
		grep -m1 '^## ' "$krcu/CHANGELOG.md" | grep -x "## $version" &&
		grep -x "#define KRCU_VERSION_CODE $(printf '0x%02x%02x%02x' "$major" "$minor" "$patch")" "$krcu/include/krcu/version.h"
} >>"$work/log"
result $? "the_version_is_in_the_module_and_in_the_changelog"

build driver
expect_made "nothing_touched_nothing_made" ""

# ordered: whether the module's globals are in the order of their files and of the link
ordered() {
	"$OBJDUMP" -t "$work/driver/first.ko" | sort | sed -nE 's/.* krcu_globals\t.*krcu_pointer_to_global_([a-z]+).*/\1/p' |
		paste -sd' ' >"$work/order"
	echo 'zebra apple banana' | diff - "$work/order" >>"$work/log"
}

ordered
result $? "globals_are_in_the_order_of_the_link"

# An instrumented kernel shows that instrumentation reaches C++ through the merge. What else there is
# to test is the same in every kernel.
for checker in kasan:asan kcsan:tsan; do
	grep -qix "CONFIG_${checker%:*}=y" "$KDIR/include/config/auto.conf" || continue
	"$NM" "$work/driver/first.krcu.o" | grep " U __${checker#*:}_" >>"$work/log"
	result $? "${checker%:*}_reaches_cxx"
	build driver KRCU_INLINE=0
	"$NM" "$work/driver/engine.o" | grep " U __${checker#*:}_" >>"$work/log"
	result $? "${checker%:*}_reaches_cxx_without_inlining"
	finish "build_$name"
	exit
done

touch "$work/driver/sub/table.hpp"
build driver
expect_made "a_touched_header_remakes_its_users" "engine.o first.ko first.krcu.o first.o sub/table.o"

touch "$work/driver/waiter.cpp"
build driver
expect_made "a_touched_source_remakes_its_module_alone" "second.ko second.krcu.o second.o waiter.o"

build driver KRCU_INLINE=0
[ -f "$work/driver/first.ko" ] && "$NM" "$work/driver/first.ko" | grep ' T krcu_kmalloc$' >>"$work/log"
result $? "builds_without_inlining"
ordered
result $? "globals_are_in_the_order_of_the_link_without_inlining"

build driver V=1
grep -qE '^ *[^ ]*(g|clang)\+\+.* -c -o .*engine\.o' "$work/log"
result $? "verbose_shows_the_commands"

# Beside it a C module, whose list of objects has a name like one of C++ objects.
# shellcheck disable=SC2119
bad_driver <<<''
kbuild 'obj-m := plain-cxx.o' 'plain-cxx-objs := main.o' "obj-\$(CONFIG_OFF) := bad.o" 'bad-cxx-y := engine.o' "$include"
build bad
result $? "a_module_that_is_switched_off"

# By what it says to copy
mkdir "$work/copy" "$work/readme"
(cd "$krcu" && cp -r --parents include/krcu module/krcu scripts/Kbuild.krcu scripts/check-module.sh "$work/copy")
readme make >"$work/readme/Kbuild"
readme cpp >"$work/readme/engine.cpp"
cp "$work/driver/sub/"* "$work/readme"
cp "$work/driver/second_main.c" "$work/readme/main.c"
build readme KRCU="$work/copy"
result $? "the_example_in_the_readme_builds"

touch "$work/copy/module/krcu/slab.c"
build readme KRCU="$work/copy"
expect_made "a_touched_part_of_krcu_remakes_what_has_it" "krcu-merged.o mydrv.ko mydrv.krcu.o mydrv.o"

finish "build_$name"
