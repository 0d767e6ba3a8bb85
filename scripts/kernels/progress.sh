# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: what its parts say, run and wait for. $name is the kernel in question, $cache where all is kept.

say() { echo "krcu: $*" >&2; }
die() { say "$@"; exit 1; }

# run STAGE LOG COMMAND...: runs it, and says every few seconds how far it is.
run() {
	local stage=$1 log=$2 pid start=$SECONDS next=$((SECONDS + 5)) n
	shift 2
	"$@" </dev/null >"$log" 2>&1 &
	pid=$!
	trap 'end_children $$; say "interrupted; the next run goes on from here"; exit 130' INT TERM HUP
	say "$name: $stage"
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.3
		((SECONDS >= next)) || continue
		next=$((SECONDS + 5))
		n=$(grep -cE '^ +(CC|AS|HOSTCC) ' "$log" 2>/dev/null) || n=0
		say "$name: $stage,$( ((n)) && echo " $n objects,") $((SECONDS - start)) s"
	done
	n=0
	wait "$pid" 2>/dev/null || n=$?
	trap - INT TERM HUP
	return "$n"
}

# Only one run at a time fetches or builds; what it starts holds the lock too, so that even what a
# killed run has left behind ends before the next one goes on.
lock() {
	mkdir -p "$cache/kernels" "$cache/src" 2>/dev/null || true
	{ exec 9>"$cache/lock"; } 2>/dev/null || die "$name: cannot write to $cache; set XDG_CACHE_HOME"
	if ! flock -n 9; then
		say "$name: waiting for another build to end"
		flock 9
	fi
	# What a killed run was fetching.
	rm -rf "$cache/tmp"
}

need_space() { # MB
	local free
	free=$(df --output=avail -m "$cache" | tail -1)
	((free >= $1)) ||
		die "$name: not enough space in $cache: needs $1 MB, ${free// /} MB free; free some or set XDG_CACHE_HOME"
}

full() { # LOG: did that fail for lack of space? The log may have been the first to suffer.
	(($(df --output=avail -m "$cache" | tail -1) < 20)) ||
		grep -qiE 'no space left|disk quota exceeded|enough free space' "$1"
}

no_space() { # MB
	rm -rf "$cache/tmp"
	die "$name: no space left in $cache; needs $1 MB"
}
