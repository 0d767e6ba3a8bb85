# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: tests of what helps to debug.

# Three modules with KRCU_STATS=1, beside those without
build_stats() {
	local out=$out/stats module

	stage
	for module in module/sample/krcu_sample module/kv/krcu_kv kunit/krcu_pinned; do
		# shellcheck disable=SC2086 # KMAKE is a list of arguments
		make --no-print-directory -j"$(nproc)" -C "$KDIR" M="$PWD/$out/${module%/*}" ${KMAKE:-} KRCU_STATS=1 \
			"${module##*/}.ko" || return
	done
}

run_stats() { # NAME
	build_stats >"$out/stats-build.log" 2>&1 || {
		cat "$out/stats-build.log" >&2
		return 1
	}
	guest run "$1: statistics" --script scripts/guests/stats.sh --add "$out/stats/module/sample/krcu_sample.ko" \
		--add "$out/stats/module/kv/krcu_kv.ko" --add "$out/module/kv/client/kvctl" \
		--add "$out/stats/kunit/krcu_pinned.ko" --log "$out/stats.log" --timeout "${TIMEOUT:-600}" --quiet
}
