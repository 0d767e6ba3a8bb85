# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads the sample driver, lets it work, unloads it, and checks that it did all it says.
set -e

echo "demo: Linux $(uname -r), $(nproc) CPUs: insmod krcu_sample.ko"
insmod krcu_sample.ko

# Both of its rounds are over when both have printed.
for _ in $(seq 100); do
	[ "$(dmesg | grep -cE 'krcu_sample: (work item|timer), ')" = 2 ] && break
	sleep 0.5
done

echo "demo: rmmod krcu_sample"
rmmod krcu_sample
if grep -q '^krcu_sample ' /proc/modules; then
	echo 'demo: FAILED: the driver is still there'
	exit 1
fi
if ls -d /sys/kernel/slab/krcu_* 2>/dev/null; then
	echo 'demo: FAILED: its object caches are still there'
	exit 1
fi
echo "demo: krcu_sample is gone"

said() {
	dmesg | grep -qE "krcu_sample: $1" && return
	echo "demo: FAILED: the driver did not say: $1"
	exit 1
}
said 'init: .* are published'
said 'work item, 20 rounds: [1-9][0-9]* reads, [1-9][0-9]* objects replaced, .* 0 allocations failed'
said 'timer, 20 rounds: [1-9][0-9]* reads, [1-9][0-9]* objects replaced, .* 0 allocations failed'
said 'exit: [1-9][0-9]* objects retired in all, [1-9][0-9]* destructors still pending'
said 'exit: the last pending destructor has run'
