#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# examples.sh DIR: writes the examples of README.md, docs/ and the headers to DIR: PAGE_1.cpp, PAGE_2.cpp, ..., what is
# in C beside one as PAGE_1_c.c, and what it prints as PAGE_1.text.
#
# In a page an example is a block of cpp or of c; a block of text is what the cpp above it prints. In a header's
# comment it is what is indented after a line with "Use like", "and in C" or "which prints" that ends in a colon.
set -euo pipefail

krcu=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
to=${1:?usage: examples.sh DIR}
mkdir -p "$to"
rm -f "$to"/*.cpp "$to"/*_c.c "$to"/*.text

for header in "$krcu"/include/krcu/*.hpp; do
	awk -v to="$to/$(basename "$header" .hpp)" '
		/^\/\/\/ .*Use like.*:$/ { file = to "_" ++n ".cpp" }
		/^\/\/\/ and in C.*:$/ { file = to "_" n "_c.c" }
		/^\/\/\/ which prints:$/ { file = to "_" n ".text" }
		/^\/\/\/ .*(Use like|and in C|which prints)/ { printf "" > file; next }
		!/^\/\/\/(     .*)?$/ { file = "" }
		file && !(/^\/\/\/$/ && file ~ /text$/) { print substr($0, 9) > file }' "$header"
done

for page in "$krcu"/README.md "$krcu"/docs/*.md; do
	awk -v to="$to/$(basename "$page" .md | tr - _)" '
		/^```/ { file = "" }
		file { print > file }
		/^```cpp$/ { file = to "_" ++n ".cpp" }
		/^```c$/ { file = to "_" ++n "_c.c" }
		/^```text$/ { file = to "_" n ".text" }' "$page"
done
