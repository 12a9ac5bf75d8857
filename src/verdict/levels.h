// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_VERDICT_LEVELS_H
#define KT_VERDICT_LEVELS_H

#include <stdint.h>

/**
 * Lengths of blocks, and how growth is sought in each: fast growth in short blocks, slow growth in
 * long ones. Blocks of a level begin with blocks of the level below.
 */

#define KT_NR_LEVELS	   5
#define KT_LEVEL_BLOCKS	   84  /* of a level, at most */
#define KT_LEVEL_FLOORS	   282 /* of all levels */
#define KT_LEVEL_WINDOWS   6
#define KT_LEVEL_TWO_HOURS 3
#define KT_LEVEL_DAYS	   4

struct kt_level {
	int64_t step_ms;		/* length of a block */
	int kept;			/* closed blocks */
	int offset;			/* of its ring among the floors of all levels */
	int windows[KT_LEVEL_WINDOWS];	/* lengths that are tested, in blocks; 0: no more */
	double rises[KT_LEVEL_WINDOWS]; /* least growth in a window, bytes */
	int every;			/* blocks from test to test */
	int streak;			/* positive tests in a row that count */
	double score;			/* least score of a positive test */
	double fill_max;		/* longest time constant of a fill to refute, in windows */
};

extern const struct kt_level kt_levels[KT_NR_LEVELS];

#endif
