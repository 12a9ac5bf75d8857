// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/peak.h"

#include "model/unknown.h"
#include "record/cursor.h"

struct peak {
	const char *path;
	int64_t most;
};

static int64_t most_of(struct kt_span ops, uint32_t nr_samples, uint32_t first, uint32_t last)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	int64_t most = KT_UNKNOWN;
	uint32_t at = 0;

	kt_series_read(&reader, ops, nr_samples);
	while (at <= last && kt_series_next(&reader, &run)) {
		if (at + run.count > first && !run.absent && run.value > most)
			most = run.value;
		at += run.count;
	}
	return most;
}

int64_t kt_block_peak(const struct kt_block *block, const char *path, uint32_t first, uint32_t last)
{
	uint32_t value = block->values_per_number > 1 ? KT_VALUE_MAX : KT_VALUE_LAST;
	int file = kt_block_file(block, path);
	int64_t peak = KT_UNKNOWN;

	for (size_t i = 0; file >= 0 && i < block->lines.count; i++) {
		const struct kt_block_line *line = &block->lines.items[i];
		int64_t most;

		if (line->file != (uint32_t)file || line->text[0] != KT_LINE_NUMBER ||
			line->nr_numbers < block->values_per_number)
			continue;
		most = most_of(kt_block_series(block, (size_t)line->first + value),
			block->nr_samples, first, last);
		peak = most > peak ? most : peak;
	}
	return peak;
}

static struct kt_err *add_block(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	struct peak *peak = arg;
	int64_t most = kt_block_peak(block, peak->path, first, last);

	peak->most = most > peak->most ? most : peak->most;
	return NULL;
}

struct kt_err *kt_history_peak(struct kt_history *history, const char *path, int64_t *ret_most)
{
	struct peak peak = { path, KT_UNKNOWN };
	struct kt_err *err = kt_history_blocks(history, add_block, &peak);

	if (!err)
		*ret_most = peak.most;
	return err;
}
