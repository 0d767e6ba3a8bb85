# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest, where make run has no other script: loads the modules, and unloads them.
set -e

loaded=
for module in *.ko; do
	echo "insmod $module"
	insmod "$module"
	loaded="$module $loaded"
done
for module in $loaded; do
	echo "rmmod ${module%.ko}"
	rmmod "$module"
done
