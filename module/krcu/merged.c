// SPDX-License-Identifier: GPL-2.0
/*
 * What is merged with C++: see Kbuild.krcu. One translation unit, as it takes
 * longer to read the kernel's headers than to compile what includes them.
 */
#ifdef __clang__
/* It takes all files but this one for headers, which others include as well. */
#pragma clang diagnostic ignored "-Wstatic-in-inline"
#endif

#include "shims.c"
#include "hash.c"
#include "srcu.c"
#include "slab.c"
#include "reclaim.c"
#include "drain.c"
#if KRCU_STATS
#include "stats.c"
#endif
