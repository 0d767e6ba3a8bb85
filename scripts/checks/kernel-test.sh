#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel-test.sh: tests kernel.sh and cache.sh, with a cache of its own and a source that takes no time to build:
# what is damaged is made again, and no place is used that others can write to. Prints KTAP.
set -uo pipefail
unset CC LLVM KRCU_REFRESH

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
. "$krcu/scripts/checks/fake-source.sh"
. "$krcu/scripts/checks/session.sh"

fake_source "$work/cache/krcu/src/linux-6.12_6.12.1-1"
mkdir "$work/bin"
# There is space enough.
printf '#!/bin/sh\necho Avail; echo 9999\n' >"$work/bin/df"
chmod +x "$work/bin/df"
export PATH=$work/bin:$PATH XDG_CACHE_HOME=$work/cache

# kernel: runs kernel.sh, in $work; sets KDIR and IMAGE by what it says. The rest goes to $work/log.
kernel() {
	local settings

	settings=$(timeout --foreground 600 "$@" "$krcu/scripts/kernel.sh" tiny 2>"$work/log") || return
	KDIR='' IMAGE=''
	cd "$work" && eval "$settings"
}

# works [WORDS]: a kernel is there, and nothing was said of damage but WORDS
works() {
	kernel && [ -s "$IMAGE" ] && [ -s "$KDIR/include/config/auto.conf" ] &&
		[ "$(grep -c damaged "$work/log")" = "$(($# > 0))" ] && grep -q "${1:-}" "$work/log"
}

# refuses NAME WORDS COMMAND...: kernel.sh, run by COMMAND, says WORDS in one line, and no settings
refuses() {
	local case=$1 words=$2

	shift 2
	! kernel "$@" && [ "$(wc -l <"$work/log")" = 1 ] && grep -q "$words" "$work/log"
	result $? "$case"
}

# --- what is there ---------------------------------------------------------------------------------

works
result $? "a_kernel_is_built"
build=$(echo "$work"/cache/krcu/kernels/tiny/*)

kernel && [ ! -s "$work/log" ]
result $? "what_is_built_is_used"

rm -f "$build/image"
works "image is missing or empty"
result $? "a_missing_image_is_made_again"

: >"$build/include/config/auto.conf"
works "auto.conf is missing or empty"
result $? "an_empty_configuration_is_made_again"

rm -f "$build/Module.symvers"
works "Module.symvers is missing or empty"
result $? "missing_symbol_versions_are_made_again"

: >"$build/.complete"
works ".complete is incomplete"
result $? "an_empty_stamp_is_not_believed"

sed -i '$d' "$build/.complete"
works ".complete is incomplete"
result $? "half_a_stamp_is_not_believed"

# shellcheck disable=SC2016 # as it stands
printf '%s\n' '$(touch evaluated)=1' 'x;touch evaluated;y=1' 'own=0' "SRC=\$(touch evaluated)" >>"$build/.complete"
kernel && [ "$KDIR" ] && [ ! "${own:-}" ] && [ ! -e "$work/evaluated" ]
result $? "nothing_in_a_stamp_is_evaluated"

mv "$work/cache" "$work/moved"
XDG_CACHE_HOME=$work/moved
works "of another place" && [[ $KDIR == "$work"/moved/* ]]
result $? "a_moved_cache_is_made_again"

# shellcheck disable=SC2016 # for make
sed -i 's/image_name:/&\n\trm $(O)\/image/' "$work"/moved/krcu/src/*/Makefile
rm -rf "$work"/moved/krcu/kernels/tiny/*
! kernel && grep -q "tiny: the kernel does not build" "$work/log"
result $? "a_build_without_an_image_is_no_kernel"
sed -i '/rm /d' "$work"/moved/krcu/src/*/Makefile

# --- who goes away ---------------------------------------------------------------------------------

# leaves_nothing SIGNAL [-]: kernel.sh, or its process group, gets SIGNAL while it builds
leaves_nothing() {
	local pid

	echo $$ >"$work/moved/krcu/kernels/tiny/slow" # see fake-source.sh
	rm -rf "$work"/moved/krcu/kernels/tiny/*/
	setsid "$krcu/scripts/kernel.sh" tiny >"$work/log" 2>&1 &
	pid=$!
	for _ in $(seq 6000); do
		session "$pid" | grep -q sleep && break
		sleep 0.1
	done
	kill "-$1" -- "${2:-}$pid"
	for _ in $(seq 6000); do
		[ "$(session "$pid")" ] || return 0
		sleep 0.1
	done
	session "$pid" >"$work/log"
	session "$pid" | cut -d' ' -f1 | xargs kill -KILL
	return 1
}

leaves_nothing KILL - 2>/dev/null
result $? "a_killed_group_leaves_nothing"
leaves_nothing TERM 2>/dev/null
result $? "a_terminated_build_leaves_nothing"
rm "$work/moved/krcu/kernels/tiny/slow"

# --- where it may be -------------------------------------------------------------------------------

refuses "no_home_is_refused" "HOME and XDG_CACHE_HOME are both unset" env -u HOME -u XDG_CACHE_HOME
refuses "a_relative_place_is_refused" "not an absolute path: XDG_CACHE_HOME=cache;" env XDG_CACHE_HOME=cache
refuses "a_place_with_a_space_is_refused" "a space or a colon" env XDG_CACHE_HOME="$work/a b"
refuses "a_place_that_cannot_be_is_refused" "cannot make" env XDG_CACHE_HOME=/dev/null

for place in krcu kernels tiny src; do
	dir=$(find "$work/moved" -name $place -type d)
	chmod o+w "$dir"
	refuses "others_may_not_write_to_$place" "others can write to $dir" env
	chmod o-w "$dir"
done
if [ "$EUID" = 0 ]; then
	chown 12345 "$work/moved/krcu"
	refuses "the_place_may_not_be_another_s" "others can write to $work/moved/krcu" env
fi
finish kernel
