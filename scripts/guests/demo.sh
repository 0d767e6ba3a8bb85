# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads each of the sample drivers that are there, with krcu and in C by hand, lets it work, unloads
# it, and checks that it did all it says.
set -e

for module in *_sample.ko; do
	driver=${module%.ko}
	dmesg -c >/dev/null
	echo "demo: Linux $(uname -r), $(nproc) CPUs: insmod $module"
	insmod "$module"

	# Both of its rounds are over when both have printed.
	for _ in $(seq 100); do
		[ "$(dmesg | grep -cE "$driver: (work item|timer), ")" = 2 ] && break
		sleep 0.5
	done

	echo "demo: rmmod $driver"
	rmmod "$driver"
	if grep -q "^$driver " /proc/modules; then
		echo 'demo: FAILED: the driver is still there'
		exit 1
	fi
	if find /sys/kernel/slab -maxdepth 1 -name 'krcu_*' -o -name 'plain_*' | grep .; then
		echo 'demo: FAILED: its object caches are still there'
		exit 1
	fi
	echo "demo: $driver is gone"

	said() {
		dmesg | grep -qE "$driver: $1" && return
		echo "demo: FAILED: the driver did not say: $1"
		exit 1
	}
	said 'init: .* are published'
	said 'work item, 20 rounds: [1-9][0-9]* reads, [1-9][0-9]* objects replaced, .* 0 allocations failed'
	said 'timer, 20 rounds: [1-9][0-9]* reads, [1-9][0-9]* objects replaced, .* 0 allocations failed'
	said 'exit: [1-9][0-9]* objects retired in all, [1-9][0-9]* destructors still pending'
	said 'exit: the last pending destructor has run'
done
