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

# What gdb is to print of krcu_shown's objects (kunit/shown.cpp), each on a line of its own
shown() {
	local item='{<krcu::RefCounted> = {count_ = %d}, number = %d, in_list = ListLink, in_table = HashLink}' ten eleven twelve

	# shellcheck disable=SC2059 # it is a format
	printf -v ten "$item" 2 10 && printf -v eleven "$item" 1 11 && printf -v twelve "$item" 1 12
	cat <<-END
		nothing: Rcu, null
		box: Rcu = {object = 40}
		free_box: RcuFreeBox = {object = {waiting = 20}}
		plain_box: Box = {object = 30}
		reference: RcuRef, one of 2 = {object = $ten}
		array: XArray = {[0] = 50, [5] = 55, [7000] = 7050}
		list: List = {[0] = $ten, [1] = $eleven}
		table: HashTable = {[0] = $twelve}
	END
}

# gdb_looks SOCKET: the guest that is there waits for it
gdb_looks() {
	local name _ commands=()

	while IFS=: read -r name _; do
		commands+=(-ex "printf \"$name: \"" -ex "output shown::$name" -ex 'echo \n')
	done < <(shown)
	gdb -batch -nx -iex 'set auto-load python-scripts off' -iex 'set print elements 0' "$VMLINUX" \
		-x scripts/gdb/krcu.py -ex "target remote $1" -ex "krcu-symbols $out/kunit" -ex "krcu-symbols $out/kunit" \
		-ex 'python print("loaded:", sum("krcu_shown" in o.filename for o in gdb.objfiles()))' "${commands[@]}" \
		-ex 'set var shown_seen = 1' -ex detach </dev/null
}

# gdb prints what krcu_shown has, and addresses in its C++ have lines.
run_shown() { # NAME
	local log=$out/shown.log socket guest

	scripts/setup.sh gdb || return
	socket=$(mktemp -u)
	: >"$log" # an older one says that it waits
	guest run "$1: gdb" --script scripts/guests/shown.sh --add "$out/kunit/krcu_shown.ko" --log "$log" \
		--timeout "${TIMEOUT:-600}" --quiet --no-leaks --append nokaslr --socket "$socket" --allow 'cut here' \
		--allow '^WARNING: .*shown_warn' &
	guest=$!
	until grep -qs 'shown: waits' "$log"; do
		kill -0 $guest 2>/dev/null || break
		sleep 0.2
	done
	gdb_looks "$socket" >"$out/shown.gdb" 2>&1 || end_children $guest # it would wait for ever
	wait $guest || return
	rm -f "$socket"
	shown | diff - <(grep -E "^($(shown | cut -d' ' -f1 | paste -sd'|')) " "$out/shown.gdb") >&2 || {
		say "$1: gdb prints other things than there are: see $out/shown.gdb" >&2
		return 1
	}
	grep -qx 'loaded: 1' "$out/shown.gdb" || {
		say "$1: krcu-symbols keeps what it has loaded before: see $out/shown.gdb" >&2
		return 1
	}
	# In the place of an address, decode_stacktrace.sh has the line that it is of, behind those that were inlined there.
	# By LLVM's tools, where Clang built it: KMAKE is a list of arguments. No grep -q, which would end the pipe early.
	# shellcheck disable=SC2086
	env ${KMAKE:-} "$SRC/scripts/decode_stacktrace.sh" "$VMLINUX" auto "$PWD/$out/kunit" <"$log" 2>/dev/null |
		grep "RIP: .*shown_warn .*/list.hpp:[0-9]* .*/kunit/shown.cpp:$(sed -n '/the backtrace is to name/=' kunit/shown.cpp))" >/dev/null || {
		say "$1: an address in C++ has no line: see $log" >&2
		return 1
	}
}
