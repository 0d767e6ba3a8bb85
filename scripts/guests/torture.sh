# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads the torture module, and makes life hard for the kernel until it is done: CPUs
# come and go, grace periods change their kind, allocations fail. From the kernel's command line it takes
# the module's parameters (krcu_torture.duration=60), and the verdict to expect as if it were one of them.

args=pressure=1
expect=SUCCESS
disturb=1
# shellcheck disable=SC2013 # words, not lines
for word in $(cat /proc/cmdline); do
	case $word in
	krcu_torture.expect=*) expect=${word#*=} ;;
	krcu_torture.disturb=*) disturb=${word#*=} ;;
	krcu_torture.*) args="$args ${word#*.}" ;;
	esac
done

# Of the torture's own threads only, as they ask for it.
failslab=/sys/kernel/debug/failslab
if [ "$disturb" = 1 ] && [ -d $failslab ]; then
	echo Y >$failslab/task-filter
	echo N >$failslab/ignore-gfp-wait
	echo 0 >$failslab/verbose
	echo -1 >$failslab/times
	echo 5 >$failslab/probability
fi

# Not every kernel has each of these.
put() {
	[ ! -w "$2" ] || echo "$1" >"$2" 2>/dev/null
}

# Hundreds who take turns in a shrinker are not hung, for minutes where KASAN makes each turn long.
put 600 /proc/sys/kernel/hung_task_timeout_secs

# A line for each time that a CPU went.
: >/tmp/offline

disturb() {
	while :; do
		for cpu in /sys/devices/system/cpu/cpu[1-9]*; do
			put 0 "$cpu/online"
			[ "$(cat "$cpu/online" 2>/dev/null)" != 0 ] || echo "$cpu" >>/tmp/offline
			sleep 0.3
			put 1 "$cpu/online"
		done
		put 1 /sys/kernel/rcu_expedited
		sleep 0.5
		put 0 /sys/kernel/rcu_expedited
		put 1 /sys/kernel/rcu_normal
		sleep 0.5
		put 0 /sys/kernel/rcu_normal
		sleep 0.5
	done
}

verdict() {
	dmesg | grep 'krcu-torture: End of test: '
}

# shellcheck disable=SC2086 # a list of arguments
insmod krcu_torture.ko $args || exit
if [ "$disturb" = 1 ]; then
	disturb &
fi
while ! verdict >/dev/null; do
	sleep 1
done
[ "$disturb" = 0 ] || kill $!
offline=$(wc -l </tmp/offline)
echo "torture: CPUs went offline $offline times"
rmmod krcu_torture || exit
# Shorter runs may end before one can.
if [ "$disturb" = 1 ] && [ -w /sys/devices/system/cpu/cpu1/online ] && [ "$offline" = 0 ] &&
	verdict | grep -q 'SUCCESS: [0-9][0-9]'; then
	echo "torture: FAILED: no CPU ever went offline"
	exit 1
fi
# What the globals owned when the module went was destroyed as well.
if verdict | grep -q SUCCESS && dmesg | grep 'krcu-torture: failure: '; then
	echo "torture: FAILED: the end of the module left something"
	exit 1
fi
verdict | grep "End of test: $expect" && exit
echo "torture: FAILED: wanted $expect"
exit 1
