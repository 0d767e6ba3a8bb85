# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest: loads and unloads each example of the guide that prints something, whose words are beside it.
set -e

for module in *.ko; do
	name=${module%.ko}
	insmod "$module"
	rmmod "$name"
	# There the module is mydrv, as in all of the guide. The kernel says that it is tainted.
	dmesg | sed -n "/taint/d; s/^\(<[0-9]*>\)\?\[[^]]*\] $name: /mydrv: /p" >said
	diff "$name.text" said || {
		echo "examples: FAILED: $name prints something else than the guide says"
		exit 1
	}
	echo "examples: $name prints what it should"
done
