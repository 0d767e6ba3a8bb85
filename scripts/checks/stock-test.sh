#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# stock-test.sh: tests how kernel.sh unpacks another release's own kernel and compiler, with an archive, a cache and an
# apt of its own: what a killed run leaves, what is damaged, and that their programs run by their own loader. Prints
# KTAP.
set -uo pipefail

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
. "$krcu/scripts/checks/fake-archive.sh"

# A stock kernel, and a compiler that swallows whatever it is given.
lib=usr/lib/x86_64-linux-gnu abi=7.3.4+deb13.1
put() { mkdir -p "$work/tree/${1%/*}" && cat >"$work/tree/$1" && chmod 755 "$work/tree/$1"; }
put usr/lib/modules/$abi-amd64/vmlinuz.unsigned <<<image
package linux-binary-unsigned-$abi-amd64 1
put usr/src/linux-headers-$abi-amd64/Makefile <<<"include /usr/src/linux-headers-$abi-common/Makefile"
put usr/src/linux-headers-$abi-amd64/.kernelvariables <<<'override CROSS_COMPILE = x86_64-linux-gnu-'
put usr/src/linux-headers-$abi-amd64/Module.symvers <<<symbols
put usr/src/linux-headers-$abi-amd64/include/config/auto.conf <<<configuration
package linux-headers-$abi-amd64 1 "linux-kbuild-$abi, gcc-14-for-host"
put usr/lib/linux-kbuild-$abi/fixdep </bin/echo
package linux-kbuild-$abi 1 libc6
put $lib/ld-linux-x86-64.so.2 </lib64/ld-linux-x86-64.so.2
put $lib/libc.so.6 </$lib/libc.so.6
package libc6 1
put usr/bin/x86_64-linux-gnu-gcc-14 <<<$'#!/bin/sh\ncat >/dev/null'
put usr/libexec/gcc/x86_64-linux-gnu/14/cc1 </bin/true
package gcc-14 1 binutils
put usr/bin/x86_64-linux-gnu-g++-14 <<<$'#!/bin/sh\ncat >/dev/null'
package g++-14 1 gcc-14
put usr/bin/x86_64-linux-gnu-as <<<as
package binutils 1
compiler=(pool/{gcc-14,g++-14,binutils,libc6}_1_all.deb)
stock=(pool/linux-{binary-unsigned-$abi-amd64,headers-$abi-amd64,"kbuild-$abi"}_1_all.deb)

trusting

# stock: Debian 13's kernel is there, with its compiler, and its programs run
stock() {
	kernel debian-7.3 && [[ $KMAKE == "CC=$work"/xdg/krcu/roots/*/bin/x86_64-linux-gnu-gcc-14 ]] &&
		grep -q "^override CROSS_COMPILE = $work/xdg/.*/x86_64-linux-gnu-$" "$KDIR/.kernelvariables" &&
		[ "$("$KDIR/../../lib/linux-kbuild-$abi/fixdep" a b)" = "a b" ] &&
		"${KMAKE#CC=}" </dev/null && [ "$(find "$work"/xdg/krcu/roots/* -prune | wc -l)" = 1 ]
}

# While its compiler is unpacked, the run is killed.
cat >"$work/bin/dpkg-deb" <<END
#!/bin/sh
case \$* in *fsys-tarfile*/g++-14_*) [ ! -e $work/kill ] || kill -KILL 0 ;; esac
exec $(PATH=${PATH#"$work/bin:"} command -v dpkg-deb) "\$@"
END
chmod +x "$work/bin/dpkg-deb"
archive "${stock[@]}"
machine 12.11
touch "$work/kill"
kernel debian-7.3 2>/dev/null
[ $? -gt 128 ] && [ ! "$(ls "$work/xdg/krcu/roots")" ] && [ -d "$work/xdg/krcu/tmp/gcc" ]
result $? "a_killed_run_leaves_no_compiler"
rm "$work/kill"
stock
result $? "the_next_run_unpacks_it_anew"

stock && [ ! -s "$work/log" ]
result $? "a_compiler_that_is_there_is_used"

: >"${KMAKE#CC=}"
chmod -x "${KMAKE#CC=}"
stock && grep -q "damaged, .*gcc-14 does not run" "$work/log"
result $? "a_damaged_compiler_is_unpacked_again"

compiler=(pool/{binutils,libc6}_1_all.deb)
archive "${stock[@]}"
machine 12.11
kernel debian-7.3
[ $? = 77 ] && grep -q "cannot be had here: Debian 13's archive has no gcc-14" "$work/log"
result $? "there_may_be_no_compiler"

finish stock
