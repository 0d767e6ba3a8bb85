# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: a module that stays until gdb has looked at it.

insmod krcu_shown.ko || exit
echo 'shown: waits'
until grep -q Y /sys/module/krcu_shown/parameters/seen; do
	sleep 0.1
done
rmmod krcu_shown
