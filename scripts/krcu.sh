#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the Makefile's targets do, one function each:
#
#	scripts/krcu.sh modules|demo|test|lint|model|torture|faults|mutants|unload|matrix|kernel|shell|gdb|clean
#
# Settings come from the environment; "make help" lists them.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "krcu: $*"; }
die() { echo "krcu: $*" >&2; exit 1; }

. scripts/end-children.sh

# What is interrupted ends, and does not go on with what comes next.
trap 'exit 130' INT TERM HUP
trap 'end_children $$' EXIT

# lock NAME...: one run at a time uses build/NAME and the logs of that name, from here to its end. All names at
# once and in one order, so that no two runs wait for each other. What this run starts inherits the locks, so
# that the next one also waits for what a killed run may have left.
lock() {
	local name file fd

	mkdir -p build
	for name in $(printf '%s\n' "$@" | sort -u); do
		file=build/${name//\//_}.lock
		while exec {fd}>"$file"; do
			flock -n "$fd" || {
				say "waiting for another run in build/$name to end"
				flock "$fd"
			}
			[ "$file" -ef "/proc/self/fd/$fd" ] && break
			exec {fd}>&- # make clean was faster
		done
	done
}

# use_kernel NAME: sets what scripts/kernel.sh says, KDIR among it, building the kernel if need be, and $out.
use_kernel() {
	local settings

	settings=$(scripts/kernel.sh "$1") || return
	eval "$settings"
	out=build/$1
}

# has OPTION: whether the kernel was built with CONFIG_OPTION.
has() {
	grep -qs "^CONFIG_$1=" "$KDIR/include/config/auto.conf"
}

# A kernel's modules are built in a directory of its own, of links to the sources, so that kernels
# take turns without rebuilding. It is of one kernel build: the same name may stand for another one after a
# change.
stage() {
	local dir

	[ "$(cat "$out/kdir" 2>/dev/null)" = "$KDIR" ] || rm -rf "$out"
	mkdir -p "$out"
	echo "$KDIR" >"$out/kdir"
	ln -sfn "$PWD/include" "$out/include"
	ln -sfn "$PWD/scripts" "$out/scripts"
	for dir in module kunit; do
		mkdir -p "$out/$dir"
		find "$out/$dir" -xtype l -delete # a source that is gone
		find "$PWD/$dir" -maxdepth 1 \( -name '*.[ch]' -o -name '*.[ch]pp' -o -name Kbuild \) \
			! -name '*.mod.c' ! -name '*-constants.h' -exec ln -sft "$out/$dir" {} +
	done
	ln -sf "$PWD/Kbuild" "$out/Kbuild"
}

build_modules() {
	stage
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -j"$(nproc)" -C "$KDIR" M="$PWD/$out" ${KMAKE:-} ${V:+V=$V} modules
}

# A build whose lines are of no interest unless it fails.
build_modules_quietly() {
	local log=build/$1.log

	say "$1: building the modules"
	build_modules >"$log" 2>&1 || {
		cat "$log" >&2
		say "$1: the modules do not build; see above" >&2
		return 1
	}
}

# guest MODE NAME ARGUMENTS...
guest() {
	local mode=$1 name=$2
	shift 2
	# The kernel has data races of its own.
	python3 scripts/guest.py "$mode" --name "$name" --image "$IMAGE" --accel "${ACCEL:-auto}" \
		--allow 'KCSAN: data-race in (?!.*\[krcu_)' \
		${GUEST_ARCH:+--arch "$GUEST_ARCH" --busybox "$BUSYBOX"} --smp "${SMP:-2}" --mem "${MEM:-1G}" "$@"
}

add_modules() {
	local file

	for file in "$out"/*/*.ko "$out"/kunit/epoll_user; do
		[ ! -f "$file" ] || echo "--add=$file"
	done
}

make_modules() {
	if [ -n "${KDIR:-}" ]; then
		if [ ! -f "$KDIR/Makefile" ] || [ ! -s "$KDIR/include/config/auto.conf" ]; then
			die "KDIR=$KDIR is not a kernel build: give a configured build tree or /lib/modules/VERSION/build"
		fi
		out=build/kdir
	else
		use_kernel "${KERNEL:-default}"
	fi
	build_modules
	say "the modules are in $out/module and $out/kunit"
}

# --- what runs in a guest, one function each: NAME is the kernel in use ----------------------------

run_demo() { # NAME
	guest run "$1: the sample driver" --script scripts/guest/demo.sh --add "$out/module/krcu_sample.ko" \
		--log "$out/demo.log" --timeout "${TIMEOUT:-120}" --quiet
}

run_suites() { # NAME
	local modules

	mapfile -t modules < <(add_modules)
	guest run "$1: the suites" --script scripts/guest/kunit.sh "${modules[@]}" \
		--append "kunit.enable=1 ${FILTER:+kunit.filter_glob=$FILTER}" \
		--log "$out/kunit.log" --timeout "${TIMEOUT:-300}" --quiet
}

# The bugs of kunit/planted.cpp that this kernel has a checker for, each with what it must say.
planted() {
	! has KASAN || echo 'use_after_free BUG: KASAN: slab-use-after-free in .*use_after_free.* \[krcu_planted_kunit\]'
	! has KCSAN || echo 'data_race BUG: KCSAN: data-race in .*increment.* \[krcu_planted_kunit\]'
	! has CFI_CLANG || echo 'wrong_type CFI failure at .*callback_of_the_wrong_type'
}

run_planted() { # NAME BUG REGEX
	guest run "$1: planted $2" --script scripts/guest/planted.sh --add "$out/kunit/krcu_planted_kunit.ko" \
		--append "kunit.enable=1 kunit.filter_glob=planted.$2" --expect "$3" \
		--log "$out/planted-$2.log" --timeout "${TIMEOUT:-120}" --no-leaks --quiet
}

run_exits() { # NAME
	guest run "$1: exits" --script scripts/guest/exits.sh --add "$out/kunit/krcu_exits.ko" \
		--log "$out/exits.log" --timeout "${TIMEOUT:-600}" --quiet
}

# Each mistake has a WARN of krcu's own, or lockdep's.
run_misused() { # NAME
	guest run "$1: misuse" --script scripts/guest/misused.sh --add "$out/kunit/krcu_exits.ko" \
		--add "$out/kunit/krcu_misused.ko" --log "$out/misused.log" --timeout "${TIMEOUT:-120}" --no-leaks --quiet \
		--allow 'cut here' --allow '^WARNING: .* \[krcu_misused\]$' --allow '^WARNING: suspicious RCU usage$'
}

torture_parameters() { # PARAMETERS: as on the kernel's command line
	scripts/torture-parameters.sh "$out/module/krcu_torture.ko" "$1"
}

run_torture() { # NAME LOG DURATION PARAMETERS ARGUMENTS...: the module's parameters, guest.py's arguments
	local name=$1 log=$2 duration=$3 parameters

	parameters=$(torture_parameters "$4") || return
	shift 4
	# Emulated, zeroing all memory takes longer than it stays taken.
	guest run "$name: torture" --script scripts/guest/torture.sh --add "$out/module/krcu_torture.ko" \
		--log "$log" --timeout "${TIMEOUT:-$((duration + 180))}" --quiet \
		--append "init_on_alloc=0 krcu_torture.duration=$duration$parameters" "$@"
}

# --------------------------------------------------------------------------------------------------

make_demo() {
	local name=${KERNEL:-default}

	use_kernel "$name"
	build_modules_quietly "$name"
	run_demo "$name" || exit
	sed -nE 's/\r$//; s/^\[ *[0-9.]+\] (demo: |krcu_sample: (init|work|timer|exit))/\1/p' "$out/demo.log"
	say "demo passed; the whole console is in $out/demo.log"
}

# What tests without a guest depend on, but for the kernel's build: sources and the machine's packages.
sources() {
	{
		dpkg-query -W
		find .ci .clang-* README.md Kbuild include module kunit scripts -type f ! -name '*.mod.c' ! -name '*-constants.h' \
			\( -name '*.[chS]' -o -name '*.[ch]pp' -o -name '*.sh' -o -name '*.py' -o -name 'Kbuild*' -o -name '[!.]*.config' \
			-o -name README.md -o -name '.clang-*' -o -name run -o -name '*.pml' -o -path '*/internal/hosted/*' \) -exec sha256sum {} +
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
			without_guest kernel scripts/kernel-test.sh
			without_guest guest scripts/guest-test.sh
			without_guest run scripts/run-test.sh "$out/module"
		fi
		# The first kernel's constants do for all misuse, which needs Clang whatever builds the kernel and
		# compiles for this machine.
		if [[ -z $GUEST_ARCH && "${logs[*]} ${failed[*]}" != *misuse* ]]; then
			if scripts/setup.sh llvm lint model; then
				without_guest misuse scripts/misuse-test.sh "$out/module"
				without_guest lint scripts/lint.sh "$out/module"
				without_guest model scripts/model.sh
			else
				failed+=("--failed=misuse:it, lint and the model cannot run (see above)")
			fi
		fi
		without_guest "$name-build" scripts/build-test.sh "$name"
	fi
	say "$name: running the suites"
	logs+=("$name=$out/kunit.log")
	run_suites "$name" </dev/null &
	guests[$name]=$!
	[ -z "${FILTER:-}" ] || return 0
	run_exits "$name" </dev/null &
	checks["$name:drivers that leave things to their exit"]=$!
	if has PROVE_RCU; then
		run_misused "$name" </dev/null &
		checks["$name:mistakes that a debug kernel tells of"]=$!
	fi
	while read -r bug regex; do
		run_planted "$name" "$bug" "$regex" </dev/null &
		checks["$name:the planted $bug is caught"]=$!
	done < <(planted)
}

make_test() {
	local name check job state sources log src='' logs=() passed=() failed=()
	local -A guests=() checks=() states=()

	sources=$(sources)
	for name in ${KERNEL:-default debug}; do
		test_kernel "$name"
	done
	for name in "${!guests[@]}"; do
		wait "${guests[$name]}" || failed+=("--failed=$name:the guest's run failed (see above)")
	done
	for check in "${!checks[@]}"; do
		if wait "${checks[$check]}"; then passed+=("--passed=$check"); else failed+=("--failed=$check"); fi
	done
	for job in "${!states[@]}"; do
		read -r state log <<<"${states[$job]}"
		wait "$job" || continue # the log says why
		# Who edited meanwhile has tested something between the two.
		[ "$(sources)" != "$sources" ] || echo "$state" >"$log.passed"
	done
	python3 scripts/kunit-report.py --src "$src" "${passed[@]}" "${failed[@]}" "${logs[@]}"
}

# One row of "make matrix", in a process of its own, so that whatever ends it ends no other row. Its last line
# is "row: " and the fields of the table.
make_row() {
	local name=$1 bug regex logs=() results=() version

	use_kernel "$name"
	build_modules_quietly "$name"
	torture_parameters "${TORTURE:-}" >/dev/null
	rm -f "$out"/*.log
	if has KUNIT; then
		say "$name: running the suites"
		logs=("$name=$out/kunit.log")
		run_suites "$name" || results+=("--failed=$name:the guest's run failed (see above)")
	fi
	check "the sample driver" run_demo "$name"
	while read -r bug regex; do
		check "the planted $bug is caught" run_planted "$name" "$bug" "$regex"
	done < <(planted)
	check "drivers that leave things to their exit" run_exits "$name"
	! has PROVE_RCU || check "mistakes that a debug kernel tells of" run_misused "$name"
	check "the torture" run_torture "$name" "$out/torture.log" "${DURATION:-20}" "${TORTURE:-}"

	python3 scripts/kunit-report.py --src "$SRC" "${results[@]}" "${logs[@]}" | tee "$out/report" || :
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

# check WHAT COMMAND...: a case of the row that is one run of a guest
check() {
	local what=$1

	shift
	if "$@"; then results+=("--passed=$name:$what"); else results+=("--failed=$name:$what"); fi
}

make_matrix() {
	local name log start row table='' broken='' good=0 bad=0 line='%-15s %-13s %6s %6s %7s %12s %12s %6s %7s\n'

	mkdir -p build/matrix
	for name in ${KERNELS:-$(cd scripts/kernels && printf '%s\n' *.config | sed 's/\.config$//')}; do
		log=build/matrix/${name//\//_}.log
		start=$SECONDS
		"$0" row "$name" 2>&1 | tee "$log" | grep --line-buffered '^krcu: ' || : # what the row says counts
		read -r -a row <<<"$(sed -n 's/^row: //p' "$log")"
		[ ${#row[@]} = 7 ] || row=(- 0 1 0 - - -)
		[ "${row[2]}" = 0 ] || broken+=$(grep -a FAILED "$log" || tail -n 3 "$log")$'\n'"$name: FAILED: see $log"$'\n'
		good=$((good + row[1]))
		bad=$((bad + row[2]))
		# shellcheck disable=SC2059
		printf -v row "$line" "$name" "${row[@]}" $((SECONDS - start))
		table+=$row
	done
	# shellcheck disable=SC2059
	printf "\n$line" kernel compiler passed failed skipped 'torture reads' updates splats seconds
	printf '%s\n%s%s\n' "$table" "$broken" "$good passed, $bad failed"
	[ $bad = 0 ]
}

make_lint() {
	use_kernel "${KERNEL:-default}"
	scripts/setup.sh lint
	build_modules_quietly "${KERNEL:-default}"
	rm -f "$out/lint.log.passed" # make test is to believe no log but its own
	KDIR=$KDIR KMAKE=$KMAKE SRC=$SRC scripts/lint.sh "$out/module" >"$out/lint.log" || : # the log says it
	python3 scripts/kunit-report.py --src "$SRC" "lint=$out/lint.log"
}

make_model() {
	local log

	scripts/setup.sh model
	log=$(scripts/model.sh) || {
		echo "$log" >&2
		die "the model does not hold, or does not find what is left out; see above"
	}
	sed -n 's/^# //p' <<<"$log"
	say "the model holds"
}

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
	local what=$1 mem=$2 seconds=$3 parameters=$4

	shift 4
	say "$name: $what"
	MEM=${MEM:-$((mem * more))M} TIMEOUT=${TIMEOUT:-$((seconds * 3 + 180))} \
		check "$what" run_torture "$name" "$out/fault-$((${#results[@]} + 1)).log" "$seconds" \
		"disturb=0 pressure=0 $parameters" --show '^krcu-torture: (End of test|a reader|failure|memory)' "$@"
}

make_faults() {
	# All that the kernel may complain of: a reader that stays.
	local name=${KERNEL:-default} results=() more=1 stall=(
		--allow '^rcu: INFO: rcu_\w+ (self-)?detected (expedited )?stall'
		--allow '^watchdog: BUG: soft lockup - CPU#\d+ stuck for \d+s! \[krcu_\w+/\d+:\d+\]'
	)

	use_kernel "$name"
	build_modules_quietly "$name"
	! has KASAN || more=2
	fault "the guest runs out of memory" 128 30 'pressure=1 expect=SUCCESS.*nomem.[1-9]'
	fault "a reader spins for 30 s" 256 45 "stall=30 budget=$((64 * more))" "${stall[@]}"
	fault "60 s at full speed" 256 60 "flood=7 budget=$((24 * more))"
	fault "full speed while a reader spins for 30 s" 256 45 "flood=7 stall=30 budget=$((24 * more))" "${stall[@]}"
	fault "without back-pressure that takes too much" 256 45 \
		"flood=7 pace=0 stall=30 budget=$((24 * more))" \
		--expect '^krcu-torture: failure: memory: the run took more than its budget'
	python3 scripts/kunit-report.py --src "$SRC" "${results[@]}"
}

# It asks scripts/kernel.sh for the kernels that it needs, and has a lock of its own.
make_mutants() {
	exec python3 scripts/mutants.py
}

make_unload() {
	local name=${KERNEL:-default} cycles=1000 seconds=4

	use_kernel "$name"
	! has KASAN || cycles=100 seconds=20
	cycles=${CYCLES:-$cycles}
	build_modules_quietly "$name"
	guest run "$name" --script scripts/guest/unload.sh \
		--add "$out/module/krcu_sample.ko" --add "$out/module/krcu_leak.ko" \
		--append "krcu_unload.cycles=$cycles" --log "$out/unload.log" \
		--timeout "${TIMEOUT:-$((cycles * seconds + 300))}" --quiet --show '^unload: ' || exit
	say "$name: unloading passed; the whole console is in $out/unload.log"
}

make_kernel() {
	use_kernel "${KERNEL:-default}"
	say "image $IMAGE"
	say "KDIR=$KDIR"
}

interactive() {
	local name=${KERNEL:-default} modules

	use_kernel "$name"
	build_modules_quietly "$name"
	mapfile -t modules < <(add_modules)
	guest "$1" "$name" "${modules[@]}" ${VMLINUX:+--vmlinux "$VMLINUX"}
}

make_shell() { interactive shell; }
make_gdb() { interactive gdb; }

make_clean() {
	local file fd

	for file in build/*.lock; do
		[ -f "$file" ] || continue
		exec {fd}<"$file"
		flock -n "$fd" || die "a run is using ${file%.lock}; let it end, or end it, before make clean"
	done
	rm -rf build
}

[ "${1:-}" = clean ] || scripts/settings.sh
case ${1:-} in
modules)
	# Somebody's own kernel comes with somebody's own tools.
	[ -n "${KDIR:-}" ] || scripts/setup.sh base
	lock "$(if [ -n "${KDIR:-}" ]; then echo kdir; else echo "${KERNEL:-default}"; fi)"
	make_modules
	;;
kernel)
	scripts/setup.sh base
	make_kernel
	;;
demo | test | lint | torture | faults | unload | matrix | shell | gdb)
	scripts/setup.sh base qemu
	case $1 in
	test) read -ra names <<<"${KERNEL:-default debug}" ;;
	matrix) names=(matrix) ;; # whose rows have locks of their own
	*) names=("${KERNEL:-default}") ;;
	esac
	lock "${names[@]}"
	"make_$1"
	;;
mutants)
	scripts/setup.sh base qemu
	make_mutants
	;;
row)
	lock "$2"
	make_row "$2"
	;;
model) make_model ;;
clean) make_clean ;;
*) die "usage: scripts/krcu.sh modules|demo|test|lint|model|torture|faults|mutants|unload|matrix|kernel|shell|gdb|clean" ;;
esac
