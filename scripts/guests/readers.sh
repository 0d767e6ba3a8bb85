# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: several readers of a large table of keys and values, and a writer (kunit/kv_user.c), for
# krcu_fuzz.seconds= on the kernel's command line.

seconds=$(sed -n 's/.*krcu_fuzz.seconds=\([0-9]*\).*/\1/p' /proc/cmdline)
insmod krcu_kv.ko || exit
./kv_user /dev/krcu_kv read "$seconds" || exit
rmmod krcu_kv
