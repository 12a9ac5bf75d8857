// SPDX-License-Identifier: GPL-2.0-or-later
//
// sar -k of Solaris for Linux. Its small pool served small requests without a name: here
// the kmalloc caches. Its large pool: the caches that have a name of their own. Oversize
// requests went to the page allocator: here kmalloc beyond the largest cache, and vmalloc.
// The kernel counts no failures of any of them.

#include "cmd/past/past_pools.h"
#include "account/account.h"
#include "cmd/past/past_lines.h"
#include "cmd/past/past_series.h"

#include <stdlib.h>
#include <string.h>

enum {
	COL_CLOCK,
	COL_TIME,
	COL_SMALL,
	COL_SMALL_ALLOC,
	COL_SMALL_FAIL,
	COL_LARGE,
	COL_LARGE_ALLOC,
	COL_LARGE_FAIL,
	COL_OVERSIZE,
	COL_OVERSIZE_FAIL,
	NR_COLS
};

#define POOL(k, t)                                          \
	{                                                   \
		.key = k, .title = t, .type = KT_CELL_BYTES \
	}
#define FAIL(k)                                                                         \
	{                                                                               \
		.key = k, .title = "FAIL", .type = KT_CELL_COUNT, .flags = KT_COL_NULL, \
		.help = "Linux does not count failed requests."                         \
	}

/* clang-format off */
#define POOLS \
	[COL_SMALL] = POOL("small_bytes", "SML_MEM"), \
	[COL_SMALL_ALLOC] = POOL("small_alloc_bytes", "ALLOC"), \
	[COL_SMALL_FAIL] = FAIL("small_failures"), \
	[COL_LARGE] = POOL("large_bytes", "LG_MEM"), \
	[COL_LARGE_ALLOC] = POOL("large_alloc_bytes", "ALLOC"), \
	[COL_LARGE_FAIL] = FAIL("large_failures"), \
	[COL_OVERSIZE] = POOL("oversize_alloc_bytes", "OVERSIZE"), \
	[COL_OVERSIZE_FAIL] = FAIL("oversize_failures")
/* clang-format on */

static const struct kt_column columns[NR_COLS] = {
	[COL_CLOCK] = { .key = "clock", .title = "TIME", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "time",
		.title = "",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.pattern = KT_TIME_PATTERN },
	POOLS,
};

static const struct kt_column average_columns[NR_COLS] = {
	[COL_CLOCK] = { .key = "clock", .title = "", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "what",
		.title = "",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.words = "average" },
	POOLS,
};

/*
 * `base` is first, because fill() gets a pointer to it. Sums are real numbers: a sum of bytes over
 * a year of samples could exceed int64_t.
 */
struct lines {
	struct kt_past_lines base;
	double sums[NR_COLS];
	int64_t counts[NR_COLS];
};

struct pool {
	int64_t held, used;
	bool known;
};

/*
 * kmalloc-64, kmalloc-rcl-96, dma-kmalloc-8; size-64 and size-64(DMA) of SLAB. Decides by name: no
 * file marks these caches.
 */
static bool is_kmalloc(const char *name)
{
	return strncmp(name, "kmalloc-", 8) == 0 || strncmp(name, "dma-kmalloc-", 12) == 0 ||
	       strncmp(name, "size-", 5) == 0;
}

/*
 * A cache that lacks a number is left out. Products are checked for overflow, because the file is
 * untrusted.
 */
static void add_cache(struct pool *pool, const struct kt_cache *cache, int64_t page_bytes)
{
	int64_t pages = kt_known_times(cache->nr_slabs, cache->pages_per_slab);
	int64_t held = kt_known_times(pages, page_bytes);
	int64_t used = kt_known_times(cache->active_objs, cache->slot_bytes);

	if (!kt_known(held) || !kt_known(used) ||
		__builtin_add_overflow(pool->held, held, &pool->held) ||
		__builtin_add_overflow(pool->used, used, &pool->used))
		return;
	pool->known = true;
}

