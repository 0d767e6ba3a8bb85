# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by the tests of what is left of a killed run.

# session PID: the processes of that session
session() {
	# Not by awk itself, which ends at the first that has gone meanwhile.
	cat /proc/[0-9]*/stat 2>/dev/null |
		awk -v sid="$1" '{ who = $1 " " $2; sub(/.*\) /, ""); if ($4 == sid && $1 != "Z") print who }'
}
