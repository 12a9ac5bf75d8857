// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/levels.h"

#define SECOND 1000ll
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define MIB    1048576.0

/*
 * Adjacent windows differ by a factor of at most 2, so that one of them is inside the growth when
 * it has to be found: 10 GiB/h in 25 s of blocks, 100 MiB/h in 11 min, 1 MiB/h in 3 h. Days need no
 * model of the daily phase.
 */
const struct kt_level kt_levels[KT_NR_LEVELS] = {
	{ 10 * SECOND, 36, 0, { 8, 12, 18, 36 }, { 64 * MIB, 64 * MIB, 64 * MIB, 64 * MIB }, 1, 2,
		4, 1.5 },
	{ MINUTE, 60, 36, { 12, 16, 22, 30, 60 },
		{ 19 * MIB, 19 * MIB, 19 * MIB, 19 * MIB, 19 * MIB }, 1, 2, 4, 2 },
	{ 10 * MINUTE, 72, 96, { 18, 24, 30, 36, 54, 72 },
		{ 3 * MIB, 3 * MIB, 3 * MIB, 3 * MIB, 3 * MIB, 3 * MIB }, 2, 2, 5, 4 },
	{ 2 * HOUR, 84, 168, { 18, 24, 36, 60, 84 },
		{ 3 * MIB, 3 * MIB, 3 * MIB, 4 * MIB, 4 * MIB }, 2, 2, 8, 4 },
	{ 24 * HOUR, 30, 252, { 7, 10, 14, 21, 30 },
		{ 4 * MIB, 4 * MIB, 4 * MIB, 4 * MIB, 4 * MIB }, 1, 1, 8, 4 },
};
