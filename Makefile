# SPDX-License-Identifier: GPL-2.0
#
# For people: "make help". Kbuild reads the file Kbuild instead.

export KDIR KERNEL KERNELS CC LLVM ACCEL SMP MEM TIMEOUT FILTER DURATION TORTURE CYCLES KRCU_INLINE KRCU_STATS V NAME DIR MODULE SCRIPT KRCU DESTDIR PREFIX

# make's own default; only a CC that somebody asked for counts.
ifeq ($(origin CC),default)
unexport CC
endif

help:
	@echo 'For a driver of your own; README.md says more:'
	@echo 'make new-driver  a driver to begin with, NAME=foo DIR=../foo'
	@echo 'make run         boot KERNEL, load MODULE (a folder of sources, or a .ko) and run SCRIPT there'
	@echo 'make vendor      copy what a driver needs into DIR/krcu, or update that copy'
	@echo 'make install     the same into PREFIX/share/krcu, below DESTDIR; make uninstall takes it away'
	@echo 'make deb         a Debian package of it'
	@echo
	@echo 'For krcu itself:'
	@echo 'make demo      boot a kernel, load two drivers, show what they do, unload them'
	@echo 'make test      run the KUnit suites, in the kernels default and debug'
	@echo 'make lint      static checks of the sources; a part of make test'
	@echo 'make docs      the guide and the headers as a site, by Doxygen; a part of make test'
	@echo 'make model     check the exit protocol in all orders of events, with Spin; a part of make test'
	@echo 'make matrix    suites, sample driver and torture in every test kernel, and a table of how it went'
	@echo 'make torture   use every type from all contexts at once, for DURATION seconds'
	@echo 'make faults    torture while memory runs out, a reader never leaves, objects are retired at full speed'
	@echo 'make fuzz      random and hostile requests to a driver, for DURATION seconds'
	@echo 'make mutants   break krcu in some two hundred small ways, one at a time: a test must see each'
	@echo 'make bench     what each operation costs in instructions, beside the same in C by hand'
	@echo 'make unload    load and unload the sample driver, destructors pending, CYCLES times'
	@echo 'make modules   build the modules, for KERNEL or for KDIR'
	@echo 'make kernel    build the test kernel only'
	@echo 'make package   install the Debian package in a copy of this system, and try it there; takes DKMS'
	@echo 'make compile_commands.json   what clangd reads, for KERNEL or for KDIR'
	@echo 'make shell     an interactive guest with the modules at hand, or with MODULE'
	@echo 'make gdb       the same, waiting for gdb, which prints what krcu owns'
	@echo 'make clean     remove build/ (built kernels stay in $${XDG_CACHE_HOME:-~/.cache}/krcu)'
	@echo
	@echo 'Settings, as in make test KERNEL=debug:'
	@echo '  KERNEL=NAME        a test kernel: $(basename $(notdir $(wildcard scripts/kernels/*.config)))'
	@echo '  KERNELS="NAMES"    the test kernels of make matrix'
	@echo '  KDIR=DIR           a kernel build or installed headers, for make modules and compile_commands.json'
	@echo '  CC=gcc-12 LLVM=-19 the compiler for test kernels and their modules'
	@echo '  MODULE=DIR SCRIPT=FILE  for make run: what to load (scripts/guests/run.sh loads and unloads it); for shell, gdb'
	@echo '  KRCU_INLINE=0      call the shims instead of inlining them'
	@echo '  KRCU_STATS=1       have modules count what they own, in debugfs: docs/testing.md'
	@echo '  ACCEL=kvm|tcg SMP=N MEM=SIZE TIMEOUT=SECONDS   the guest (auto, 2, 1G, 300 and more)'
	@echo '  FILTER=GLOB        KUnit cases to run: suite.case, such as rcu_box.*; or mutants, by name'
	@echo '  DURATION=60        seconds of torture, or of fuzz; TORTURE="nreaders=4 ..." its module parameters (modinfo)'
	@echo '  CYCLES=1000        how often make unload does that (100 in a kernel with KASAN)'
	@echo '  V=1                show the compiler command lines'

targets := demo test lint model docs torture faults fuzz mutants bench unload matrix modules kernel package shell gdb clean \
	compile_commands.json new-driver run vendor install uninstall deb

$(targets):
	@scripts/krcu.sh $@

.PHONY: help $(targets)
