#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build-test.sh NAME: tests scripts/Kbuild.krcu against test kernel NAME, without booting it: what a
# driver's build makes, what it makes again, what it refuses and with which words, and that the
# machine code is what C by hand compiles to. Prints KTAP. KDIR and KMAKE come from the environment.
set -uo pipefail

# What was set for the run that called this is not for the drivers built here.
unset MAKEFLAGS MFLAGS MAKELEVEL V KRCU_INLINE FILTER

: "${KDIR:?set KDIR to a kernel build}"

krcu=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT

name=$1
# Another architecture's kernel comes with its tools.
cross=$(sed -nE 's/.*CROSS_COMPILE=([^ ]*).*/\1/p' <<<"${KMAKE:-}")
NM=${NM:-${cross}nm} OBJDUMP=${OBJDUMP:-${cross}objdump}
. "$krcu/scripts/ktap.sh"

# build DIR ARGUMENTS...: the output goes to $work/log
build() {
	local dir=$work/$1

	shift
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	make --no-print-directory -C "$KDIR" M="$dir" KRCU="$krcu" ${KMAKE:-} "$@" modules >"$work/log" 2>&1
}

# made: the objects that the last build made, on one line, sorted
made() {
	sed -nE "s:^ +(CXX|CC|KRCU|LD) +\[M\] +($work/[^/]*/)?::p" "$work/log" | LC_ALL=C sort | paste -sd' '
}

expect_made() { # NAME LIST
	[ "$(made)" = "$2" ] || {
		printf 'expected to be made: %s\nmade:                %s\n' "$2" "$(made)" >>"$work/log"
		false
	}
	result $? "$1"
}

# says MESSAGE: it is in the one line that krcu says
says() {
	[ "$(grep -cE 'krcu: ' "$work/log")" = 1 ] && grep -qE "krcu: .*$1" "$work/log"
}

# refuses NAME MESSAGE ARGUMENTS...: the driver in $work/bad must not build, and krcu says MESSAGE
refuses() {
	local case=$1 message=$2

	shift 2
	if build bad "$@"; then
		echo "the build succeeded" >>"$work/log"
		result 1 "$case"
		return
	fi
	says "$message"
	result $? "$case"
}

# shellcheck disable=SC2016 # for make
include='include $(KRCU)/scripts/Kbuild.krcu'

bad_driver() { # [C]: the C++ comes from standard input
	# What is krcu's own is the same each time, and need not be made again.
	mkdir -p "$work/bad"
	find "$work/bad" -mindepth 1 ! -name '*krcu-*.o*' ! -name '*krcu-constants*' -delete
	cat >"$work/bad/engine.cpp"
	kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-y := engine.o' "$include"
	{
		printf '#include <linux/module.h>\nMODULE_DESCRIPTION("bad");\nMODULE_LICENSE("GPL");\n'
		echo "${1:-}"
	} >"$work/bad/main.c"
}

kbuild() { # LINE...: the Kbuild file of the driver in $work/bad
	printf '%s\n' "$@" >"$work/bad/Kbuild"
}

# --- what is built -------------------------------------------------------------------------------

cp -r "$krcu/scripts/build-test/driver" "$krcu/scripts/build-test/codegen" "$work"

build driver -j2
[ -f "$work/driver/first.ko" ] && [ -f "$work/driver/second.ko" ] && [ -f "$work/driver/plain.ko" ] &&
	! grep -qi warning "$work/log" && [[ " $(made)" = *" engine.o first.ko "*" first.krcu-module.o "* ]]
result $? "three_modules_of_several_directories_build_in_parallel"

build driver
expect_made "nothing_touched_nothing_made" ""

