# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: puts the packages of a Debian system, the file packages, into the table of keys and values by
# several processes at once, and checks that they come out of it.
set -e

fail() {
	echo "kv: FAILED: $*"
	exit 1
}

# A quarter each by four processes.
load() {
	loads=
	for i in 0 1 2 3; do
		awk "NR % 4 == $i" packages | ./kvctl load - >/dev/null &
		loads="$loads $!"
	done
}

await() {
	for process in "$@"; do
		wait "$process" || fail "a process ended with $?"
	done
}

compare() {
	./kvctl list | sort >listed
	cmp listed sorted || fail 'what is listed is not what was put'
	echo "kv: kvctl list: all $(wc -l <listed) are there, and nothing else"
}

sort packages >sorted
insmod krcu_kv.ko
./kvctl watch >watched &
watcher=$!
echo "kv: kvctl load, 4 processes at once: the $(wc -l <packages) packages of a Debian system, and their versions"
load
# shellcheck disable=SC2086 # a list
await $loads
compare

./kvctl bench 1 1 >reads &
reader=$!
load
# shellcheck disable=SC2086 # a list
await $loads $reader
echo "kv: the same again, while kvctl bench compares what it finds: $(cat reads)"
compare

for cpus in $(seq "$(nproc)"); do
	echo "kv: kvctl bench: $(./kvctl bench 1 "$cpus")"
done
echo "kv: kvctl watch: woken $(wc -l <watched) times, at last: $(tail -n 1 watched)"

read -r key version <packages
./kvctl del "$key"
echo "kv: kvctl del $key; kvctl get $key: $(./kvctl get "$key" 2>&1 || :)"
./kvctl put "$key" "$version"
[ "$(./kvctl get "$key")" = "$version" ] || fail "$key is not what was put"
! rmmod krcu_kv 2>/dev/null || fail 'the driver was unloaded while it is watched'
kill $watcher
wait $watcher || :
rmmod krcu_kv
echo 'kv: rmmod krcu_kv, with all that is in it'
