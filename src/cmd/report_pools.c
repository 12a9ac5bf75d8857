// SPDX-License-Identifier: GPL-2.0-or-later
//
// sar -k of Solaris for Linux. Its small pool served small requests without a name: here
// the kmalloc caches. Its large pool: the caches that have a name of their own. Oversize
// requests went to the page allocator: here kmalloc beyond the largest cache, and vmalloc.
// The kernel counts no failures of any of them.

#include "cmd/report_pools.h"
#include "base/when.h"
#include "cmd/session.h"
#include "model/account.h"

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
#define FAIL(k)                                                  \
	{                                                        \
		.key = k, .title = "FAIL", .type = KT_CELL_COUNT \
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
	[COL_CLOCK] = { .key = "clock", .title = "TIME (UTC)", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "time", .title = "", .flags = KT_COL_DATA_ONLY },
	POOLS,
};

static const struct kt_column average_columns[NR_COLS] = {
	[COL_CLOCK] = { .key = "clock", .title = "", .flags = KT_COL_TEXT_ONLY },
	[COL_TIME] = { .key = "what", .title = "", .flags = KT_COL_DATA_ONLY },
	POOLS,
};

struct lines {
	struct kt_report *report;
	struct kt_table *table;
	double sums[NR_COLS];
	int64_t counts[NR_COLS];
	bool dated; /* the stretch is longer than a day */
};

struct pool {
	int64_t held, used;
	bool known;
};

/* kmalloc-64, kmalloc-rcl-96, dma-kmalloc-8; size-64 and size-64(DMA) of SLAB. */
static bool is_kmalloc(const char *name)
{
	return strncmp(name, "kmalloc-", 8) == 0 || strncmp(name, "dma-kmalloc-", 12) == 0 ||
	       strncmp(name, "size-", 5) == 0;
}

static void add_cache(struct pool *pool, const struct kt_cache *cache, int64_t page_bytes)
{
	int64_t pages, held, used;

	if (cache->nr_slabs < 0 || cache->pages_per_slab < 0 || cache->active_objs < 0 ||
		cache->slot_bytes < 0 ||
		__builtin_mul_overflow(cache->nr_slabs, cache->pages_per_slab, &pages) ||
		__builtin_mul_overflow(pages, page_bytes, &held) ||
		__builtin_mul_overflow(cache->active_objs, cache->slot_bytes, &used) ||
		__builtin_add_overflow(pool->held, held, &pool->held) ||
		__builtin_add_overflow(pool->used, used, &pool->used))
		return;
	pool->known = true;
}

static void put(
	struct lines *lines, struct kt_report_row *row, size_t column, bool known, int64_t value)
{
	if (!known)
		return;
	row->cells[column] = kt_cell_number(value);
	lines->sums[column] += (double)value;
	lines->counts[column]++;
}

static void put_pools(
	struct lines *lines, struct kt_report_row *row, const struct kt_snapshot *snap)
{
	struct kt_val large = kt_snapshot_get(snap, KT_KMALLOC_LARGE, KT_NO_NODE);
	struct kt_val vmalloc = kt_snapshot_get(snap, KT_VMALLOC, KT_NO_NODE);
	struct pool small = { 0 }, named = { 0 };

	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		add_cache(is_kmalloc(cache->name) ? &small : &named, cache, snap->host.page_bytes);
	}
	put(lines, row, COL_SMALL, small.known, small.held);
	put(lines, row, COL_SMALL_ALLOC, small.known, small.used);
	put(lines, row, COL_LARGE, named.known, named.held);
	put(lines, row, COL_LARGE_ALLOC, named.known, named.used);
	put(lines, row, COL_OVERSIZE, kt_ok(large) && kt_ok(vmalloc), large.value + vmalloc.value);
	for (size_t i = COL_SMALL; i < NR_COLS; i++) {
		if (columns[i].type == KT_CELL_COUNT)
			row->cells[i] =
				kt_cell_missing(KT_ABSENT, "Linux does not count failed requests");
	}
}

static struct kt_err *put_line(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct lines *lines = arg;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = kt_history_account(cursor, &session, &account);
	struct kt_report_row *row = err ? NULL : kt_table_row(lines->report, lines->table);
	char text[32];

	if (!row)
		return err ? err : kt_err_new(KT_ERR_NOMEM, "out of memory");
	row->cells[COL_TIME] = kt_report_text(lines->report, kt_when_text(real_ms, text));
	text[10] = ' ';
	text[lines->dated ? 16 : 19] = '\0';
	row->cells[COL_CLOCK] = kt_report_text(lines->report, text + (lines->dated ? 5 : 11));
	put_pools(lines, row, session.snap);
	return NULL;
}

struct kt_err *kt_report_pools(
	struct kt_history *history, int64_t step_ms, bool is_text, struct kt_report *report)
{
	struct lines lines = { .report = report,
		.dated = history->to_ms - history->from_ms >= 86400000,
		.table = kt_report_table(report, "pools", NULL, columns, NR_COLS) };
	struct kt_err *err = lines.table ? kt_history_walk(history, step_ms, put_line, &lines)
					 : kt_err_new(KT_ERR_NOMEM, "out of memory");
	struct kt_report_row *row;

	/* people read it below the lines; a program would take it for a moment */
	if (!err && !is_text)
		lines.table = kt_report_table(report, "averages", NULL, average_columns, NR_COLS);
	row = err || !lines.table ? NULL : kt_table_row(report, lines.table);
	if (!row)
		return err ? err : kt_err_new(KT_ERR_NOMEM, "out of memory");
	row->strong = true;
	row->cells[COL_CLOCK] = row->cells[COL_TIME] = kt_cell_text("average");
	for (size_t i = COL_SMALL; i < NR_COLS; i++) {
		if (lines.counts[i])
			row->cells[i] =
				kt_cell_number((int64_t)(lines.sums[i] / (double)lines.counts[i]));
	}
	kt_report_note(report,
		"small: kmalloc caches; large: caches with a name; oversize: kmalloc beyond the "
		"largest cache, and vmalloc. Linux counts no failures: what failed is in the "
		"kernel "
		"log, and 'ktally buddy' shows the counters that come nearest");
	return NULL;
}
