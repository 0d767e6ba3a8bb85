# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads the benchmarks, which run in the module's init.
set -e

insmod krcu_bench.ko
rmmod krcu_bench
