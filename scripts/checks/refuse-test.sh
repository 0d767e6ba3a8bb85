#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# refuse-test.sh NAME: tests what scripts/Kbuild.krcu refuses to build for test kernel NAME, and with which words.
# Prints KTAP. KDIR and KMAKE come from the environment.
set -uo pipefail

name=${1:?usage: refuse-test.sh NAME}
# shellcheck source=scripts/checks/driver-build.sh
. "${BASH_SOURCE[0]%/*}/driver-build.sh"

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

refuses_unrun_functions

# All else is the same in every kernel.
if grep -qE '^CONFIG_(KASAN|KCSAN)=y' "$KDIR/include/config/auto.conf"; then
	finish "refuse_$name"
	exit
fi

bad_driver <<<'extern "C" int _printk(const char *, ...); int x = _printk("");'
refuses "a_static_constructor" "static constructors do not run in a module"

bad_driver <<<'thread_local int count; int next(); int next() { return ++count; }'
refuses "a_thread_local" "thread_local needs thread-local storage, which no kernel has \(count\)"

bad_driver <<<'void f(); void f() { delete new int; }'
refuses "operator_new" "needs operator new/delete"

bad_driver <<<'extern "C" void __cxa_atexit(); void f(); void f() { __cxa_atexit(); }'
refuses "the_cxx_runtime" "needs the C\+\+ runtime, which no kernel has \(__cxa_atexit\)"

bad_driver <<<'int g(int); int g(int n) { static int v = n; return v; }'
refuses "a_local_static_that_needs_a_guard" "needs the C\+\+ runtime, which no kernel has \(__cxa_guard"

bad_driver 'static const void *const stray __used __section("krcu_globals") = &stray;' <<<''
refuses "a_global_that_is_not_found" "globals are linked where krcu does not find them"

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

# no_path NAME PATH: which is none to krcu, as the example in the README says
no_path() {
	readme make >"$work/bad/Kbuild"
	# shellcheck disable=SC2086 # KMAKE is a list of arguments
	! env -u KRCU make -C "$KDIR" M="$work/bad" ${2:+KRCU="$2"} ${KMAKE:-} modules >"$work/log" 2>&1 &&
		says "set KRCU to the absolute path of the krcu tree, not \"${2:-}\""
	result $? "$1"
}

no_path "no_path_to_krcu"
no_path "a_path_that_is_not_absolute" krcu
no_path "a_path_with_a_space" "$work/a space"
no_path "a_path_to_something_else" "$work"

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
! build bad && ! grep 'error: ' "$work/log" | grep -qvE 'krcu: <[a-z_]+> .*, which (no kernel has|Clang refuses in code for x86 kernels): ' &&
	diff <(sed -nE 's/.*error: .*krcu: <([a-z_]+)> needs .*/\1/p' "$work/log" | sort) <(grep -L include_next -- * | xargs grep -l '#error' | sort)
result $? "hosted_headers"
cd "$OLDPWD" || exit

bad_driver <<<'#include <span>
unsigned long f(std::span<int>); unsigned long f(std::span<int> all) { return all.size(); }'
if [ "${clang_version:-0}" != 0 ] && [ ! "$cross" ]; then
	! build bad && grep -q 'error: .*krcu: <span> names long double, which Clang refuses' "$work/log"
	result $? "a_header_that_names_long_double"
else
	build bad
	result $? "a_header_that_names_long_double"
fi

bad_driver <<<''
kbuild 'obj-m := bad.o' 'bad-cxx-y := engine.o' "$include"
mv "$work/bad/main.c" "$work/bad/bad.c"
refuses "a_source_that_would_be_left_out" "bad.c would not be compiled"

finish "refuse_$name"
