#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# package.sh NAME: installs the Debian package, has a new driver built by what it installs, for test kernel NAME, by
# hand and by DKMS, loads it in that kernel, and removes the package. Prints KTAP. KDIR, KMAKE and IMAGE are the
# kernel's.
#
# The package is installed in a copy of this system, an overlay whose changes are in memory, and in which krcu's own
# tree is empty. Its mounts are in a namespace of a process that holds them; here they are not there, so nothing that
# this script removes can be reached through them.
set -uo pipefail
unset MAKEFLAGS MFLAGS MAKELEVEL KRCU DESTDIR PREFIX SOURCE_DATE_EPOCH

name=${1:?usage: package.sh NAME}
: "${KDIR:?set KDIR to a kernel build}" "${IMAGE:?set IMAGE to its image}"
# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

cache=$("$krcu/scripts/kernels/cache.sh") || exit
release=$(cat "$KDIR/include/config/kernel.release")
as_root=()
[ "$(id -u)" = 0 ] || as_root=(--user --map-root-user)

# hold DIR TREE CACHE: what the process does that holds the copy of the system, DIR/root, until its input ends
hold() {
	local node

	mount -t tmpfs tmpfs "$1" && mkdir "$1"/{root,changes,work,nothing} &&
		mount -t overlay overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work,userxattr" "$1/root" &&
		mount -t tmpfs tmpfs "$1/root/dev" && mount --bind "$1/nothing" "$1/root$2" || return
	for node in null zero full random urandom; do
		: >"$1/root/dev/$node" && mount --bind "/dev/$node" "$1/root/dev/$node" || return
	done
	# What other file systems have is not in the copy; of all that is there, only kernels are needed, to be read.
	mkdir -p "$1/root$3" && mount --bind "$3" "$1/root$3" && mount -o remount,bind,ro "$1/root$3" &&
		ln -s /proc/self/fd "$1/root/dev/fd" && mount --rbind /proc "$1/root/proc" && echo ready && cat
}

# there COMMAND...: runs it in the copy; what it says goes to the log
there() {
	nsenter --target "$holder" ${as_root:+--user --preserve-credentials} --mount chroot "$work/copy/root" \
		"$@" </dev/null >>"$work/log" 2>&1
}

# built_for RELEASE: the module that DKMS has installed for it
built_for() { find "$root/lib/modules/$1/updates" -name 'tried.ko*' 2>/dev/null | grep .; }

# kernel_is_there RELEASE
kernel_is_there() {
	mkdir -p "$root/lib/modules/$1" && touch "$root/lib/modules/$1/modules."{builtin,order} &&
		ln -sfn "$KDIR" "$root/lib/modules/$1/build"
}

mkdir "$work/copy"
make -s --no-print-directory -C "$krcu" deb >"$work/log" 2>&1 &&
	deb=$(sed -n 's/^krcu: \(.*\.deb\): .*/\1/p' "$work/log") && cp "$krcu/$deb" "$work/krcu-dev.deb"
result $? "the_package_is_made"
make -s --no-print-directory -C "$krcu" new-driver NAME=tried DIR="$work/tried" >"$work/log" 2>&1
result $? "a_driver_is_made"

coproc HOLD { exec unshare "${as_root[@]}" --mount bash -c "$(declare -f hold); hold $work/copy $krcu $cache" 2>"$work/held"; }
holder=$HOLD_PID
read -r -t 60 ready <&"${HOLD[0]}"
if [ "${ready-}" != ready ]; then
	cat "$work/held" >&2
	printf 'KTAP version 1\n1..1\nok 1 package_%s # SKIP needs mount namespaces and overlayfs\n' "$name"
	exit
fi
root=/proc/$holder/root$work/copy/root

: >"$work/log"
cp "$work/krcu-dev.deb" "$root/root/" && cp -r "$work/tried" "$root/usr/src/tried-0.1" && there dpkg -i /root/krcu-dev.deb
result $? "it_is_installed"

: >"$work/log"
# shellcheck disable=SC2086 # KMAKE is a list of arguments
there make -C /usr/src/tried-0.1 KDIR="$KDIR" ${KMAKE:-} && cp "$root/usr/src/tried-0.1/tried.ko" "$work" &&
	modinfo -F krcu_version "$work/tried.ko" | grep -x "$(dpkg-deb -f "$work/krcu-dev.deb" Version)" >>"$work/log" &&
	there make -C /usr/src/tried-0.1 KDIR="$KDIR" ${KMAKE:-} clean
result $? "the_driver_is_built_without_KRCU"

python3 "$krcu/scripts/guest.py" run --name package --image "$IMAGE" --accel "${ACCEL:-auto}" --script "$work/tried/guest.sh" \
	--add "$work/tried.ko" --append "kunit.enable=1 kunit.autorun=1" --log "$work/console" --timeout "${TIMEOUT:-300}" \
	--quiet >"$work/log" 2>&1
result $? "it_is_loaded_and_unloaded"

# DKMS takes the system's compiler.
if [ -z "${KMAKE:-}" ]; then
	: >"$work/log"
	kernel_is_there "$release" && there dkms add /usr/src/tried-0.1 && there dkms install tried/0.1 -k "$release" &&
		built_for "$release" >>"$work/log"
	result $? "dkms_builds_it"

	# As a kernel's package does in the end
	: >"$work/log"
	kernel_is_there "$release-next" && there sh /etc/kernel/postinst.d/dkms "$release-next" && built_for "$release-next" >>"$work/log"
	result $? "dkms_builds_it_again_for_the_next_kernel"

	if grep -q '^CONFIG_MODULE_SIG=y' "$KDIR/include/config/auto.conf"; then
		: >"$work/log"
		modinfo "$(built_for "$release")" | tee "$work/log" | grep -q '^sig_id'
		result $? "and_signs_it"
	fi

	there dkms remove tried/0.1 --all && ! built_for "$release"
	result $? "dkms_takes_it_away"
fi

: >"$work/log"
there dpkg -r krcu-dev && [ ! -e "$root/usr/share/krcu" ] &&
	[ ! -e "$root/usr/share/doc/krcu-dev" ]
result $? "all_of_it_is_gone"

: >"$work/log"
! there make -C /usr/src/tried-0.1 KDIR="$KDIR" && grep -q 'tried: there is no krcu: set KRCU to' "$work/log" &&
	[ "$(wc -l <"$work/log")" -le 3 ]
result $? "without_it_the_driver_says_what_is_missing"

finish "package_$name"
