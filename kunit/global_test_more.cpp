// SPDX-License-Identifier: GPL-2.0
// For global_test.cpp: globals of another file, which comes later.

#include "global_test.hpp"

KRCU_GLOBAL(in_another_file, OrderOfGlobals);
KRCU_GLOBAL(last_in_another_file, OrderOfGlobals);
