# Runs in the guest: the KUnit suites, one of which pins its module, and then the sample driver, which
# goes again and again with destructors pending.
set -e

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

insmod krcu_kunit.ko
rmmod krcu_kunit
if ! dmesg | grep -q 'krcu_kunit: exit: the last object of the chain is gone'; then
	echo "kunit: FAILED: what was pending in a domain was not waited for"
	exit 1
fi

# Its suite leaves a reader inside a domain that is gone, so it has to stay.
insmod krcu_late_kunit.ko
if ! grep -q kunit.filter_glob /proc/cmdline; then
	if rmmod krcu_late_kunit 2>/dev/null; then
		echo "kunit: FAILED: a module with a late reader was unloaded"
		exit 1
	fi
	said=$(dmesg | grep -c 'SRCU domain krcu_kunit_late: a reader is still inside after 200 ms' || :)
	if [ "$said" != 1 ]; then
		echo "kunit: FAILED: $said lines about the late reader"
		exit 1
	fi
fi

for _ in $(seq 4); do
	insmod krcu_sample.ko rounds=5
	rmmod krcu_sample
done

# An init that fails after it retired objects: their destructors are waited for as well.
dmesg -c >/dev/null
if insmod krcu_sample.ko fail_init=1 2>/dev/null; then
	echo "kunit: FAILED: an init that failed left its module loaded"
	exit 1
fi
if ls -d /sys/kernel/slab/krcu_* 2>/dev/null; then
	echo "kunit: FAILED: object caches outlived their modules"
	exit 1
fi
dmesg | grep 'krcu_sample: exit: the last pending destructor has run'
