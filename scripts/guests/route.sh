# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: those drivers of module/route that are there, with krcu and in C by hand, do what their ABI
# says (kunit/route_user.c), and go while what they have retired is pending.

fail() {
	echo "route: FAILED: $*"
	kill $! 2>/dev/null # which else keeps the console open
	exit 1
}

# Its last users are dead; the kernel may have yet to close their files.
unload() {
	for _ in $(seq 1000); do
		rmmod "$1" 2>/dev/null && return
		sleep 0.1
	done
	rmmod "$1" || fail "rmmod $1"
}

for module in *_route.ko; do
	driver=${module%.ko}
	insmod "$module" || fail "insmod $driver"
	[ -c "/dev/$driver" ] || fail "$driver has no device"
	./route_user "/dev/$driver" || fail "$driver: see above"
	unload "$driver"
	for _ in 1 2 3 4; do
		insmod "$module" || fail "insmod $driver"
		./route_user "/dev/$driver" load &
		load=$!
		# Where a program takes long to start, so does its use of the driver.
		for _ in $(seq 1000); do
			[ "$(cat "/sys/module/$driver/refcnt")" = 0 ] || break
			sleep 0.1
		done
		sleep 0.3
		kill -0 $load || fail "$driver: the load ended by itself"
		! rmmod "$driver" 2>/dev/null || fail "$driver was unloaded while it is used"
		kill -9 $load
		wait $load
		unload "$driver"
	done
	[ ! -e "/dev/$driver" ] || fail "the device of $driver is still there"
	echo "route: $driver: passed"
done
