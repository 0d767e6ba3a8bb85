// SPDX-License-Identifier: GPL-2.0
// Stands in for the C library's <string.h>: the names of <cstring> without std::.
#ifndef KRCU_INTERNAL_LIBC_STRING_H
#define KRCU_INTERNAL_LIBC_STRING_H

#include <cstring>

using std::memchr;
using std::memcmp;
using std::memcpy;
using std::memmove;
using std::memset;
using std::strchr;
using std::strcmp;
using std::strcspn;
using std::strlen;
using std::strncmp;
using std::strpbrk;
using std::strrchr;
using std::strspn;
using std::strstr;

#endif
