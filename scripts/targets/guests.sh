# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: what runs in a guest, one function each. NAME is the kernel in use.

# guest MODE NAME ARGUMENTS...
guest() {
	local mode=$1 name=$2
	shift 2
	# The kernel has data races of its own.
	python3 scripts/guest.py "$mode" --name "$name" --image "$IMAGE" --accel "${ACCEL:-auto}" \
		--allow 'KCSAN: data-race in (?!.*\[(krcu|plain)_)' \
		${GUEST_ARCH:+--arch "$GUEST_ARCH" --busybox "$BUSYBOX"} --smp "${SMP:-2}" --mem "${MEM:-1G}" "$@"
}

add_modules() {
	local file

	for file in "$out"/{module/*,kunit}/*.ko "$out"/kunit/{epoll,abi,route,kv}_user \
		"$out/kunit/kv_fuzz" "$out/module/kv/client/kvctl"; do
		[ ! -f "$file" ] || echo "--add=$file"
	done
}

run_demo() { # NAME ARGUMENTS...: guest.py's
	guest run "$1: the sample driver" --script scripts/guests/demo.sh --add "$out/module/sample/krcu_sample.ko" \
		--log "$out/demo.log" --timeout "${TIMEOUT:-600}" --quiet "${@:2}"
}

# What this system has installed is real data that every Debian has.
run_demo_kv() { # NAME
	dpkg-query -W -f='${binary:Package}\t${Version}\n' >"$out/packages"
	guest run "$1: the table of keys and values" --script scripts/guests/demo-kv.sh \
		--add "$out/module/kv/krcu_kv.ko" --add "$out/module/kv/client/kvctl" --add "$out/packages" \
		--log "$out/demo-kv.log" --timeout "${TIMEOUT:-600}" --quiet
}

run_suites() { # NAME
	local modules

	mapfile -t modules < <(add_modules)
	guest run "$1: the suites" --script scripts/guests/kunit.sh "${modules[@]}" \
		--append "kunit.enable=1 kunit.autorun=1 ${FILTER:+kunit.filter_glob=$FILTER}" \
		--log "$out/kunit.log" --timeout "${TIMEOUT:-1200}" --quiet
}

# The bugs of kunit/planted.cpp that this kernel has a checker for, each with what it must say.
planted() {
	! has KASAN || echo 'use_after_free BUG: KASAN: slab-use-after-free in .*use_after_free.* \[krcu_planted_kunit\]'
	! has KCSAN || echo 'data_race BUG: KCSAN: data-race in .*increment.* \[krcu_planted_kunit\]'
	! { has CFI || has CFI_CLANG; } || echo 'wrong_type CFI failure at .*callback_of_the_wrong_type'
}

run_planted() { # NAME BUG REGEX
	guest run "$1: planted $2" --script scripts/guests/planted.sh --add "$out/kunit/krcu_planted_kunit.ko" \
		--append "kunit.enable=1 kunit.autorun=1 kunit.filter_glob=planted.$2" --expect "$3" \
		--log "$out/planted-$2.log" --timeout "${TIMEOUT:-600}" --no-leaks --quiet
}

run_exits() { # NAME
	guest run "$1: exits" --script scripts/guests/exits.sh --add "$out/kunit/krcu_exits.ko" \
		--add "$out/kunit/krcu_globals.ko" --log "$out/exits.log" --timeout "${TIMEOUT:-1200}" --quiet
}

# Not every machine can make one; see kunit/Kbuild.
has_programs() { # NAME
	[ -f "$out/kunit/route_user" ] || {
		say "$1: there are no static libraries for programs that use the drivers"
		return 1
	}
}

# rhashtable has a data race of its own, which is inlined into whoever uses it; see module/krcu/hash.c.
run_route() { # NAME
	guest run "$1: the routing tables" --script scripts/guests/route.sh --add "$out/module/route/krcu_route.ko" \
		--add "$out/module/route/plain_route.ko" --add "$out/kunit/route_user" --log "$out/route.log" \
		--timeout "${TIMEOUT:-1200}" --quiet --allow 'KCSAN: data-race in .* \[plain_route\]'
}

run_kv() { # NAME
	guest run "$1: the tables of keys and values" --script scripts/guests/kv.sh --add "$out/module/kv/krcu_kv.ko" \
		--add "$out/module/kv/plain_kv.ko" --add "$out/module/kv/client/kvctl" --add "$out/kunit/kv_user" \
		--log "$out/kv.log" --timeout "${TIMEOUT:-1200}" --quiet --allow 'KCSAN: data-race in .* \[plain_kv\]'
}

run_fuzz() { # NAME SECONDS
	guest run "$1: hostile requests" --script scripts/guests/fuzz.sh --add "$out/module/kv/krcu_kv.ko" \
		--add "$out/kunit/kv_fuzz" --append "krcu_fuzz.seconds=$2" --log "$out/fuzz.log" \
		--timeout "${TIMEOUT:-$(($2 * 2 + 600))}" --quiet
}

run_readers() { # NAME SECONDS
	guest run "$1: readers of a large table" --script scripts/guests/readers.sh --add "$out/module/kv/krcu_kv.ko" \
		--add "$out/kunit/kv_user" --append "krcu_fuzz.seconds=$2" --log "$out/readers.log" \
		--timeout "${TIMEOUT:-$(($2 * 2 + 900))}" --quiet
}

# Each mistake has a WARN of krcu's own, or lockdep's.
run_misused() { # NAME
	guest run "$1: misuse" --script scripts/guests/misused.sh --add "$out/kunit/krcu_exits.ko" \
		--add "$out/kunit/krcu_misused.ko" --log "$out/misused.log" --timeout "${TIMEOUT:-600}" --no-leaks --quiet \
		--allow 'cut here' --allow '^WARNING: .* \[krcu_misused\](, CPU#.*)?$' --allow '^WARNING: suspicious RCU usage$' \
		--allow '^WARNING: .* refcount_warn_saturate\+' --allow '^refcount_t: saturated; leaking memory' \
		--allow '^BUG: sleeping function called from invalid context at ' --allow '^\[ BUG: Invalid wait context \]$'
}

torture_parameters() { # PARAMETERS: as on the kernel's command line
	scripts/targets/torture-parameters.sh "$out/module/torture/krcu_torture.ko" "$1"
}

run_torture() { # NAME LOG DURATION PARAMETERS ARGUMENTS...: the module's parameters, guest.py's arguments
	local name=$1 log=$2 duration=$3 parameters

	parameters=$(torture_parameters "$4") || return
	shift 4
	# Emulated, zeroing all memory takes longer than it stays taken.
	guest run "$name: torture" --script scripts/guests/torture.sh --add "$out/module/torture/krcu_torture.ko" \
		--log "$log" --timeout "${TIMEOUT:-$((duration + 400))}" --quiet \
		--append "init_on_alloc=0 krcu_torture.duration=$duration$parameters" "$@"
}

# why LOG: for the report, what guest.py has said of a run that failed, and has shown of its console
why() {
	local said

	said=$(sed '0,/^krcu-guest: FAILED$/d' "$1" 2>/dev/null) || :
	echo "${said:-the guest did not run (see above)}"
}

# in_guest WHAT LOG COMMAND...: starts a run of a guest, which is a case of the report, beside all else
in_guest() {
	: >"$2" # an older one says nothing of this run
	"${@:3}" </dev/null &
	checks[$1]="$! $2"
}

# Adds to $passed and $failed how those went.
wait_for_guests() {
	local check job log

	for check in "${!checks[@]}"; do
		read -r job log <<<"${checks[$check]}"
		if wait "$job"; then passed+=("--passed=$check"); else failed+=("--failed=$check: $(why "$log")"); fi
	done
	checks=()
}

# check WHAT LOG COMMAND...: a case of the row that is one run of a guest
check() {
	local what=$1 log=$2

	shift 2
	: >"$log" # an older one says nothing of this run
	if "$@"; then results+=("--passed=$name:$what"); else results+=("--failed=$name:$what: $(why "$log")"); fi
}

make_demo() {
	local name=${KERNEL:-default}

	use_kernel "$name"
	build_modules_quietly "$name"
	run_demo "$name" || exit
	sed -nE 's/\r$//; s/^\[ *[0-9.]+\] (demo: |krcu_sample: (init|work|timer|exit))/\1/p' "$out/demo.log"
	if has_programs "$name"; then
		run_demo_kv "$name" || exit
		sed -nE 's/\r$//; s/^\[ *[0-9.]+\] kv: /kv: /p' "$out/demo-kv.log"
	fi
	say "demo passed; the whole console is in $out/demo*.log"
}

make_fuzz() {
	local name=${KERNEL:-default}

	use_kernel "$name"
	build_modules_quietly "$name"
	has_programs "$name" || exit
	run_fuzz "$name" "${DURATION:-60}" || exit
	run_readers "$name" "${DURATION:-60}" || exit
	sed -nE 's/\r$//; s/^\[ *[0-9.]+\] (kv_(fuzz|user): )/\1/p' "$out"/{fuzz,readers}.log
	say "fuzz passed; the whole consoles are in $out/fuzz.log and readers.log"
}

# A distribution's own kernel
is_stock() { # NAME
	grep -q '^# krcu-stock:' "scripts/kernels/$1.config"
}

# What it leaves in its log is KTAP.
run_package() { # NAME
	KDIR=$KDIR KMAKE=$KMAKE IMAGE=$IMAGE scripts/checks/package.sh "$1" </dev/null >"$out/package.log" && return
	sed -n '/not ok/p; /^    # [^S]/p' "$out/package.log" >&2
	return 1
}

make_package() {
	local name=${KERNEL:-default}

	scripts/setup.sh dkms
	use_kernel "$name"
	fresh_out
	run_package "$name" 2>/dev/null || : # the log says it
	python3 scripts/checks/kunit-report.py --src "$SRC" "package=$out/package.log"
}

make_unload() {
	local name=${KERNEL:-default} cycles=1000 seconds=4

	use_kernel "$name"
	! has KASAN || cycles=100 seconds=20
	cycles=${CYCLES:-$cycles}
	build_modules_quietly "$name"
	guest run "$name" --script scripts/guests/unload.sh \
		--add "$out/module/sample/krcu_sample.ko" --add "$out/kunit/krcu_pinned.ko" \
		--append "krcu_unload.cycles=$cycles" --log "$out/unload.log" \
		--timeout "${TIMEOUT:-$((cycles * seconds + 300))}" --quiet --show '^unload: ' || exit
	say "$name: unloading passed; the whole console is in $out/unload.log"
}

# With the modules of MODULE, or all that are here
interactive() {
	local name=${KERNEL:-default} modules=() log folders

	check_sources
	use_kernel "$name"
	if [ -n "${MODULE:-}" ]; then
		driver_modules "$name"
		folders=$(realpath "${modules[@]}" | sed 's:/[^/]*$::' | sort -u | paste -sd' ')
		modules=("${modules[@]/#/--add=}")
	else
		build_modules_quietly "$name"
		folders="$PWD/$out/module $PWD/$out/kunit"
		mapfile -t modules < <(add_modules)
	fi
	[ "$1" != gdb ] || say "in gdb, when a module is loaded: krcu-symbols $folders"
	guest "$1" "$name" "${modules[@]}" ${VMLINUX:+--vmlinux "$VMLINUX"}
}

make_shell() { interactive shell; }
make_gdb() { interactive gdb; }
