# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: make matrix.

# One row of "make matrix", in a process of its own, so that whatever ends it ends no other row. Its last line
# is "row: " and the fields of the table, or that it is skipped: some kernels cannot be had everywhere.
make_row() {
	local name=$1 bug regex logs=() passed=() failed=() version status=0
	local -A checks=()

	use_kernel "$name" || status=$?
	[ $status != 77 ] || echo "row: skipped"
	[ $status = 0 ] || exit $status
	build_modules_quietly "$name"
	torture_parameters "${TORTURE:-}" >/dev/null
	rm -f "$out"/*.log
	if has KUNIT; then
		say "$name: running the suites"
		logs=("$name=$out/kunit.log")
		: >"$out/kunit.log"
		run_suites "$name" || failed+=("--failed=$name:the suites: $(why "$out/kunit.log")")
	fi
	# These wait more than they work.
	in_guest "$name:the sample driver, with krcu and in C by hand" "$out/demo.log" run_demo "$name" \
		--add "$out/module/sample/plain_sample.ko"
	while read -r bug regex; do
		in_guest "$name:the planted $bug is caught" "$out/planted-$bug.log" run_planted "$name" "$bug" "$regex"
	done < <(planted)
	in_guest "$name:drivers that leave things to their exit" "$out/exits.log" run_exits "$name"
	if has_programs "$name"; then
		in_guest "$name:a routing table, with krcu and in C by hand" "$out/route.log" run_route "$name"
		in_guest "$name:a table of keys and values, with krcu and in C by hand, and its client" "$out/kv.log" run_kv "$name"
	fi
	# Here the headers and the kernel are what users have.
	if is_stock "$name"; then
		scripts/setup.sh dkms
		in_guest "$name:the package, and a driver that it builds" "$out/package.log" run_package "$name"
	fi
	! has PROVE_RCU || in_guest "$name:mistakes that a debug kernel tells of" "$out/misused.log" run_misused "$name"
	wait_for_guests
	in_guest "$name:the torture" "$out/torture.log" run_torture "$name" "$out/torture.log" "${DURATION:-20}" "${TORTURE:-}"
	wait_for_guests

	python3 scripts/checks/kunit-report.py --src "$SRC" "${passed[@]}" "${failed[@]}" "${logs[@]}" | tee "$out/report" || :
	# As in CONFIG_GCC_VERSION=120200
	version=$(sed -nE 's/^CONFIG_(GCC|CLANG)_VERSION=([0-9]+)([0-9]{2})([0-9]{2})$/\L\1-\2.\3.\4/p' \
		"$KDIR/include/config/auto.conf")
	cat "$out/kunit.log" "$out/demo.log" "$out/torture.log" "$out/report" 2>/dev/null |
		awk -v row="${version//.0/.}" '
			BEGIN { torture = "- -" }
			/krcu-torture: End of test: / { sub(/.*reads/, "reads"); torture = $2 " " $4 }
			/^krcu-guest: [0-9]+ complaints$/ { splats += $2 }
			/^[0-9]+ skipped$/ { skipped = $1 }
			/^[0-9]+ passed, / { row = row " " $1 " " $3 " " skipped + 0 }
			END { print "row:", row, torture, splats + 0 }'
}

make_matrix() {
	local name log start row table='' broken='' absent='' good=0 bad=0 line='%-15s %-13s %6s %6s %7s %12s %12s %6s %7s\n'

	mkdir -p build/matrix
	for name in ${KERNELS:-$(cd scripts/kernels && printf '%s\n' *.config | sed 's/\.config$//')}; do
		log=build/matrix/${name//\//_}.log
		start=$SECONDS
		"$0" row "$name" 2>&1 | tee "$log" | grep --line-buffered '^krcu: ' || : # what the row says counts
		read -r -a row <<<"$(sed -n 's/^row: //p' "$log")"
		if [ "${row[*]}" = skipped ]; then
			row=(skipped 0 0 - - - -)
			absent+=$(grep -a '^krcu: ' "$log" | tail -n 1)$'\n'
		fi
		[ ${#row[@]} = 7 ] || row=(- 0 1 0 - - -)
		[ "${row[2]}" = 0 ] || broken+=$(sed -n '/^what failed:$/,/^[0-9]/{//!p}' "$log" | grep -a . || tail -n 3 "$log")$'\n'"$name: FAILED: see $log"$'\n'
		good=$((good + row[1]))
		bad=$((bad + row[2]))
		# shellcheck disable=SC2059
		printf -v row "$line" "$name" "${row[@]}" $((SECONDS - start))
		table+=$row
	done
	# shellcheck disable=SC2059
	printf "\n$line" kernel compiler passed failed skipped 'torture reads' updates splats seconds
	printf '%s\n%s%s' "$table" "${broken:+what failed:$'\n'$broken}" "$absent"
	[ -z "$absent" ] || echo "kernels skipped: $(grep -c . <<<"$absent")"
	echo "$good passed, $bad failed"
	[ $bad = 0 ] && [ $good != 0 ]
}
