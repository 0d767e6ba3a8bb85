#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# driver-test.sh NAME: tests make new-driver, vendor, install, uninstall and deb, and builds what they make for test
# kernel NAME, without booting it; and what each says to those who ask for what cannot be. Prints KTAP. KDIR and KMAKE
# come from the environment.
set -uo pipefail
unset NAME DIR MODULE SCRIPT KRCU KERNEL DESTDIR PREFIX SOURCE_DATE_EPOCH

name=${1:?usage: driver-test.sh NAME}
# shellcheck source=scripts/checks/driver-build.sh
. "${BASH_SOURCE[0]%/*}/driver-build.sh"

# A tree of the test's own, which may be changed.
tree=$work/krcu
mkdir "$tree"
cp -r "$krcu"/{Makefile,Kbuild,COPYING,README.md,CHANGELOG.md,docs,include,module,kunit,scripts} "$tree"
find "$tree" \( -name '*.o' -o -name '.*.cmd' -o -name '*.ko' \) -delete

target() { make -s --no-print-directory -C "$tree" "$@" >"$work/log" 2>&1; }

# cannot CASE WORDS ARGUMENTS...: make refuses it in one line
cannot() {
	local case=$1 words=$2

	shift 2
	! target "$@" && [ "$(grep -vc '^make: \*\*\*' "$work/log")" = 1 ] && grep -qE "^krcu: .*$words" "$work/log"
	result $? "$case"
}

# module DIR ARGUMENTS...: builds a driver by its own Makefile
module() {
	local dir=$1

	shift
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -C "$dir" KDIR="$KDIR" ${KMAKE:-} "$@" >"$work/log" 2>&1
}

# --- new-driver ------------------------------------------------------------------------------------

cannot "a_driver_without_a_name" "give NAME=, as in" new-driver DIR=../foo
cannot "a_driver_without_a_folder" "give DIR=, a folder that is not there yet" new-driver NAME=foo
for word in 7up foo-bar Foo 'two words' "quo'te" ../foo; do
	cannot "no_name_${word//[^a-zA-Z0-9]/_}" "give lower-case letters, digits and _" new-driver "NAME=$word" DIR=../foo
done
cannot "a_long_name" "55 characters at most" new-driver NAME="$(printf 'a%.0s' {1..56})" DIR=../foo
for word in class co_await typeof not linux; do
	cannot "a_name_that_is_a_word_$word" "is a word of C\+\+" new-driver NAME=$word DIR=../foo
done
for word in krcu krcu_sample plain_route; do
	cannot "a_name_of_krcu_$word" "the name of a module of krcu's" new-driver NAME=$word DIR=../foo
done
for word in main engine kunit; do
	cannot "a_name_of_a_file_$word" "one of the driver's files is called" new-driver NAME=$word DIR=../foo
done
# Where /sys is, it is one of the kernel's own.
[ ! -d /sys/module/printk ] || cannot "a_name_of_the_kernel" "a module of this system's kernel" new-driver NAME=printk DIR=../foo
mkdir "$work/there"
cannot "a_folder_that_is_there" "is there already" new-driver NAME=foo DIR=../there
ln -s nowhere "$work/link"
cannot "a_link_that_is_there" "is there already" new-driver NAME=foo DIR=../link
cannot "a_folder_that_cannot_be" "give one where you may write" new-driver NAME=foo DIR=/proc/foo
for word in 'a space' a:colon 'a#hash'; do
	cannot "a_folder_with_${word//[^a-z]/_}" "make takes no path" new-driver NAME=foo "DIR=../$word"
done
! compgen -G "$work/foo*" >"$work/log"
result $? "nothing_is_made_then"

target new-driver NAME=foo DIR=../foo && grep -q "cd ../foo && make run" "$work/log" && ! grep -ri mydrv "$work/foo" >>"$work/log"
result $? "a_driver_is_made"
module "$work/foo" && [ -f "$work/foo/foo.ko" ] && ! grep -qi warning "$work/log"
result $? "it_builds_as_it_is"
module "$work/foo" compile_commands.json && grep -q '"file": "/.*/foo/engine.cpp"' "$work/foo/compile_commands.json"
result $? "clangd_has_something_to_read"
module "$work/foo" clean && ! compgen -G "$work/foo/*.[ok]*" >>"$work/log"
result $? "and_cleans_up"

# --- where krcu is ---------------------------------------------------------------------------------

module "$work/foo" KRCU=../krcu || grep -q 'KRCU="../krcu" is no absolute path: set KRCU to' "$work/log" && [ "$(wc -l <"$work/log")" = 1 ]
result $? "a_relative_KRCU"
module "$work/foo" KRCU=/nowhere || grep -q 'there is no krcu in KRCU="/nowhere": set KRCU to' "$work/log" && [ "$(wc -l <"$work/log")" = 1 ]
result $? "a_wrong_KRCU"
! module "$work/foo" KDIR=/nowhere && grep -q '^foo: there are no kernel headers in /nowhere: install them, or set KDIR' "$work/log"
result $? "no_headers"

