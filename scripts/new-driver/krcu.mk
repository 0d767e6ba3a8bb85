# SPDX-License-Identifier: GPL-2.0
#
# Where krcu is: what KRCU says, or the copy in this directory (make vendor), or the tree that this driver was made
# in, or the installed one.
mydrv-tree := ../..
mydrv-here := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
KRCU ?= $(patsubst %/scripts/Kbuild.krcu,%,$(firstword $(wildcard $(addsuffix /scripts/Kbuild.krcu,\
	$(mydrv-here)/krcu $(abspath $(mydrv-here)/$(mydrv-tree)) /usr/local/share/krcu /usr/share/krcu))))

ifeq ($(filter /%,$(KRCU)),)
$(error mydrv: $(if $(KRCU),KRCU="$(KRCU)" is no absolute path,there is no krcu): set KRCU to the absolute path of a krcu tree, or install krcu)
endif
ifeq ($(wildcard $(KRCU)/scripts/Kbuild.krcu),)
$(error mydrv: there is no krcu in KRCU="$(KRCU)": set KRCU to the absolute path of a krcu tree, or leave it out)
endif
