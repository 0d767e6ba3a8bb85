# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by the tests that are shell scripts: their cases as KTAP. $krcu is this tree, and $work a directory of the
# test's own. What tools say is in English, and in plain quotes.

export LC_ALL=C
krcu=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d) || exit
trap 'rm -rf --one-file-system "$work"' EXIT
cases=0
bad=0

# result STATUS NAME [LOG]: a case, passed if STATUS is 0; if not, with what LOG ($work/log) says.
result() {
	cases=$((cases + 1))
	if [ "$1" = 0 ]; then
		echo "    ok $cases $2"
	else
		sed 's/^/    # /' "${3:-$work/log}"
		echo "    not ok $cases $2"
		bad=$((bad + 1))
	fi >>"$work/results"
}

# finish SUITE: prints all. Fails if a case did.
finish() {
	# KTAP wants the number of cases before them.
	printf 'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: %s\n    1..%s\n' "$1" "$cases"
	cat "$work/results"
	echo "$([ $bad = 0 ] || echo 'not ')ok 1 $1"
	[ $bad = 0 ]
}