static void put(struct kt_cell *cells, size_t column, bool known, int64_t value)
{
	if (known)
		cells[column] = kt_cell_number(value);
}

/* Oversize needs both numbers: a sum of one of them would look complete and be too small. */
static void put_pools(struct kt_cell *cells, const struct kt_snapshot *snap)
{
	struct kt_val large = kt_snapshot_get(snap, KT_KMALLOC_LARGE, KT_NO_NODE);
	struct kt_val vmalloc = kt_snapshot_get(snap, KT_VMALLOC, KT_NO_NODE);
	struct pool small = { 0 }, named = { 0 };

	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		add_cache(is_kmalloc(cache->name) ? &small : &named, cache, snap->host.page_bytes);
	}
	put(cells, COL_SMALL, small.known, small.held);
	put(cells, COL_SMALL_ALLOC, small.known, small.used);
	put(cells, COL_LARGE, named.known, named.held);
	put(cells, COL_LARGE_ALLOC, named.known, named.used);
	put(cells, COL_OVERSIZE, kt_ok(large) && kt_ok(vmalloc), large.value + vmalloc.value);
}

/*
 * Adds to the average only in the first reading, since lines may be read again for the output. A
 * value that is missing in some samples is averaged over the others.
 */
static struct kt_err *fill(struct kt_past_lines *base, const struct kt_cursor *cursor, bool first,
	struct kt_cell *cells)
{
	struct lines *lines = (struct lines *)base;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&base->follower, cursor, &account);

	if (err)
		return err;
	put_pools(cells, base->follower.snap);
	for (size_t i = COL_SMALL; i < NR_COLS && first; i++) {
		if (cells[i].state != KT_OK)
			continue;
		lines->sums[i] += (double)cells[i].number;
		lines->counts[i]++;
	}
	return NULL;
}

/* The average is below the lines in text, and in a table of its own for programs. */
static struct kt_err *put_average(
	const struct lines *lines, struct kt_table *table, bool is_text, struct kt_report *report)
{
	struct kt_report_row *row;

	if (!is_text)
		table = kt_report_table(report, "averages", NULL, average_columns, NR_COLS);
	row = table ? kt_table_row(report, table) : NULL;
	if (!row)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	row->strong = true;
	row->cells[COL_CLOCK] = row->cells[COL_TIME] = kt_cell_text("average");
	for (size_t i = COL_SMALL; i < NR_COLS; i++) {
		if (lines->counts[i])
			row->cells[i] = kt_cell_number(
				(int64_t)(lines->sums[i] / (double)lines->counts[i]));
	}
	return NULL;
}

const struct kt_part kt_past_pools_part = {
	.key = "pools",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.forms = KT_PAST_FORM_POOLS,
	.help = "With -k, instead of lines and extremes.",
};
const struct kt_part kt_past_averages_part = {
	.key = "averages",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(average_columns),
	.forms = KT_PAST_FORM_POOLS,
	.min_rows = 1,
	.max_rows = 1,
	.help = "Of the pools.",
};

struct kt_err *kt_past_pools(
	struct kt_history **history, int64_t step_ms, bool is_text, struct kt_report *report)
{
	struct kt_table *table = kt_report_table(report, "pools", NULL, columns, NR_COLS);
	struct lines *lines = table ? calloc(1, sizeof(*lines)) : NULL;
	struct kt_err *err;

	if (!lines)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	lines->base.fill = fill;
	lines->base.step_ms = step_ms;
	err = kt_past_lines_read(&lines->base, *history, table);
	*history = &lines->base.history;
	if (!err)
		err = put_average(lines, table, is_text, report);
	if (err)
		return err;
	kt_report_note(report,
		"small: kmalloc caches; large: caches with a name; oversize: kmalloc beyond the "
		"largest cache, and vmalloc. Linux counts no failures: failed requests are in the "
		"kernel log, and 'ktally buddy' shows the counters that come nearest");
	return NULL;
}
