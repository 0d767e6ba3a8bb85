# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads the sample driver and unloads it at once, with 10,000 destructors pending, again
# and again, as often as krcu_unload.cycles= on the kernel's command line says; then a few times more
# beside a module that a reader keeps loaded. The machine must not have less memory in the end.

fail() {
	echo "unload: FAILED: $*"
	exit 1
}

cycles=$(sed -n 's/.*krcu_unload.cycles=\([0-9]*\).*/\1/p' /proc/cmdline)

cycle() {
	dmesg -c >/dev/null
	insmod krcu_sample.ko rounds=1000000 burst=10000 || fail "insmod"
	rmmod krcu_sample || fail "rmmod"
	dmesg | grep -q 'the last pending destructor has run' || fail "the driver is gone, its destructors have not run"
}

kilobytes() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

# Sets NAME_$1 for what is in use, when what waits to be given back has been.
measure() {
	echo 3 >/proc/sys/vm/drop_caches
	sleep 7
	said=
	for name in MemAvailable Slab VmallocUsed Percpu; do
		now=$(kilobytes $name)
		eval "${name}_$1=\$now"
		said="$said, $name $now kB"
	done
	echo "unload: $1: ${said#, }"
}

# compare BEFORE AFTER: each cycle that loses something shows, be it one page of a module or of a CPU's.
compare() {
	for name in MemAvailable Slab VmallocUsed Percpu; do
		eval "grown=\$((${name}_$2 - ${name}_$1))"
		case $name in
		MemAvailable) grown=$((-grown)) allowed=2048 ;;
		Slab) allowed=1024 ;;
		VmallocUsed) allowed=128 ;;
		Percpu) allowed=32 ;;
		esac
		[ "$grown" -le "$allowed" ] || fail "$name: $grown kB lost, $allowed kB is noise"
	done
}

# Some to warm up: caches, and what a checker keeps for a while.
for i in $(seq $((cycles / 10 + 5))); do
	cycle
done
measure begin
for i in $(seq "$cycles"); do
	cycle
	[ $((i % (cycles / 10 + 1))) != 0 ] || echo "unload: $i of $cycles cycles"
done
measure end
compare begin end

insmod krcu_pinned.ko || fail "insmod krcu_pinned"
dmesg | grep -q 'SRCU domain krcu_pinned: a reader is still inside after 200 ms' || fail "nothing was said about the reader"
rmmod krcu_pinned 2>/dev/null && fail "a module was unloaded that a reader may return to"
measure pinned
for i in $(seq $((cycles / 10))); do
	cycle
done
echo 1 >/sys/module/krcu_pinned/parameters/leave
for _ in $(seq 300); do
	dmesg | grep -q 'the late reader has left' && break
	sleep 0.1
done
dmesg | grep -q 'the late reader has left' || fail "the late reader has not left"
grep -q '^krcu_pinned ' /proc/modules || fail "the module is gone"
measure left
compare pinned left
echo "unload: $cycles cycles passed, and $((cycles / 10)) beside a module that a reader keeps"