# With KASAN or KCSAN in the kernel, constructors register its tables. GCC's link would make one function of all.
refuses_unrun_functions() {
	bad_driver <<<'#include <krcu/krcu.hpp>
constinit krcu::Rcu<krcu::RcuKBox<int>> slot;
extern "C" int _printk(const char *, ...);
[[gnu::constructor]] static void one() { _printk("one"); }
[[gnu::constructor]] static void two() { _printk("two"); }'
	refuses "constructor_functions" "static constructors do not run in a module \(_ZL3onev[^ ]* _ZL3twov"

	sed -i 's/constructor/destructor/' "$work/bad/engine.cpp"
	refuses "destructor_functions" "nothing calls a \[\[gnu::destructor]] in a module \(_ZL3onev[^ ]* _ZL3twov"
}

# An instrumented kernel shows that instrumentation reaches C++ through the merge. What else there is
# to test is the same in every kernel, and the code to compare would be the instrumentation's.
for checker in kasan:asan kcsan:tsan; do
	grep -qix "CONFIG_${checker%:*}=y" "$KDIR/include/config/auto.conf" || continue
	"$NM" "$work/driver/first.krcu.o" | grep " U __${checker#*:}_" >>"$work/log"
	result $? "${checker%:*}_reaches_cxx"
	build driver KRCU_INLINE=0
	"$NM" "$work/driver/engine.o" | grep " U __${checker#*:}_" >>"$work/log"
	result $? "${checker%:*}_reaches_cxx_without_inlining"
	refuses_unrun_functions
	finish "build_$name"
	exit
done

touch "$work/driver/sub/table.hpp"
build driver
expect_made "a_touched_header_remakes_its_users" "engine.o first.ko first.krcu.o first.o sub/table.o"

touch "$work/driver/waiter.cpp"
build driver
expect_made "a_touched_source_remakes_its_module_alone" "second.ko second.krcu.o second.o waiter.o"

build driver KRCU_INLINE=0
[ -f "$work/driver/first.ko" ] && "$NM" "$work/driver/first.ko" | grep ' T krcu_kmalloc$' >>"$work/log"
result $? "builds_without_inlining"

build driver V=1
grep -qE '^ *[^ ]*(g|clang)\+\+.* -c -o .*engine\.o' "$work/log"
result $? "verbose_shows_the_commands"

# Beside it a C module, whose list of objects has a name like one of C++ objects.
bad_driver <<<''
kbuild 'obj-m := plain-cxx.o' 'plain-cxx-objs := main.o' "obj-\$(CONFIG_OFF) := bad.o" 'bad-cxx-y := engine.o' "$include"
build bad
result $? "a_module_that_is_switched_off"

# readme LANGUAGE: the examples in that language
readme() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$krcu/README.md"; }

mkdir "$work/readme"
readme make >"$work/readme/Kbuild"
readme cpp >"$work/readme/engine.cpp"
cp "$work/driver/sub/"* "$work/readme"
cp "$work/driver/second_main.c" "$work/readme/main.c"
build readme
result $? "the_example_in_the_readme_builds"

# --- what is refused -----------------------------------------------------------------------------

bad_driver <<<'extern "C" int _printk(const char *, ...); int x = _printk("");'
refuses "a_static_constructor" "static constructors do not run in a module"

refuses_unrun_functions

bad_driver <<<'thread_local int count; int next(); int next() { return ++count; }'
refuses "a_thread_local" "thread_local needs thread-local storage, which no kernel has \(count\)"

bad_driver <<<'void f(); void f() { delete new int; }'
refuses "operator_new" "needs operator new/delete"

bad_driver <<<'extern "C" void __cxa_atexit(); void f(); void f() { __cxa_atexit(); }'
refuses "the_cxx_runtime" "needs the C\+\+ runtime, which no kernel has \(__cxa_atexit\)"

bad_driver <<<'int g(int); int g(int n) { static int v = n; return v; }'
refuses "a_local_static_that_needs_a_guard" "needs the C\+\+ runtime, which no kernel has \(__cxa_guard"

