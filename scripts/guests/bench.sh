# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads krcu's benchmarks, which run in the module's init; looks up in the tables of keys and values,
# where there is a program for it; and loads the kernel's own, where they are.
set -e

insmod krcu_bench.ko
rmmod krcu_bench
if [ -f kv_get ]; then
	insmod plain_kv.ko
	insmod krcu_kv.ko
	./kv_get /dev/plain_kv /dev/krcu_kv
	rmmod krcu_kv
	rmmod plain_kv
fi
[ -f refscale.ko ] || exit 0

# It would switch the machine off when it is done.
shutdown=shutdown
! grep -q shutdown_secs refscale.ko || shutdown=shutdown_secs

insmod torture.ko
for type in rcu srcu refcnt; do
	insmod refscale.ko scale_type=$type nreaders=1 nruns=2 loops=10000 holdoff=0 $shutdown=0
	sleep 1
	rmmod refscale
done
insmod rcuscale.ko kfree_rcu_test=1 kfree_nthreads=1 kfree_loops=10 kfree_alloc_num=2000 holdoff=0 $shutdown=0
sleep 2
rmmod rcuscale
rmmod torture
