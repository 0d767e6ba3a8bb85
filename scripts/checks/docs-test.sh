#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# docs-test.sh: tests the site of make docs, by the Doxygen that is installed, and the pages as they are. Prints KTAP.
set -uo pipefail

# shellcheck source=scripts/checks/ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"
cd "$krcu" || exit
html=$work/html

# site SETTING...: with other settings than its own
site() {
	{ cat scripts/docs/Doxyfile && printf '%s\n' "OUTPUT_DIRECTORY = $work" "$@"; } | doxygen - >"$work/log" 2>&1
}

site && [ ! -s "$work/log" ]
result $? "doxygen_warns_of_nothing"
[ -f "$html/index.html" ] || { finish docs; exit; }

for header in include/krcu/*.hpp; do
	[[ $header == */krcu.hpp ]] || grep -qF "href=\"$(basename "${header%.hpp}")_8hpp.html\"" <(sed 's/__/_/g' "$html/index.html") || echo "$header"
done >"$work/log"
[ ! -s "$work/log" ]
result $? "every_header_is_in_the_table_that_it_opens_at"

# Where there is none, href is one of Doxygen's, or of the web.
(cd "$html" && grep -oE 'href="[^"#:]+[#"]' -- *.html | sed -E 's/:href="/ /; s/[#"]$//' | sort -uk2 |
	while read -r page link; do [ -e "$link" ] || echo "$page: $link"; done) >"$work/log"
[ ! -s "$work/log" ]
result $? "no_link_of_the_site_is_dead"

for page in *.md docs/*.md; do
	grep -oE '\]\([^) :]+\)' "$page" | sed 's/^](//; s/[#)].*//' |
		while read -r link; do [ -z "$link" ] || [ -e "${page%/*}/$link" ] || [[ $page != */* && -e $link ]] || echo "$page: $link"; done
done >"$work/log"
[ ! -s "$work/log" ]
result $? "no_link_of_a_page_is_dead"

! compgen -G "$html/*internal*" >"$work/log"
result $? "what_is_internal_has_no_page"

# wrong CASE WORDS DOCUMENTATION: of a function
wrong() {
	printf '/// @file\n\n/// Waits.\n%s\nvoid wait(int ms);\n' "$3" >"$work/wrong.hpp"
	! site "INPUT = $work/wrong.hpp" 'USE_MDFILE_AS_MAINPAGE =' "HTML_OUTPUT = wrong" && grep -q "$2" "$work/log"
	result $? "$1"
}

wrong "a_wrong_parameter_is_told" "'us' of command @param is not found" '/// @param us for how long'
wrong "a_wrong_reference_is_told" "unable to resolve reference to .wait_for" '/// See @ref wait_for.'
wrong "a_wrong_command_is_told" 'unknown command .*paramm' '/// @paramm ms for how long'
finish docs