bad_driver 'static int __init f(void) { return 0; } module_init(f);' <<<''
refuses "an_init_without_an_exit" "module_init\(\) but no module_exit\(\)"

bad_driver <<<'#include <krcu/krcu.hpp>
void f(); void f() { krcu::ReadGuard(); }'
! build bad && grep -q 'give it a name' "$work/log"
result $? "a_nameless_guard"

bad_driver <<<'#include <krcu/krcu.hpp>
void f(); void f() { krcu::ReadGuard outer; { krcu::ReadGuard inner; } }'
build bad
result $? "a_guard_within_another"

# Clang tells since it knows that guards nest.
bad_driver <<<'#include <krcu/krcu.hpp>
void f(); void f() { krcu::ReadGuard guard; krcu::synchronize_rcu(); }'
clang_version=$(sed -n 's/^CONFIG_CLANG_VERSION=//p' "$KDIR/include/config/auto.conf")
if [ "${clang_version:-0}" -ge 210000 ]; then
	! build bad && grep -q "error: cannot call function 'synchronize_rcu' while" "$work/log"
	result $? "waiting_under_a_guard"
else
	build bad
	result $? "waiting_under_a_guard_cannot_be_told"
fi

refuses "a_missing_compiler" "there is no C\+\+ compiler \"no-such-c\+\+\"" KRCU_CXX=no-such-c++

printf '#!/bin/sh\necho 11.4.0\n' >"$work/old-c++"
printf '#!/bin/sh\necho 99.1.0\n' >"$work/other-c++"
chmod +x "$work/old-c++" "$work/other-c++"
refuses "an_old_compiler" "is version 11.4.0, too old" KRCU_CXX="$work/old-c++"
refuses "another_compiler_than_the_kernels" "is version 99.1.0 but CC=" KRCU_CXX="$work/other-c++"

refuses "a_kernel_without_srcu" "the kernel lacks CONFIG_SRCU" CONFIG_TREE_SRCU= CONFIG_TINY_SRCU=

# Clang if the kernel is of GCC, and the other way round
other=clang-19
! grep -q '^CONFIG_CC_IS_CLANG=y' "$KDIR/include/config/auto.conf" || other=gcc
refuses "another_kind_of_compiler" "the kernel was built by .* and CC=\"$other\" is another kind of compiler: set" CC=$other

other=arm
[[ $cross != arm-* ]] || other=arm64
refuses "a_kernel_of_another_architecture" "the kernel is for ARCH=$other, .* build with ARCH=$other CROSS_COMPILE=.*-" \
	CONFIG_X86= CONFIG_ARM64= CONFIG_ARM= "CONFIG_${other^^}=y"

ln -s "$krcu" "$work/a:colon"
ln -s "$krcu" "$work/a space"
refuses "a_colon_in_the_path" "make cannot use a path with a space or a colon, as in KRCU=\"$work/a:colon\"" KRCU="$work/a:colon"
refuses "a_space_in_the_path" "make cannot use a path with a space or a colon, as in KRCU=" KRCU="$work/a\\ space"

readme make >"$work/bad/Kbuild"
# shellcheck disable=SC2086 # KMAKE is a list of arguments
! env -u KRCU make -C "$KDIR" M="$work/bad" ${KMAKE:-} modules >"$work/log" 2>&1 && says "set KRCU to the absolute path"
result $? "no_path_to_krcu"

bad_driver <<<''
kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-y := bad.o' "$include"
refuses "a_source_named_as_the_module" "bad-cxx-y has bad.o, which is the module"

kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-y := engine.cpp' "$include"
refuses "a_source_in_place_of_its_object" "lists objects, and engine.cpp is none: list engine.o"

kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-objs := engine.o' "$include"
refuses "a_list_of_objects_that_is_not_read" "bad-cxx-objs is not read: list C\+\+ objects in bad-cxx-y"

