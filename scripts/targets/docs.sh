# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: the guide, as a site, and its examples.

make_docs() {
	scripts/setup.sh docs
	lock docs
	rm -rf build/docs
	mkdir -p build/docs
	doxygen scripts/docs/Doxyfile || die "the docs are not as they should be; see above"
	say "the docs are build/docs/html/index.html"
}

# Those of the guide and of the headers that print something: example_PAGE_1.ko prints what is in example_PAGE_1.text.
run_examples() { # NAME
	local dir=$out/examples built=build/$1-examples.log example add=()

	scripts/checks/examples.sh "$dir"
	for example in "$dir"/*.text; do
		example=$(basename "$example" .text)
		cp scripts/checks/example_main.c "$dir/${example}_main.c"
		mv "$dir/$example.text" "$dir/example_$example.text"
		add+=(--add="$dir/example_$example.ko" --add="$dir/example_$example.text")
		printf '%s\n' "obj-m += example_$example.o" "example_$example-y := ${example}_main.o" "example_$example-cxx-y := $example.o"
	done >"$dir/Kbuild"
	# shellcheck disable=SC2016 # for make
	printf '%s\n' 'cxxflags-y := -include krcu/krcu.hpp' 'include $(src)/../scripts/Kbuild.krcu' >>"$dir/Kbuild"
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -C "$KDIR" M="$PWD/$dir" ${KMAKE:-} modules >"$built" 2>&1 || {
		cat "$built" >&2
		return 1
	}
	guest run "$1: the examples" --script scripts/guests/examples.sh "${add[@]}" --log "$out/printed.log" \
		--timeout "${TIMEOUT:-600}" --quiet
}
