#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# model.sh: checks the model of a module's end, scripts/model/exit.pml, with Spin. Prints
# KTAP; what each run took is in its comments. Needs no kernel.
#
#	holds		nothing is wrong in a scenario, in all orders in which things can happen
#	old		the exit as it was before fails, and how
#	without		so does today's when one thing is left out of it: that is needed, and the model finds it missing
set -uo pipefail

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../checks/ktap.sh"
cd "$krcu" || exit
model=$krcu/scripts/model

text='!\(text_gone\)'		# something of the module's ran when its text was gone
freed='freed\['			# a domain was used when freed, or freed in use
twice='!\(domain_freed\['	# so was its krcu_domain
kept='!\(listed\['		# a domain is not freed
ended='globals_left'	# a destructor used a global that had ended
undone='old_objects==0'		# drain() returned too early
doubled='!\(called\['		# the same rcu_head is queued twice
lock='locks\[me\]==0'		# a lock is held over a wait
hangs='invalid end state'

# KIND SCENARIO [WITHOUT PROPERTY]. Where several scenarios show it, a quick one is named.
runs() {
	cat <<-END
		holds LATE_READERS
		holds CHAINS
		holds PAIRS
		holds LONG_CHAIN
		holds DROP
		holds ABANDON
		holds WORK_DROPS
		holds WORK_MAKES
		holds PARAMETER
		holds PARAMETER_MAKES
		holds PARAMETER_DROPS
		holds NO_INIT
		holds TWICE
		holds DRAINS
		holds DRAINS_TWICE
		holds DRAINS_DROP
		holds C_READER
		holds LEAKED
		holds GLOBALS
		holds OFFLINE
		holds BATCHES
		holds HURRIES
		old LATE_READERS LOCKS $text
		old ABANDON LOCKS $text
		old C_READER LOCKS $hangs
		old WORK_DROPS LOCKS $hangs
		old C_READER NOTHING $lock
		old WORK_DROPS NOTHING $lock
		without LATE_READERS SYNCHRONIZE_RCU $text
		without NO_INIT READERS $freed
		without LATE_READERS EXIT_READERS $freed
		without NO_INIT END_READERS $freed
		without WORK_MAKES READERS_AGAIN $text
		without NO_INIT READERS_LEFT $text
		without CHAINS RCU_BARRIER $text
		without LATE_READERS FLUSH $text
		without LATE_READERS FLUSH_LATER $freed
		without CHAINS SRCU_BARRIER $text
		without LATE_READERS EXIT_ROUNDS $freed
		without CHAINS EXIT_ROUNDS_AGAIN $freed
		without PARAMETER END_ROUNDS $text
		without PARAMETER END_ROUNDS_AGAIN $text
		without DRAINS_TWICE DRAIN_ROUNDS $undone
		without LATE_READERS END_WRAPPED $freed
		without CHAINS END_DOMAINS $kept
		without PARAMETER_MAKES END_LATE $text
		without CHAINS FLAG $text
		without NO_INIT FLAG_AFTER $text
		without NO_INIT FLAG_WORK $text
		without CHAINS COUNT_BEFORE $text
		without WORK_MAKES COUNT_LATE $text
		without DRAINS_DROP COUNT_OF_OTHERS $undone
		without WORK_DROPS COUNT_OF_OTHERS $freed
		without NO_INIT COUNT_DOMAINS $text
		without WORK_DROPS USERS $twice
		without TWICE DESTROYING_STATE $twice
		without PARAMETER_DROPS DESTROYING_LEFT $twice
		without DROP DRAIN $freed
		without PARAMETER_DROPS DRAIN_AGAIN $freed
		without LONG_CHAIN DRAIN_LEFT $freed
		without ABANDON DROP_READERS $freed
		without ABANDON WRAPPED_READERS $freed
		without TWICE UNLIST $freed
		without LEAKED SKIP_ABANDONED $hangs
		without BATCHES CLOSE $undone
		without BATCHES NEXT_BATCH $undone
		without BATCHES BUSY_LATE $doubled
		without HURRIES TAKES_BUSY $doubled
		without HURRIES END_SHRINKER $text
		without HURRIES END_WORKQUEUE $text
		without GLOBALS REFUSE $ended
		without GLOBALS REFUSE_LATE $ended
		without GLOBALS REFUSE_WITHOUT_LOCK $ended
		without GLOBALS GLOBALS_FIRST $ended
		without GLOBALS GLOBALS_AT_ONCE $ended
		without GLOBALS GLOBALS_LAST $freed
	END
}

