// SPDX-License-Identifier: GPL-2.0-or-later

#include "verdict/confidence.h"

#include <math.h>
#include <stddef.h>

#define LEAKS_A_YEAR 1.

/*
 * Share of the leaks, and wrong alarms a machine and year, by the score of the first alarm. A
 * higher score says little more: first runs of jobs are as straight as leaks.
 */
static const struct {
	double below, leaks, wrong;
} scores[] = {
	{ 8, .34, .16 },
	{ 20, .3, .13 },
	{ HUGE_VAL, .29, .12 },
};

/* How often the other verdicts were right; growth that is not known, whatever its cause. */
static const double shares[KT_NR_VERDICTS] = {
	[KT_VERDICT_NORMAL] = .98,
	[KT_VERDICT_FILLING] = .8,
	[KT_VERDICT_CHURN] = .95,
	[KT_VERDICT_STEP] = .88,
	[KT_VERDICT_SPIKE] = .88,
	[KT_VERDICT_DROP] = .67,
	[KT_VERDICT_SAW_TOOTH] = .94,
	[KT_VERDICT_FOLLOWS] = .53,
	[KT_VERDICT_OUT_OF_PROPORTION] = .44,
	[KT_VERDICT_GROWING] = .84,
	[KT_VERDICT_WAS_LEAKING] = .95,
};

double kt_confidence(enum kt_verdict verdict, double score)
{
	size_t i = 0;
	double right;

	if (verdict != KT_VERDICT_LEAK)
		return shares[verdict];
	while (i < sizeof(scores) / sizeof(scores[0]) - 1 && score >= scores[i].below)
		i++;
	right = LEAKS_A_YEAR * scores[i].leaks;
	return right / (right + scores[i].wrong);
}
