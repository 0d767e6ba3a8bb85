/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which krcu this is, for C and C++: drivers have copies of it. A module says
 * which one it was built with: modinfo -F krcu_version mydrv.ko. CHANGELOG.md
 * says what changed.
 */
#ifndef KRCU_VERSION_H
#define KRCU_VERSION_H

#define KRCU_VERSION "0.2.0"

/* A number that grows: #if KRCU_VERSION_CODE >= 0x000100 */
#define KRCU_VERSION_CODE 0x000200

#endif /* KRCU_VERSION_H */