# number NAME: as it is defined in the model
number() {
	if [ "$1" = NOTHING ]; then echo 0; else sed -nE "s/^#define $1\s+([0-9]+).*/\1/p" "$model"/{exit,without}.pml; fi
}

# compile PROGRAM ARGUMENTS...: the arguments are Spin's. -O2 would take ten times as long as it saves.
compile() {
	local program=$work/$1

	mkdir "$program.d" && cd "$program.d" || return
	shift
	spin -o3 -a "$@" "$model/exit.pml" && gcc -Og -w -DSAFETY -DCOLLAPSE -o "$program" pan.c
}

# run KIND SCENARIO WITHOUT: leaves what the run said in a directory of its own.
run() {
	local program=new

	[ "$1" != old ] || program=old
	mkdir "$work/$1-$2-$3" && cd "$work/$1-$2-$3" || return
	SCENARIO=$(number "$2") WITHOUT=$(number "$3") timeout 1800 "$work/$program" -m100000 >out 2>&1 ||
		echo "exit status $?" >>out
}

# as_expected KIND OUT PROPERTY: a search that is not complete is as good as none.
as_expected() {
	! grep -qE 'max search depth too small|out of memory|exit status' "$2" && grep -q '^Full statespace search' "$2" || return
	if [ "$1" = holds ]; then
		grep -q ' errors: 0$' "$2" && ! grep -q 'Search not completed' "$2"
	else
		grep -q ' errors: 1$' "$2" && grep '^pan:1:' "$2" | sed 's/ *! /!/g' | grep -qE "$3"
	fi
}

steps() { # DIR SCENARIO WITHOUT PROGRAM
	# What is read from the model's files is all said to be in exit.pml.
	[ ! -f "$1/exit.pml.trail" ] || (cd "$1" && ln -s "$model"/*.pml . &&
		SCENARIO=$(number "$2") WITHOUT=$(number "$3") "$work/$4" -r -v exit.pml.trail 2>&1 |
		grep -aE '^ *[0-9]+:\s*proc' | grep -avE ':init:|without|\[\(1\)\]' | sed -E 's/\(state [0-9]+\) trans \{[0-9,]+\} //')
}

(compile old -DOLD) >"$work/old.log" 2>&1 &
(compile new) >"$work/new.log" 2>&1
status=$?
wait $! || status=1
if [ $status != 0 ]; then
	cat "$work/new.log" "$work/old.log" >"$work/log"
	result 1 compiles
	finish model
	exit 1
fi

while read -r kind scenario without _; do
	[ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
	(run "$kind" "$scenario" "${without:-NOTHING}") &
done < <(runs)
wait

while read -r kind scenario without property; do
	dir=$work/$kind-$scenario-${without:=NOTHING}
	program=new
	[ "$kind" != old ] || program=old
	name=$(tr '[:upper:]' '[:lower:]' <<<"${kind}_$without.$scenario")
	[ "$kind" != holds ] || name=$(tr '[:upper:]' '[:lower:]' <<<"holds.$scenario")
	as_expected "$kind" "$dir/out" "$property" || {
		echo "expected: ${property:-errors: 0}"
		grep -aE '^pan:1|errors:|states, stored|too small|out of|exit status' "$dir/out"
		steps "$dir" "$scenario" "$without" $program
		false
	} >"$work/log" 2>&1
	result $? "$name"
	printf '# %-38s %10d states %6.1f s  %s\n' "$name" \
		"$(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' "$dir/out")" \
		"$(sed -nE 's/.*elapsed time ([0-9.e+-]+) seconds.*/\1/p' "$dir/out")" \
		"$(grep -aE '^pan:1' "$dir/out" | sed -E 's/^pan:1: (assertion violated )? */found: /; s/ \(at depth.*//')" >>"$work/table"
done < <(runs)
finish model
status=$?
cat "$work/table"
exit $status
