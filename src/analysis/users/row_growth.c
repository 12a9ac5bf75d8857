// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/users/row_growth.h"

#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 4096u
#define MINIMA	 5u

/* Samples of a block: a minute and half an hour, at ten seconds. */
static const uint32_t block_samples[] = { 6, 180 };
#define SCALES KT_LEN(block_samples)

struct row {
	const char *name;
	uint32_t sample;		/* the last that had it, from 1 */
	uint32_t first;			/* sample since which it is there */
	int64_t now[SCALES];		/* minimum of the block so far */
	int64_t minima[SCALES][MINIMA]; /* oldest first */
	uint32_t nr_minima[SCALES];
};

struct kt_row_growth {
	struct kt_arena arena;
	struct kt_map names; /* index in rows, plus 1 */
	KT_LIST(struct row) rows;
	uint32_t sample; /* that is taken, from 1 */
};

struct kt_row_growth *kt_row_growth_new(void)
{
	struct kt_row_growth *growth = calloc(1, sizeof(*growth));

	if (growth)
		growth->sample = 1;
	return growth;
}

void kt_row_growth_free(struct kt_row_growth *growth)
{
	if (!growth)
		return;
	kt_map_fini(&growth->names);
	kt_arena_fini(&growth->arena);
	free(growth);
}

static struct row *row_of(struct kt_row_growth *growth, const char *name)
{
	struct kt_span key = kt_span_str(name);
	uint32_t *index = kt_map_find(&growth->names, key);
	struct row *row;

	if (index)
		return &growth->rows.items[*index - 1];
	if (growth->rows.count >= ROWS_MAX)
		return NULL;
	name = kt_arena_name(&growth->arena, key);
	row = name ? kt_list_push(&growth->arena, &growth->rows) : NULL;
	index = row ? kt_map_add(&growth->names, kt_span_str(name), NULL, NULL) : NULL;
	if (!index)
		return NULL;
	*index = (uint32_t)growth->rows.count;
	*row = (struct row){ .name = name };
	return row;
}

void kt_row_growth_add(struct kt_row_growth *growth, const char *name, int64_t bytes)
{
	struct row *row = row_of(growth, name);

	if (!row || row->sample == growth->sample)
		return;
	if (!row->sample || row->sample + 1 != growth->sample)
		*row = (struct row){ .name = row->name, .first = growth->sample };
	for (size_t i = 0; i < SCALES; i++) {
		if (row->first == growth->sample || (growth->sample - 1) % block_samples[i] == 0 ||
			bytes < row->now[i])
			row->now[i] = bytes;
	}
	row->sample = growth->sample;
}

static void end_block(struct row *row, size_t scale)
{
	int64_t *minima = row->minima[scale];

	if (row->nr_minima[scale] == MINIMA)
		memmove(minima, minima + 1, (MINIMA - 1) * sizeof(*minima));
	else
		row->nr_minima[scale]++;
	minima[row->nr_minima[scale] - 1] = row->now[scale];
}

bool kt_row_growth_end(struct kt_row_growth *growth)
{
	for (size_t i = 0; i < SCALES; i++) {
		if (growth->sample % block_samples[i] != 0)
			continue;
		for (size_t k = 0; k < growth->rows.count; k++) {
			struct row *row = &growth->rows.items[k];

			/* a block that the row was not in from its start has no minimum */
			if (row->sample == growth->sample &&
				row->first + block_samples[i] <= growth->sample + 1)
				end_block(row, i);
		}
	}
	growth->sample++;
	return !growth->arena.failed && !growth->names.failed;
}

/* Growth over the minima; 0: they do not rise all the time, or by too little. */
static int64_t grown(const struct row *row, size_t scale)
{
	const int64_t *minima = row->minima[scale];

	if (row->nr_minima[scale] < MINIMA)
		return 0;
	for (unsigned i = 1; i < MINIMA; i++) {
		if (minima[i] <= minima[i - 1])
			return 0;
	}
	return minima[MINIMA - 1] - minima[0] >= KT_ROW_GROWTH_FLOOR
		       ? minima[MINIMA - 1] - minima[0]
		       : 0;
}

const char *kt_row_growth_most(
	const struct kt_row_growth *growth, kt_row_growth_may may, void *arg, int64_t *ret_bytes)
{
	const char *most = NULL;

	*ret_bytes = 0;
	for (size_t i = 0; i < growth->rows.count; i++) {
		const struct row *row = &growth->rows.items[i];

		for (size_t scale = 0; scale < SCALES && row->sample + 1 == growth->sample;
			scale++) {
			int64_t bytes = grown(row, scale);

			if (bytes > *ret_bytes && may(arg, row->name)) {
				*ret_bytes = bytes;
				most = row->name;
			}
		}
	}
	return most;
}
