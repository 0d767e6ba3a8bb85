# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by the scripts that run others beside themselves.
#
# All that a run starts stays in the process group of the make that started it, so that a signal to the group,
# SIGKILL too, ends all of it. If the script alone is to end, this ends the rest.

# end_children PID: ends what PID has started, and what that has started in turn.
end_children() {
	local pids

	# /proc/PID/status:PPid:	PARENT
	pids=$(grep -s '^PPid:' /proc/[0-9]*/status | awk -F '[/:\t]+' -v root="$1" '
		{ parent[$3] = $NF }
		END {
			for (found[root]; grown != length(found);) {
				grown = length(found)
				for (pid in parent)
					if (parent[pid] in found)
						found[pid]
			}
			delete found[root]
			for (pid in found)
				print pid
		}') || : # some have ended meanwhile
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || :
}
