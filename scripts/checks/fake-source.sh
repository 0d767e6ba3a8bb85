# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Read by the tests of scripts that build kernels.

# fake_source DIR: makes DIR a kernel's source as far as kernel.sh and krcu.sh look, which takes no time to build. But
# where a file "slow" beside a build names a process, neither that kernel nor its modules are done before it ends.
fake_source() {
	mkdir -p "$1"
	cat >"$1/Makefile" <<'END'
allnoconfig:
	cp $(KCONFIG_ALLCONFIG) $(O)/.config
all:
	$(wait)
	mkdir -p $(O)/include/config
	cd $(O) && for file in Module.symvers vmlinux image; do echo made >$$file; done
	echo CONFIG_KUNIT=y >$(O)/include/config/auto.conf
	echo 'include $(CURDIR)/Makefile' >$(O)/Makefile
image_name:
	@echo image
modules:
	$(wait)
wait = @while kill -0 `cat $(or $(O),$(CURDIR))/../slow` 2>/dev/null; do sleep 0.1; done 2>/dev/null
END
}
