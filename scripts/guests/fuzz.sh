# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: random and hostile requests to the table of keys and values (kunit/kv_fuzz.c), for krcu_fuzz.seconds=
# on the kernel's command line, which then goes with all that is in it.

seconds=$(sed -n 's/.*krcu_fuzz.seconds=\([0-9]*\).*/\1/p' /proc/cmdline)
insmod krcu_kv.ko || exit
./kv_fuzz /dev/krcu_kv "$seconds" || exit
rmmod krcu_kv
