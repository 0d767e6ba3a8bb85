# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: a bug that the kernel must complain of. Which one, kunit.filter_glob says.
insmod krcu_planted_kunit.ko
