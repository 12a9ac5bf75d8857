// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_PEAK_H
#define KT_HISTORY_PEAK_H

#include "history/history.h"

/**
 * Finds the largest value that the first number of a file has in a stretch. The file's lines begin
 * with numbers ("proc/sys/fs/dentry-state"). Thinned blocks keep the largest value of each stretch.
 * KT_UNKNOWN: no sample has the file.
 */
struct kt_err *kt_history_peak(
	struct kt_history *history, const char *path, int64_t *ret_most) KT_MUST_CHECK;

/** The same of one block, from sample `first` to `last`. */
int64_t kt_block_peak(
	const struct kt_block *block, const char *path, uint32_t first, uint32_t last);

#endif
