// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/experiment/tables.h"

#include "base/human.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_SHOWN 8 /* caches of a stage in text */

enum { M_LABEL, M_SLAB, M_USED, M_WASTE, M_WASTE_SHARE, M_FILES, M_FILES_SHARE, M_FREE };

static const struct kt_column stage_columns[] = {
	[M_LABEL] = { .key = "stage", .title = "STAGE", .flags = KT_COL_SET },
	[M_SLAB] = { .key = "slab_bytes", .title = "SLAB", .type = KT_CELL_BYTES },
	[M_USED] = { .key = "in_use_bytes",
		.title = "IN USE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_DATA_ONLY },
	[M_WASTE] = { .key = "waste_bytes",
		.title = "WASTE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Of slab, not in use." },
	[M_WASTE_SHARE] = { .key = "waste_share",
		.title = "",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SIGNED,
		.help = "Of slab." },
	[M_FILES] = { .key = "dentry_inode_bytes",
		.title = "DENTRIES, INODES",
		.type = KT_CELL_BYTES },
	[M_FILES_SHARE] = { .key = "dentry_inode_share",
		.title = "",
		.type = KT_CELL_SHARE,
		.help = "Of MemTotal." },
	[M_FREE] = { .key = "free_bytes", .title = "FREE", .type = KT_CELL_BYTES },
};

const struct kt_part kt_stages_part = {
	.key = "stages",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(stage_columns),
	.optional = KT_ANY_FORM,
	.help = "Only after a run: slab caches at each time that was measured.",
};

enum { C_LABEL, C_CACHE, C_OBJECTS, C_OBJECT_CHANGE, C_PAGES, C_PAGE_CHANGE };

static const struct kt_column change_columns[] = {
	[C_LABEL] = { .key = "stage", .title = "STAGE", .flags = KT_COL_SET },
	[C_CACHE] = { .key = "cache", .title = "CACHE", .flags = KT_COL_SET },
	[C_OBJECTS] = { .key = "objects", .title = "OBJECTS", .type = KT_CELL_COUNT },
	[C_OBJECT_CHANGE] = { .key = "objects_change",
		.title = "CHANGE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_CHANGE | KT_COL_SIGNED },
	[C_PAGES] = { .key = "pages", .title = "PAGES", .type = KT_CELL_COUNT },
	[C_PAGE_CHANGE] = { .key = "pages_change",
		.title = "CHANGE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_CHANGE | KT_COL_SIGNED },
};

const struct kt_part kt_changes_part = {
	.key = "changes",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(change_columns),
	.optional = KT_ANY_FORM,
	.help = "Caches that changed since the stage before, the largest change first.",
};

enum { F_LABEL, F_CACHE, F_EVICTED, F_FREED, F_LOW, F_HIGH, F_WITHIN };

static const struct kt_column forecast_columns[] = {
	[F_LABEL] = { .key = "stage", .title = "STAGE", .flags = KT_COL_SET },
	[F_CACHE] = { .key = "cache", .title = "CACHE", .flags = KT_COL_SET },
	[F_EVICTED] = { .key = "evicted",
		.title = "EVICTED",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SIGNED },
	[F_FREED] = { .key = "freed_bytes",
		.title = "FREED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED },
	[F_LOW] = { .key = "low_bytes", .title = "PREDICTED FROM", .type = KT_CELL_BYTES },
	[F_HIGH] = { .key = "high_bytes", .title = "TO", .type = KT_CELL_BYTES },
	[F_WITHIN] = { .key = "within", .title = "WITHIN", .type = KT_CELL_BOOL },
};

const struct kt_part kt_forecasts_part = {
	.key = "predictions",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(forecast_columns),
	.optional = KT_ANY_FORM,
	.help = "What was freed, against the what-if slab-reclaim before it: objects evicted in "
		"random order, at least, to objects of the emptiest slabs first.",
};

/* ---- stages ---- */

static void put_stage(
	struct kt_report *report, struct kt_table *table, const struct kt_stage *stage)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[M_LABEL] = kt_cell_text(stage->label);
	row->cells[M_SLAB] = kt_cell_known(stage->slab_bytes);
	row->cells[M_USED] = kt_cell_known(stage->in_use_bytes);
	row->cells[M_WASTE] = kt_cell_known(stage->waste_bytes);
	if (kt_known(stage->waste_bytes) && stage->slab_bytes > 0)
		row->cells[M_WASTE_SHARE] =
			kt_cell_real((double)stage->waste_bytes / (double)stage->slab_bytes);
	row->cells[M_FILES] = kt_cell_known(stage->files_bytes);
	if (stage->total_bytes > 0)
		row->cells[M_FILES_SHARE] =
			kt_cell_real((double)stage->files_bytes / (double)stage->total_bytes);
	row->cells[M_FREE] = kt_cell_known(stage->free_bytes);
}

/* ---- changes ---- */

struct change {
	const struct kt_stage_cache *before, *now;
	int64_t pages, objects;
};

static int by_pages(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int64_t p = llabs(x->pages), q = llabs(y->pages);

	if (p != q)
		return p < q ? 1 : -1;
	p = llabs(x->objects);
	q = llabs(y->objects);
	if (p != q)
		return p < q ? 1 : -1;
	return strcmp(x->now->name, y->now->name);
}

static size_t find_changes(
	const struct kt_stage *before, const struct kt_stage *now, struct change *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < now->caches.count; i++) {
		const struct kt_stage_cache *cache = &now->caches.items[i];
		const struct kt_stage_cache *was = kt_stage_find(before, cache->name);

		if (!was || !kt_known(cache->pages) || !kt_known(was->pages) ||
			!kt_known(cache->objects) || !kt_known(was->objects) ||
			(cache->pages == was->pages && cache->objects == was->objects))
			continue;
		ret[count++] = (struct change){ was, cache, cache->pages - was->pages,
			cache->objects - was->objects };
	}
	qsort(ret, count, sizeof(*ret), by_pages);
	return count;
}

static void put_changes(struct kt_report *report, struct kt_table *table,
	const struct kt_stage *before, const struct kt_stage *now)
{
	struct change *changes =
		kt_arena_alloc(&report->arena, (now->caches.count + 1) * sizeof(*changes));
	size_t count = changes ? find_changes(before, now, changes) : 0;

	for (size_t i = 0; table && i < count; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->minor = i >= CHANGES_SHOWN;
		row->cells[C_LABEL] = kt_cell_text(now->label);
		row->cells[C_CACHE] = kt_report_text(report, changes[i].now->name);
		row->cells[C_OBJECTS] = kt_cell_number(changes[i].now->objects);
		row->cells[C_OBJECT_CHANGE] = kt_cell_number(changes[i].objects);
		row->cells[C_PAGES] = kt_cell_number(changes[i].now->pages);
		row->cells[C_PAGE_CHANGE] = kt_cell_number(changes[i].pages);
	}
}

/* ---- predictions ---- */

/*
 * In random order, more evictions free more: the bound of the next smaller number holds. Emptiest
 * first, slabs of one class are alike: the curve is a line from one point to the next, and slabs
 * without objects may be freed as well.
 */
static void bounds_of(const struct kt_forecast *forecast, int64_t evicted, int64_t held_bytes,
	int64_t *ret_low, int64_t *ret_high)
{
	int64_t from = 0, from_bytes = 0, to = forecast->objects, to_bytes = forecast->bytes;
	double share;

	*ret_low = 0;
	for (size_t i = 0; i < forecast->points.count; i++) {
		const struct kt_forecast_point *point = &forecast->points.items[i];

		if (point->evicted > evicted) {
			to = point->evicted;
			to_bytes = point->high_bytes;
			break;
		}
		*ret_low = point->low_bytes;
		from = point->evicted;
		from_bytes = point->high_bytes;
	}
	share = evicted <= from ? 0
		: to > from	? (double)(evicted - from) / (double)(to - from)
				: 1;
	*ret_high =
		from_bytes + (int64_t)((share > 1 ? 1 : share) * (double)(to_bytes - from_bytes));
	if (held_bytes > forecast->bytes)
		*ret_high += held_bytes - forecast->bytes;
}

static void put_forecast(struct kt_report *report, struct kt_table *table,
	const struct kt_stage *before, const struct kt_stage *now,
	const struct kt_forecast *forecast)
{
	const struct kt_stage_cache *was = kt_stage_find(before, forecast->cache);
	const struct kt_stage_cache *is = kt_stage_find(now, forecast->cache);
	struct kt_report_row *row;
	int64_t evicted, freed, low, high;

	if (forecast->why) {
		kt_report_note(
			report, "%s: there is no prediction: %s", forecast->cache, forecast->why);
		return;
	}
	if (!was || !is || !kt_known(was->objects) || !kt_known(is->objects) ||
		!kt_known(was->bytes) || !kt_known(is->bytes))
		return;
	row = table ? kt_table_row(report, table) : NULL;
	if (!row)
		return;
	evicted = was->objects - is->objects;
	freed = was->bytes - is->bytes;
	bounds_of(forecast, evicted, was->bytes, &low, &high);
	row->cells[F_LABEL] = kt_cell_text(now->label);
	row->cells[F_CACHE] = kt_report_text(report, forecast->cache);
	row->cells[F_EVICTED] = kt_cell_number(evicted);
	row->cells[F_FREED] = kt_cell_number(freed);
	row->cells[F_LOW] = kt_cell_number(low);
	row->cells[F_HIGH] = kt_cell_number(high);
	row->cells[F_WITHIN] = kt_cell_number(freed >= low && freed <= high);
}

void kt_stages_put(struct kt_report *report, const struct kt_stages *stages)
{
	struct kt_table *table = kt_report_table(
		report, "stages", "Slab caches", stage_columns, KT_LEN(stage_columns));
	struct kt_table *changes = kt_report_table(
		report, "changes", "Caches that changed", change_columns, KT_LEN(change_columns));
	struct kt_table *predictions = kt_report_table(report, "predictions",
		"Freed, against 'whatif slab-reclaim'", forecast_columns, KT_LEN(forecast_columns));

	for (size_t i = 0; table && i < stages->count; i++) {
		const struct kt_stage *now = &stages->items[i], *before = now - 1;

		put_stage(report, table, now);
		if (!i)
			continue;
		put_changes(report, changes, before, now);
		for (size_t k = 0; k < before->forecasts.count; k++)
			put_forecast(report, predictions, before, now, &before->forecasts.items[k]);
	}
	if (stages->count && !stages->items[0].exact)
		kt_report_note(report, "kernel memory could not be read: objects include free ones "
				       "that CPUs keep ready");
}