# --- vendor ----------------------------------------------------------------------------------------

cannot "a_copy_for_nobody" "give DIR=, the folder of its sources" vendor
cannot "a_copy_for_a_driver_that_is_not_there" "there is no folder ../nowhere" vendor DIR=../nowhere
cannot "a_copy_of_itself" "is krcu's own tree" vendor DIR=.
mkdir -p "$work/there/krcu"
cannot "a_copy_over_what_is_there" "is there, but is no copy of krcu" vendor DIR=../there

target vendor DIR=../foo && (cd "$work/foo/krcu" && sha256sum --quiet -c krcu.sha256) >>"$work/log" 2>&1
result $? "a_copy_is_made"
echo '#error krcu is taken from its tree' >>"$tree/include/krcu/internal/shims.h"
module "$work/foo" && [ -f "$work/foo/foo.ko" ]
result $? "and_used"
cp "$krcu/include/krcu/internal/shims.h" "$tree/include/krcu/internal"

rm "$tree/include/krcu/time.hpp"
echo '// new' | tee "$tree/include/krcu/new.hpp" >>"$tree/include/krcu/rcu.hpp"
echo mine >"$work/foo/krcu/mine"
target vendor DIR=../foo && [ ! -e "$work/foo/krcu/include/krcu/time.hpp" ] && [ -f "$work/foo/krcu/include/krcu/new.hpp" ] &&
	cmp "$tree/include/krcu/rcu.hpp" "$work/foo/krcu/include/krcu/rcu.hpp" && [ -f "$work/foo/krcu/mine" ]
result $? "it_follows_what_changes_and_what_goes"

echo '// mine' >>"$work/foo/krcu/include/krcu/rcu.hpp"
cannot "a_copy_that_was_changed" "not krcu's, or were changed there: include/krcu/rcu.hpp; move" vendor DIR=../foo
grep -q mine "$work/foo/krcu/include/krcu/rcu.hpp"
result $? "it_stays_as_it_is"

# --- install ---------------------------------------------------------------------------------------

cannot "no_right_to_install" "cannot write to /proc/share/krcu: become root, or give" install PREFIX=/proc
cannot "a_relative_prefix" "PREFIX=usr: give an absolute path" install PREFIX=usr
cannot "nothing_to_uninstall" "make install has put nothing in" uninstall DESTDIR="$work/root"
target install DESTDIR="$work/root" && [ -f "$work/root/usr/local/share/krcu/scripts/Kbuild.krcu" ] &&
	target install DESTDIR="$work/root" PREFIX=/usr && target uninstall DESTDIR="$work/root" &&
	[ ! -e "$work/root/usr/local/share/krcu" ] && [ -f "$work/root/usr/share/krcu/COPYING" ]
result $? "what_is_installed_can_be_uninstalled"
echo mine >"$work/root/usr/share/krcu/mine"
cannot "what_is_not_krcus_stays" "there is something that make install has not put there" uninstall DESTDIR="$work/root" PREFIX=/usr
[ "$(find "$work/root/usr/share/krcu" -type f)" = "$work/root/usr/share/krcu/mine" ]
result $? "and_nothing_else_does"

# --- deb -------------------------------------------------------------------------------------------

mkdir "$work/bin"
for tool in bash make sed awk dirname pwd df tail find sort grep env cat; do
	ln -s "$(command -v $tool)" "$work/bin" 2>/dev/null
done
PATH=$work/bin cannot "no_tools_for_a_package" "make deb needs dpkg-deb, .*make install" deb
if command -v dpkg-deb >/dev/null; then
	target deb && target deb && dpkg-deb -c "$tree"/build/*.deb >>"$work/log" && grep -q './usr/share/krcu/scripts/Kbuild.krcu' "$work/log"
	result $? "a_package_is_made"
fi

# --- run -------------------------------------------------------------------------------------------

cannot "no_module_to_run" "give MODULE=, the folder of its sources" run
cannot "a_module_that_is_not_there" "there is no ../nowhere; give MODULE=" run MODULE=../nowhere
cannot "a_folder_without_a_module" "neither a Kbuild file nor a Makefile" run MODULE=../there
cannot "a_script_that_is_not_there" "there is no nowhere.sh; give SCRIPT=" run MODULE=../foo SCRIPT=nowhere.sh
module "$work/foo"
sed 's/vermagic=[0-9]/vermagic=0/' "$work/foo/foo.ko" >"$work/other.ko"
cannot "a_module_of_another_kernel" "other.ko was built for 0.*, and $name is .*: give the folder" run MODULE=../other.ko KERNEL="$name"
cannot "what_is_no_module" "Makefile is no kernel module" run MODULE=../foo/Makefile KERNEL="$name"

finish "driver_$name"