kbuild "$include" 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-y := engine.o'
refuses "an_include_line_that_comes_first" "after the include of Kbuild.krcu is left out \(bad.o\): make it the last line"

kbuild 'obj-m := bad.o' 'bad-cxx-y := engine.o' "$include" 'bad-y := main.o'
refuses "c_objects_after_the_include_line" "after the include of Kbuild.krcu is left out \(bad.o\): make it the last line"

kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bad-cxx-y := engine.o' "$include" 'bad-cxx-y += late.o'
refuses "cxx_objects_after_the_include_line" "after the include of Kbuild.krcu is left out \(late.o\): make it the last line"

kbuild 'obj-m := bad.o' 'bad-y := main.o' 'bda-cxx-y := engine.o' "$include"
refuses "cxx_objects_of_no_module" "there is bda-cxx-y, but no bda.o in obj-m: add it, as by obj-\\$\(CONFIG_...\), or correct the name"

kbuild 'obj-m := bad.o plain.o' 'plain-y := main.o' 'bad-y := main.o' 'bad-cxx-y := engine.o' "$include"
refuses "a_c_object_shared_with_a_plain_module" "main.o is in a module with C\+\+ objects and in one without"

bad_driver <<<''
mv "$work/bad/engine.cpp" "$work/bad/engine.cc"
refuses "a_source_that_is_not_cpp" "made from .cpp, but there is only engine.cc: rename it"

# One error for each, and none in the compiler's own headers. Some are freestanding from GCC 13 on.
cd "$krcu/include/krcu/internal/hosted" || exit
bad_driver < <(printf '#include <%s>\n' *)
! build bad && ! grep 'error: ' "$work/log" | grep -qvE 'krcu: <[a-z_]+> .*, which no kernel has: ' &&
	diff <(sed -nE 's/.*error: .*krcu: <([a-z_]+)> needs .*/\1/p' "$work/log" | sort) <(grep -L include_next -- * | sort)
result $? "hosted_headers"
cd "$OLDPWD" || exit

bad_driver <<<''
kbuild 'obj-m := bad.o' 'bad-cxx-y := engine.o' "$include"
mv "$work/bad/main.c" "$work/bad/bad.c"
refuses "a_source_that_would_be_left_out" "bad.c would not be compiled"

# --- what it compiles to -------------------------------------------------------------------------

# One function's instructions and relocations, without padding and without what depends on where the
# function is and what it is called: targets that a relocation names anyway, and local labels.
body() { # FUNCTION
	"$OBJDUMP" -dr --no-show-raw-insn --no-addresses "$work/codegen/codegen.ko" |
		awk -v name="<$1>:" '
			$1 == name { on = 1; next }
			/^<.*>:$|^Disassembly/ { on = 0 }
			!on || !NF || /^\t(data16 |cs )*nop/ || /^\txchg +%ax,%ax$/ || /^\tint3/ { next }
			/\tR_/ { sub(/<.*>/, "", last); sub(/\.text.*/, ".text") }
			{ if (last != "") print last; last = $0 }
			END { if (last != "") print last }' |
		sed -E 's/\<cxx_/c_/g; s/_ZN4krcu9SlabCacheIiE6cache_E/c_cache/'
}

build codegen
result $? "the_code_to_compare_builds"
for function in $("$NM" "$work/codegen/codegen.ko" 2>>"$work/log" | sed -n 's/.* T c_//p'); do
	body "c_$function" >"$work/c"
	body "cxx_$function" >"$work/cxx"
	diff -y -W 110 "$work/c" "$work/cxx" >"$work/log" || {
		# The compilers place the rare branch differently, but neither needs more instructions.
		[[ $function = dereference || $cross$function = aarch64*replace ]] && [ "$(wc -l <"$work/cxx")" -le "$(wc -l <"$work/c")" ]
	} && [ -s "$work/cxx" ]
	result $? "the_code_of_c_by_hand_$function"
done

finish "build_$name"
