# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by kernel.sh: kernels that are built here.

# Options of all files given, one line each; where several set the same option, the last one holds.
options() {
	sed -nE '/^CONFIG_[A-Z0-9_]+=|^# CONFIG_[A-Z0-9_]+ is not set$/p' "$@" |
		awk '{ k = $0; sub(/^# /, "", k); sub(/[= ].*/, "", k); if (!(k in at)) at[k] = ++n; line[at[k]] = $0 }
		     END { for (i = 1; i <= n; i++) print line[i] }'
}

# Options asked for that did not make it into .config. kconfig drops them without a word.
lost_options() { # FRAGMENT .CONFIG
	awk 'NR == FNR { have[$0]; k = $0; sub(/=.*/, "", k); set[k]; next }
	     /^#/ { if ($2 in set) print $2 "=n"; next }
	     !($0 in have) { print }' "$2" "$1" | paste -sd' '
}

kernel_make() { make -C "$src" O="$build" -j"${JOBS:-$(nproc)}" "${kmake[@]}" "$@"; }

configure() { kernel_make KCONFIG_ALLCONFIG="$build/krcu.config" allnoconfig; }

build_failed() { # LOG
	if full "$1"; then
		rm -rf "$build"
		die "$name: no space left in $cache; building needs $need_build MB"
	fi
	tail -n 15 "$1" >&2
	die "$name: the kernel does not build; end of the log above, all of it in $1"
}

build_kernel() {
	local log=$build.log lost image fresh=1
	need_space $need_build
	[[ -d $build ]] && fresh=
	mkdir -p "$build"
	printf '%s\n' "$options" >"$build/krcu.config"
	run "configuring" "$log" configure || build_failed "$log"
	lost=$(lost_options "$build/krcu.config" "$build/.config")
	[[ -z $lost ]] || die "$name: kernels/$name.config asks for what this kernel does not take: $lost"
	if ! run "building ${src##*/} with $cc" "$log" kernel_make all; then
		# What an interrupted build has left may be in the way.
		if [[ -n $fresh ]] || full "$log"; then build_failed "$log"; fi
		say "$name: what an earlier run left does not build; starting over"
		rm -rf "$build"
		build_kernel
		return
	fi
	image=$(kernel_make -s image_name)
	[[ -f $build/$image && -f $build/Module.symvers ]] || build_failed "$log"
	rm -f "$log"
	complete "KDIR=$build" "KMAKE=${kmake[*]-}" "IMAGE=$build/$image" "VMLINUX=$build/vmlinux"
}

own_kernel() { # SERIES
	local series=$1 cc v cross=''
	kmake=()
	for f in "${files[@]}"; do
		read -ra v <<<"$(directive "$f" make)"
		kmake+=("${v[@]}")
	done
	for v in "${kmake[@]}"; do
		case $v in
		ARCH=*) guest_arch=${v#ARCH=} ;;
		CROSS_COMPILE=*) cross=${v#CROSS_COMPILE=} ;;
		esac
	done
	[[ -z ${LLVM:-} || " ${kmake[*]-} " == *" LLVM="* ]] || kmake+=("LLVM=$LLVM")
	[[ -z ${CC:-} || -n $cross || " ${kmake[*]-} " == *" LLVM="* ]] || kmake+=("CC=$CC")
	unset LLVM CC
	[[ " ${kmake[*]-} " != *" LLVM="* ]] || "$setup" llvm
	[[ -z $guest_arch ]] || "$setup" "$guest_arch"
	cc=${cross}gcc
	for v in "${kmake[@]}"; do
		case $v in
		LLVM=-*) cc=clang${v#LLVM=} ;;
		LLVM=*/) cc=${v#LLVM=}clang ;;
		LLVM=*) cc=clang ;;
		CC=*) cc=${v#CC=} ;;
		esac
	done
	# shellcheck disable=SC2086 # CC may be "ccache gcc"
	compiler=$($cc --version 2>/dev/null | head -1) || true
	[[ -n $compiler ]] || die "$name: no compiler $cc here; $setup installs what is needed"
	options=$(options "${files[@]}")
	[[ -z $guest_arch ]] || get_busybox "$guest_arch"

	if [[ -z ${KRCU_REFRESH:-} ]]; then
		# The newest source this very kernel was already built from.
		while IFS= read -r src; do
			key
			[[ ! -f $build/.complete ]] || break
		done < <(cached_sources "$series")
		[[ -z $src ]] || ! whole || return 0
	fi
	lock
	get_source "$series"
	key
	whole || {
		discard_damaged
		build_kernel
	}
}

# $build: the directory for this source, these options, this compiler.
key() {
	local sum
	sum=$(sha256sum <<<"${src##*/} ${compiler} ${kmake[*]-} $options")
	build=$cache/kernels/$name/${sum:0:12}
}
