// SPDX-License-Identifier: GPL-2.0
// Stands in for the C library's <errno.h>, so that <cerrno> gives C++ the kernel's error numbers.
#include <asm/errno.h>
