# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: make torture and make faults.

make_torture() {
	local name=${KERNEL:-default} duration=${DURATION:-60}

	use_kernel "$name"
	build_modules_quietly "$name"
	torture_parameters "${TORTURE:-}" >/dev/null
	if [[ ${TORTURE:-} != *bug=* ]]; then
		say "$name: planting a bug, which the torture has to find"
		# The first failure ends it, which takes a slow kernel some time to come to.
		run_torture "$name" "$out/torture-bug.log" 60 bug=1 \
			--expect '^krcu-torture: failure: planted: an object ended under its reader' || exit
	fi
	say "$name: torture, $duration s"
	run_torture "$name" "$out/torture.log" "$duration" "${TORTURE:-}" --show '^krcu-torture: ' || exit
	say "$name: torture passed; the whole console is in $out/torture.log"
}

# fault WHAT MB SECONDS PARAMETERS ARGUMENTS...: a torture in a small guest, which nothing else disturbs
fault() {
	local what=$1 mem=$2 seconds=$3 parameters=$4 log=$out/fault-$((${#results[@]} + 1)).log

	shift 4
	say "$name: $what"
	MEM=${MEM:-$((mem * more))M} TIMEOUT=${TIMEOUT:-$((seconds * 3 + 180))} \
		check "$what" "$log" run_torture "$name" "$log" "$seconds" \
		"disturb=0 pressure=0 $parameters" --show '^krcu-torture: (End of test|a reader|failure|memory)' "$@"
}

make_faults() {
	local name=${KERNEL:-default} results=() more=1

	use_kernel "$name"
	build_modules_quietly "$name"
	! has KASAN || more=2
	fault "the guest runs out of memory" 128 30 'pressure=1 expect=SUCCESS.*nomem.[1-9]'
	fault "a reader spins for 30 s" 256 45 "stall_cpu=30 budget=$((64 * more))"
	fault "60 s at full speed" 256 60 "flood=7 budget=$((24 * more))"
	fault "full speed while a reader spins for 30 s" 256 45 "flood=7 stall_cpu=30 budget=$((24 * more))"
	fault "without back-pressure that takes too much" 256 45 \
		"flood=7 pace=0 stall_cpu=30 budget=$((24 * more))" \
		--expect '^krcu-torture: failure: memory: the run took more than its budget'
	python3 scripts/checks/kunit-report.py --src "$SRC" "${results[@]}"
}
