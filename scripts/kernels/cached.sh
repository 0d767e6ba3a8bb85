# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: whether a kernel in the cache is whole, and the stamp that says so.

# whole: whether $build has a kernel that was completed, and still has what a run uses first: sets KDIR, IMAGE,
# VMLINUX and a compiler of its own, $own_cc, then. If it was completed and is not whole, $damage says why.
whole() {
	local key value file

	damage='' KDIR='?' IMAGE='?' VMLINUX='?' own_cc=''
	[[ -f $build/.complete ]] || return
	while IFS='=' read -r key value; do
		case $key in
		KDIR) KDIR=$value ;;
		IMAGE) IMAGE=$value ;;
		VMLINUX) VMLINUX=$value ;;
		CC) own_cc=$value ;;
		esac
	done <"$build/.complete"
	for file in "$KDIR"/{Makefile,Module.symvers,include/config/auto.conf} "$IMAGE" ${VMLINUX:+"$VMLINUX"}; do
		if [[ $file != "$build"/* ]]; then
			damage="$build/.complete is incomplete, or of another place"
		elif [[ ! -s $file ]]; then
			damage="$file is missing or empty"
		fi
	done
	if [[ -n $own_cc ]]; then
		[[ $own_cc == "$cache"/roots/* ]] || damage="$build/.complete is of another place"
		[[ -n $damage ]] || runs "$own_cc" || damage="$own_cc does not run"
	fi
	[[ -z $damage ]]
}

discard_damaged() {
	[[ -n $damage ]] || return 0
	say "$name: damaged, to be made again: $damage"
	rm -rf "$build"
}

# The stamp comes last and at once, so that whatever is not whole has none.
complete() {
	printf '%s\n' "$@" >"$build/.complete.tmp"
	sync -d "$build/.complete.tmp"
	mv "$build/.complete.tmp" "$build/.complete"
	# Builds of this kernel that nobody used for two weeks go, and then sources that nothing is built of, and compilers.
	local old
	while IFS= read -r old; do rm -rf "${old%/.complete}"; done < \
		<(find "$cache/kernels" -mindepth 3 -maxdepth 3 -name .complete -path "*/$name/*" -mtime +14)
	for old in "$cache"/src/linux-*_*; do
		[[ -n $src && -d $old && $old != "$src" ]] || continue
		[[ -n $(find "$cache/kernels" -mindepth 3 -maxdepth 3 -lname "$old" -print -quit) ]] || rm -rf "$old"
	done
	for old in "$cache"/roots/*; do
		grep -qs "^CC=$old/" "$cache"/kernels/*/*/.complete || rm -rf "$old"
	done
}
