# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest, by busybox's sh: "make run" is good if this exits with 0 and the kernel complained of nothing.
set -e

fail() {
	echo "mydrv: FAILED: $*"
	exit 1
}

insmod mydrv.ko
! dmesg | grep -E '\] +not ok ' || fail "the KUnit suite"

echo hello >/dev/mydrv
said=$(cat /dev/mydrv)
echo "mydrv: /dev/mydrv says $said"
[ "$said" = hello ] || fail "it was to say hello"

# Readers while it changes; what they still look at is not freed.
for i in 1 2 3 4 5 6 7 8; do
	cat /dev/mydrv >/dev/null &
	echo "text $i" >/dev/mydrv
done
wait

rmmod mydrv
[ ! -e /dev/mydrv ] || fail "the device is still there"
echo "mydrv: unloaded"
