# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by krcu.sh: for somebody's own driver.

# What no namespace can be called: C++'s keywords, and what compilers define.
reserved="alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool break case catch
	char char8_t char16_t char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr
	constinit continue decltype default delete do double dynamic_cast else enum explicit export extern false float for
	friend goto i386 if inline int linux long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
	protected public register reinterpret_cast requires restrict return short signed sizeof static static_assert
	static_cast struct switch synchronized template this thread_local throw true try typedef typeid typename typeof union
	unix unsigned using virtual void volatile wchar_t while xor xor_eq"

# The name is a module's, a device's, and the beginning of functions' names.
check_name() {
	local name=$1 like="give NAME=, as in make new-driver NAME=foo DIR=../foo"

	[ -n "$name" ] || die "the driver has no name: $like"
	[[ $name =~ ^[a-z][a-z0-9_]*$ ]] || die "NAME=$name: give lower-case letters, digits and _, a letter first"
	# MODULE_NAME_LEN of 64-bit kernels
	((${#name} < 56)) || die "NAME=$name: a module's name has 55 characters at most; give a shorter one"
	[[ ! " ${reserved//[$'\t\n']/ } " =~ " $name " ]] || die "NAME=$name is a word of C++ or of its compilers; give another one"
	[[ ! -e scripts/new-driver/$name.c && ! -e scripts/new-driver/$name.cpp ]] ||
		die "NAME=$name is what one of the driver's files is called; give another one"
	if [[ $name =~ ^krcu(_|$) ]] || grep -rqE "obj-.*[ =]$name\.o" module kunit --include=Kbuild; then
		die "NAME=$name is the name of a module of krcu's; give another one"
	fi
	if [ -d "/sys/module/$name" ] || modinfo -n "$name" >/dev/null 2>&1; then
		die "NAME=$name is the name of a module of this system's kernel; give another one"
	fi
}

make_new_driver() {
	local name=${NAME:-} dir=${DIR:-} file new odd='[[:space:]:#$&\]'

	check_name "$name"
	[ -n "$dir" ] || die "where is the driver to be? give DIR=, a folder that is not there yet, such as DIR=../$name"
	[ ! -e "$dir" ] && [ ! -L "$dir" ] || die "DIR=$dir is there already; give a folder that is not"
	dir=$(realpath -m "$dir")
	[[ ! $dir$PWD =~ $odd ]] || die "DIR=$dir: make takes no path with a space, or any of ${odd:10:-1}; give another one"
	new=$({ mkdir -p "${dir%/*}" && mktemp -d "$dir.XXXX"; } 2>/dev/null) ||
		die "DIR=$dir: cannot make that folder; give one where you may write"
	# What is interrupted leaves no half of a driver.
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$new'" EXIT
	for file in scripts/new-driver/*; do
		file=${file##*/}
		sed -e "s/mydrv/$name/g; s/MYDRV/${name^^}/g" \
			-e "s:^$name-tree .*:$name-tree \:= $(realpath --relative-to "$dir" .):" \
			"scripts/new-driver/$file" >"$new/$(sed "s/^gitignore/.&/; s/^mydrv/$name/" <<<"$file")"
	done
	chmod 755 "$new"
	mv -T "$new" "$dir"
	say "the driver $name is in $DIR: cd $DIR && make run boots it; README.md there says more"
}

# stage_driver DIR: links to its sources, in $out, which may be built there for this kernel. $out ends as DIR does, and
# what is beside DIR, or a few directories above, is linked beside $out, as a Kbuild file may name it.
stage_driver() {
	local dir=$1 at=$out

	mkdir -p "$out"
	find "$out" -xtype l -delete # a source that is gone
	for _ in 1 2 3; do
		dir=${dir%/*} at=${at%/*}
		[ -n "$dir" ] || break
		find "$dir" -mindepth 1 -maxdepth 1 ! -name '.*' ! -path "$1" ! -path "$(dirname "$1")" ! -path "$(dirname "$(dirname "$1")")" \
			-exec ln -sfnt "$at" {} +
	done
	(cd "$1" && find . -name '.?*' -prune -o -type d -print) | while read -r dir; do
		mkdir -p "$out/$dir"
		find "$1/$dir" -maxdepth 1 ! -type d ! -name '.*' ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
			! -name '*.krcu-check' ! -name 'krcu-constants.[hs]' ! -name Module.symvers ! -name modules.order \
			-exec ln -sft "$out/$dir" {} +
	done
}

# Leaves what was built in $modules, and where its log is to be in $log.
build_driver() { # NAME DIR
	local dir built

	dir=$(cd "$2" && pwd)
	fresh_out
	log=$PWD/$out/run/${dir//\//_}.log
	built=${log%.log}.build
	out=${log%.log}$dir
	stage_driver "$dir"
	say "$1: building ${dir##*/}"
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -j"$(nproc)" -C "$KDIR" M="$out" KRCU="${KRCU:-$PWD}" ${KMAKE:-} ${V:+V=$V} modules >"$built" 2>&1 || {
		sed "s:$out/:$dir/:g" "$built" >&2
		die "$dir does not build for $1; see above"
	}
	grep -i 'warning:' "$built" | sed "s:$out/:$dir/:g" >&2 || :
	mapfile -t modules < <(sed "s:^\(.*\)\.o$:\1.ko:; s:^[^/]:$out/&:" "$out/modules.order")
}

# A module that was built elsewhere has to be for this kernel.
check_module() { # NAME FILE
	local is has

	is=$(modinfo -F vermagic "$2" 2>/dev/null) || :
	is=${is%% *}
	has=$(cat "$KDIR/include/config/kernel.release")
	[ -n "$is" ] || die "$2 is no kernel module; give a .ko, or the folder of its sources"
	[ "$is" = "$has" ] || die "$2 was built for $is, and $1 is $has: give the folder of its sources instead, or another KERNEL"
}

# What MODULE names, if anything, has to be there.
check_sources() {
	local what

	for what in ${MODULE:-}; do
		[ -e "$what" ] || die "there is no $what; give MODULE=, the folder of a module's sources, or a .ko"
		[ ! -d "$what" ] || [ -f "$what/Kbuild" ] || [ -f "$what/Makefile" ] || die "$what has neither a Kbuild file nor a Makefile; give the folder of a module's sources"
	done
}

# The modules that MODULE names are left in $modules, built if need be, and where their log is to be in $log.
driver_modules() { # NAME
	local what

	unset MAKEFLAGS MFLAGS MAKELEVEL
	if [ -d "$MODULE" ]; then
		build_driver "$1" "$MODULE"
		((${#modules[@]})) || die "nothing in $MODULE is built as a module; its Kbuild file has to say obj-m"
	else
		fresh_out
		read -ra modules <<<"$MODULE"
		log=$PWD/$out/run.log # make may have been called elsewhere
		for what in "${modules[@]}"; do check_module "$1" "$what"; done
	fi
}

make_run() {
	local name=${KERNEL:-default} script=${SCRIPT:-scripts/guests/run.sh} modules log

	[ -n "${MODULE:-}" ] || die "which module? give MODULE=, the folder of its sources, or a .ko that was built for KERNEL"
	check_sources
	[ -f "$script" ] || die "there is no $script; give SCRIPT=, a script for the guest's shell"
	use_kernel "$name"
	driver_modules "$name"
	guest run "$name: ${modules[*]##*/}" --script "$script" "${modules[@]/#/--add=}" --log "$log" \
		--append "kunit.enable=1 kunit.autorun=1" --timeout "${TIMEOUT:-300}" --quiet >"$log.verdict" ||
		{ cat "$log.verdict"; exit 1; }
	sed -nE '/Run \/init as init process/,/krcu-guest: exit/{//!{s/\r$//; /^\[/p}}' "$log"
	cat "$log.verdict"
	say "the whole console is in $log"
}
