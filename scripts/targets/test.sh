# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: make test and its parts.

# What tests without a guest depend on, besides the kernel's build: sources and the machine's packages.
sources() {
	{
		dpkg-query -W
		find .ci .clang-* ./*.md docs Kbuild Makefile COPYING include module kunit scripts -type f ! -name '*.mod.c' ! -name '*-constants.h' \
			\( -name '*.[chS]' -o -name '*.[ch]pp' -o -name '*.sh' -o -name '*.py' -o -name 'Kbuild*' -o -path '*/new-driver/*' -o -path 'scripts/docs/*' -o -name '[!.]*.config' \
			-o -name '*.md' -o -name Makefile -o -name COPYING -o -name '.clang-*' -o -name run -o -name '*.pml' -o -name mutants.txt -o -path '*/internal/hosted/*' \) -exec sha256sum {} +
	} | sha256sum
}

# without_guest NAME COMMAND...: starts a test that runs no guest, beside all else; but not where it has
# passed and nothing has changed since: then what it said stands.
without_guest() {
	local name=$1 log=$out/$1.log state

	shift
	state=$(echo "$sources $KDIR ${KMAKE:-} ${KRCU_CXX:-} ${GCC:-} ${CLANG:-}" | sha256sum | cut -d' ' -f1)
	logs+=("$name=$log")
	if [[ -f $log && $(cat "$log.passed" 2>/dev/null) = "$state" ]]; then
		say "$name: passed before, and nothing has changed since"
		return
	fi
	rm -f "$log.passed"
	KDIR=$KDIR KMAKE=$KMAKE SRC=$SRC nice "$@" </dev/null >"$log" &
	states[$!]="$state $log"
}

# One kernel of "make test". For the report it leaves $src, $logs and $failed behind, and its jobs in $guests,
# $checks and $states: all that runs does so beside the next kernel's build.
test_kernel() {
	local name=$1 bug regex

	use_kernel "$name" || {
		failed+=("--failed=$name:the kernel cannot be built (see above)")
		return
	}
	src=$SRC
	has KUNIT || {
		failed+=("--failed=$name:it has no KUnit (CONFIG_KUNIT): try make matrix KERNELS=$name")
		return
	}
	build_modules_quietly "$name" || {
		failed+=("--failed=$name:the modules cannot be built (see above)")
		return
	}
	if [ -z "${FILTER:-}" ]; then
		if [ ${#logs[@]} = 0 ]; then # the scripts themselves, once
			without_guest kernel scripts/checks/kernel-test.sh
			without_guest archive scripts/checks/archive-test.sh
			without_guest stock scripts/checks/stock-test.sh
			without_guest guest scripts/checks/guest-test.sh
			without_guest bench scripts/checks/bench-test.sh
			without_guest run scripts/checks/run-test.sh "$out/module/torture"
		fi
		# The first kernel's constants do for all misuse, which needs Clang whatever builds the kernel and
		# compiles for this machine.
		if [[ -z $GUEST_ARCH && "${logs[*]} ${failed[*]}" != *misuse* ]]; then
			if scripts/setup.sh llvm lint model docs; then
				without_guest misuse scripts/misuse/misuse-test.sh "$out/module/torture"
				without_guest examples scripts/checks/example-test.sh "$out/module/torture"
				without_guest clangd scripts/checks/clangd-test.sh "$out"
				without_guest lint scripts/checks/lint.sh "$out/module/torture"
				without_guest model scripts/model/model.sh
				without_guest docs scripts/checks/docs-test.sh
			else
				failed+=("--failed=misuse:it, lint, the model and the docs cannot run (see above)")
			fi
		fi
		without_guest "$name-build" scripts/checks/build-test.sh "$name"
		without_guest "$name-refuse" scripts/checks/refuse-test.sh "$name"
		# For other architectures, a driver's own make has to be told which.
		[[ -n $GUEST_ARCH || "${logs[*]}" == *-driver=* ]] || without_guest "$name-driver" scripts/checks/driver-test.sh "$name"
		# Elsewhere the code to compare would be the instrumentation's.
		has KASAN || has KCSAN || without_guest "$name-codegen" scripts/codegen/codegen-test.sh "$name"
	fi
	say "$name: running the suites"
	logs+=("$name=$out/kunit.log")
	: >"$out/kunit.log"
	run_suites "$name" </dev/null &
	guests[$name]="$! $out/kunit.log"
	[ -z "${FILTER:-}" ] || return 0
	# Once: in a kernel full of checkers that takes as long as all else; make matrix does it in every kernel.
	if [[ "${!checks[*]}" != *"to their exit"* ]]; then
		in_guest "$name:drivers that leave things to their exit" "$out/exits.log" run_exits "$name"
		in_guest "$name:the examples print what the guide says" "$out/printed.log" run_examples "$name"
		if has_programs "$name"; then
			in_guest "$name:statistics" "$out/stats.log" run_stats "$name"
			# Of another architecture it would take another gdb.
			[[ $GUEST_ARCH || ! $VMLINUX ]] || in_guest "$name:gdb prints what there is, and lines" "$out/shown.log" run_shown "$name"
			in_guest "$name:a routing table, with krcu and in C by hand" "$out/route.log" run_route "$name"
			in_guest "$name:a table of keys and values, with krcu and in C by hand, and its client" "$out/kv.log" run_kv "$name"
			in_guest "$name:random and hostile requests" "$out/fuzz.log" run_fuzz "$name" 5
		fi
	fi
	! has PROVE_RCU || in_guest "$name:mistakes that a debug kernel tells of" "$out/misused.log" run_misused "$name"
	while read -r bug regex; do
		in_guest "$name:the planted $bug is caught" "$out/planted-$bug.log" run_planted "$name" "$bug" "$regex"
	done < <(planted)
}

make_test() {
	local name job state sources log src='' logs=() passed=() failed=()
	local -A guests=() checks=() states=()

	sources=$(sources)
	for name in ${KERNEL:-default debug}; do
		test_kernel "$name"
	done
	for name in "${!guests[@]}"; do
		read -r job log <<<"${guests[$name]}"
		wait "$job" || failed+=("--failed=$name:the suites: $(why "$log")")
	done
	wait_for_guests
	for job in "${!states[@]}"; do
		read -r state log <<<"${states[$job]}"
		wait "$job" || continue # the log says why
		# Who edited meanwhile has tested something between the two.
		[ "$(sources)" != "$sources" ] || echo "$state" >"$log.passed"
	done
	python3 scripts/checks/kunit-report.py --src "$src" "${passed[@]}" "${failed[@]}" "${logs[@]}"
}

make_lint() {
	use_kernel "${KERNEL:-default}"
	scripts/setup.sh lint
	build_modules_quietly "${KERNEL:-default}"
	rm -f "$out/lint.log.passed" # make test is to believe no log but its own
	KDIR=$KDIR KMAKE=$KMAKE SRC=$SRC scripts/checks/lint.sh "$out/module/torture" >"$out/lint.log" || : # the log says it
	python3 scripts/checks/kunit-report.py --src "$SRC" "lint=$out/lint.log"
}

make_model() {
	local log

	scripts/setup.sh model
	log=$(scripts/model/model.sh) || {
		echo "$log" >&2
		die "the model does not hold, or does not find what is left out; see above"
	}
	sed -n 's/^# //p' <<<"$log"
	say "the model holds"
}

# It asks scripts/kernel.sh for the kernels that it needs, and has a lock of its own.
make_mutants() {
	exec python3 scripts/mutants/mutants.py
}
