# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: the KUnit suites, one of which pins its module, and then the sample driver, which
# goes again and again with destructors pending. krcu_kunit.only= on the kernel's command line names some
# of the functions below, with commas between them.
set -e

fail() {
	echo "kunit: FAILED: $*"
	exit 1
}

# Allocations that may sleep are to fail too where a case asks for it.
failslab=/sys/kernel/debug/failslab
if [ -d $failslab ]; then
	echo N >$failslab/ignore-gfp-wait
	echo 0 >$failslab/verbose
	# All allocations, of a task that asks for it.
	echo Y >$failslab/task-filter
	echo -1 >$failslab/times
	echo 100 >$failslab/probability
fi

suites() {
	insmod krcu_kunit.ko
	rmmod krcu_kunit
}

# What the module of the suites leaves to its exit.
chain() {
	dmesg | grep -q 'krcu_kunit: exit: the last object of the chain is gone' ||
		fail "what was pending in a domain was not waited for"
}

fence() {
	dmesg | grep -q 'krcu_kunit: exit: the fence that was left is signalled' ||
		fail "the driver of a fence has gone and not signalled it"
}

# Its suite leaves a reader inside a domain that is gone, so it has to stay.
late() {
	insmod krcu_late_kunit.ko
	grep -q kunit.filter_glob /proc/cmdline && return
	! rmmod krcu_late_kunit 2>/dev/null || fail "a module with a late reader was unloaded"
	said=$(dmesg | grep -c 'krcu_kunit_late: a reader is still inside after 200 ms; its memory and this module stay' || :)
	[ "$said" = 1 ] || fail "$said lines about the late reader"
}

sample() {
	for _ in $(seq 4); do
		insmod krcu_sample.ko rounds=5
		rmmod krcu_sample
	done

	# An init that fails after it retired objects: their destructors are waited for as well.
	dmesg -c >/dev/null
	! insmod krcu_sample.ko fail_init=1 2>/dev/null || fail "an init that failed left its module loaded"
	! ls -d /sys/kernel/slab/krcu_* 2>/dev/null || fail "object caches outlived their modules"
	dmesg | grep 'krcu_sample: exit: the last pending destructor has run'
}

only=$(sed -n 's/.*krcu_kunit.only=\([a-z,]*\).*/\1/p' /proc/cmdline)
for part in $(echo "${only:-suites,chain,fence,late,sample}" | tr , ' '); do
	$part
done
