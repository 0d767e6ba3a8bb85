// SPDX-License-Identifier: GPL-2.0
// Stands in for the C library's <features.h>, all of it that libstdc++'s freestanding headers ask for.
#define __GLIBC_PREREQ(major, minor) 0
