// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

MODULE_DESCRIPTION("neither init nor exit");
MODULE_LICENSE("GPL");
