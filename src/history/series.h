// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_SERIES_H
#define KT_HISTORY_SERIES_H

#include "history/history.h"
#include "history/trend.h"

#define KT_HISTORY_COURSE 16 /* steps of a course */

/** One amount of memory over the time of a stretch, in bytes. */
struct kt_history_series {
	const char *name;
	int64_t count;	       /* samples that contain the amount */
	int64_t first, last;   /* at the first and last sample of the stretch; 0: not there then */
	int64_t min, max;      /* of the samples that contain it */
	double sum, weight;    /* for the mean */
	struct kt_trend trend; /* over hours since the boot's first sample */
	int64_t now;	       /* at the last sample of the block that is read */
	uint32_t file;	       /* index of its file */
	double course_sum[KT_HISTORY_COURSE];
	int64_t course_count[KT_HISTORY_COURSE];
};

/** Every amount in a stretch, in the order of its first occurrence. */
struct kt_history_series_list {
	struct kt_arena arena;
	KT_LIST(struct kt_history_series) list;
	size_t nr_left_out; /* series beyond the limit; of one block, at most */
};

/** Reads at most `series_max` series; kt_history_series_fini() frees, also after an error. */
struct kt_err *kt_history_series_read(struct kt_history *history, size_t series_max,
	struct kt_history_series_list *ret_list) KT_MUST_CHECK;
void kt_history_series_fini(struct kt_history_series_list *list);

/** Mean over time; the series has samples. */
int64_t kt_history_series_mean(const struct kt_history_series *one);
/** Growth per hour; false without two samples at different times. */
bool kt_history_series_hourly(const struct kt_history_series *one, int64_t *ret_hourly);
/** Mean of one step of the stretch, 0 to KT_HISTORY_COURSE - 1; false: no sample in it. */
bool kt_history_series_course(const struct kt_history_series *one, int step, double *ret_mean);

#endif
