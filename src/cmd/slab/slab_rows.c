// SPDX-License-Identifier: GPL-2.0-or-later
//
// The list of slab caches: its columns and rows.

#include "cmd/slab/slab.h"

#include "analysis/cache_lore.h"
#include "report/list.h"
#include "report/row_key.h"

#include <stdlib.h>
#include <string.h>

#define ALSO_CHARS 40 /* characters of the names that stand for one cache */

/*
 * Bytes are summed, sizes of one slot or slab are not. HELD is an upper bound where UNCERTAIN is
 * above 0.
 */
enum {
	COL_NAME,
	COL_COPY,
	COL_HELD,
	COL_GROWTH,
	COL_RATE,
	COL_IN_USE,
	COL_CACHED,
	COL_RCU,
	COL_FREE,
	COL_PADDING,
	COL_TAIL,
	COL_USED,
	COL_READY,
	COL_OBJECTS,
	COL_TOTAL,
#define FIELD(member, file, read, kind, shown, ...) KT_SLAB_IN_##shown(COL_##member, )
#include "model/cache.def"
#undef FIELD
	COL_SLOT,
	COL_PER_SLAB,
	COL_PAGES,
	COL_SLABS,
	COL_UNCERTAIN,
	COL_ROUNDED,
	COL_CACHES,
	COL_RECLAIMABLE,
	COL_ACCOUNTED,
	COL_MAKER,
	COL_CTOR,
	COL_ALIASES,
	NR_COLUMNS,
};

#define BYTES_OF(k, t, f, m)                                                                 \
	{                                                                                    \
		.key = (k), .title = (t), .type = KT_CELL_BYTES, .flags = (f), .metric = (m) \
	}

static const struct kt_column columns[NR_COLUMNS] = {
	[COL_NAME] = { .key = "name",
		.title = "CACHE",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_SET },
	[COL_COPY] = { .key = "copy",
		.title = "COPY",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_LABEL | KT_COL_DATA_ONLY | KT_COL_COPY,
		.min = 2,
		.help = "2 for the second cache with this name and so on; null for the first." },
	[COL_HELD] =
		BYTES_OF("bytes", "HELD", KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK | KT_COL_SIGNED,
			KT_FAMILY(SLAB_CACHE_BYTES)),
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_IN_USE] = BYTES_OF("in_use_bytes", "IN USE", KT_COL_SUM | KT_COL_WIDE,
		KT_FAMILY(SLAB_CACHE_IN_USE_BYTES)),
	[COL_CACHED] = BYTES_OF("cached_bytes", "CACHED", KT_COL_SUM | KT_COL_WIDE,
		KT_FAMILY(SLAB_CACHE_CACHED_BYTES)),
	[COL_RCU] = { .key = "rcu_bytes",
		.title = "FOR RCU",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.help = "Part of cached: objects that wait for RCU; only with --exact." },
	[COL_FREE] = BYTES_OF("free_bytes", "FREE", KT_COL_SUM, KT_FAMILY(SLAB_CACHE_FREE_BYTES)),
	[COL_PADDING] = BYTES_OF("padding_bytes", "PADDING", KT_COL_SUM | KT_COL_WIDE,
		KT_FAMILY(SLAB_CACHE_PADDING_BYTES)),
	[COL_TAIL] = BYTES_OF(
		"tail_bytes", "TAIL", KT_COL_SUM | KT_COL_SIGNED, KT_FAMILY(SLAB_CACHE_TAIL_BYTES)),
	[COL_USED] = { .key = "used",
		.title = "USED",
		.type = KT_CELL_SHARE,
		.num = COL_IN_USE,
		.den = COL_HELD },
	[COL_READY] = BYTES_OF("ready_bytes", "READY", KT_COL_SUM | KT_COL_WIDE, NULL),
	[COL_OBJECTS] = { .key = "objects",
		.title = "OBJECTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM,
		.metric = KT_FAMILY(SLAB_CACHE_OBJECTS) },
	[COL_TOTAL] = { .key = "slots",
		.title = "SLOTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
#define FIELD(m, f, r, kind, shown, k, t, ...)                  \
	KT_SLAB_IN_##shown([COL_##m] = { .key = (k),            \
				   .title = (t),                \
				   .type = KT_SLAB_CELL_##kind, \
				   .flags = KT_COL_WIDE }, )
#include "model/cache.def"
#undef FIELD
	[COL_SLOT] = BYTES_OF("slot_bytes", "SLOT", KT_COL_WIDE | KT_COL_TWIN, NULL),
	[COL_PER_SLAB] = { .key = "objects_per_slab",
		.title = "PER SLAB",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE },
	[COL_PAGES] = { .key = "pages_per_slab",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE },
	[COL_SLABS] = { .key = "slabs",
		.title = "SLABS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_UNCERTAIN] = BYTES_OF("uncertain_bytes", "UNCERTAIN", KT_COL_SUM | KT_COL_WIDE, NULL),
	[COL_ROUNDED] = { .key = "rounded_bytes",
		.title = "ROUNDED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_DATA_ONLY,
		.help = "In-use, free and tail may be off by this, because a tool rounded the size "
			"of an object; null: they are not rounded." },
	[COL_CACHES] = { .key = "caches",
		.title = "CACHES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_RECLAIMABLE] = { .key = "reclaimable",
		.title = "RECLAIMABLE",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_WIDE },
	[COL_ACCOUNTED] = { .key = "accounted",
		.title = "ACCOUNTED",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_WIDE },
	[COL_MAKER] = { .key = "maker", .title = "MADE BY", .flags = KT_COL_WIDE },
	[COL_CTOR] = { .key = "constructor", .title = "CONSTRUCTOR", .flags = KT_COL_WIDE },
	[COL_ALIASES] = { .key = "aliases", .title = "MERGED WITH", .flags = KT_COL_WIDE },
};

/* Without the page size, only the objects have a size. */
static bool is_unsized(const struct kt_slab_uses *uses)
{
	return uses->held_bytes < 0 && uses->in_use_bytes >= 0;
}

/* Growth needs the room of other columns; details are shown on request. */
static const struct kt_column *columns_for(const struct kt_call *call,
	const struct kt_slab_args *args, const struct kt_slab_uses *uses, struct kt_report *report)
{
	struct kt_column *copy = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!copy)
		return columns;
	memcpy(copy, columns, sizeof(columns));
	if (call->interval_s) {
		copy[COL_TAIL].flags |= KT_COL_WIDE;
		copy[COL_OBJECTS].flags |= KT_COL_WIDE;
	}
	if (args->exact || uses->cached_bytes >= 0)
		copy[COL_CACHED].flags &= ~(unsigned)KT_COL_WIDE;
	if (is_unsized(uses)) {
		copy[COL_HELD].flags &= ~(unsigned)KT_COL_RANK;
		copy[COL_IN_USE].flags |= KT_COL_RANK;
		copy[COL_IN_USE].flags &= ~(unsigned)KT_COL_WIDE;
	}
	if (args->families)
		copy[COL_CACHES].flags &= ~(unsigned)KT_COL_WIDE;
	if (args->details) {
		copy[COL_OBJECTS].flags |= KT_COL_WIDE;
		copy[COL_PADDING].flags &= ~(unsigned)KT_COL_WIDE;
		copy[COL_READY].flags &= ~(unsigned)KT_COL_WIDE;
		copy[COL_MAKER].flags &= ~(unsigned)KT_COL_WIDE;
		copy[COL_ALIASES].flags &= ~(unsigned)KT_COL_WIDE;
	}
	return copy;
}

/*
 * Returns whether the requested columns or the sort column need /sys/kernel/slab. Six more files
 * for each cache cost more than the whole list, so they are read on request only.
 */
bool kt_slab_needs_details(const struct kt_call *call)
{
	const struct kt_slab_args *args = kt_call_own(call);
	static const int of_sysfs[] = {
#define FIELD(member, file, read, kind, shown, ...) KT_SLAB_IN_##shown(COL_##member, )
#include "model/cache.def"
#undef FIELD
		COL_PADDING, COL_READY, COL_RECLAIMABLE, COL_ACCOUNTED, COL_CTOR, COL_ALIASES
	};

	for (size_t i = 0; call->list.sort && i < KT_LEN(of_sysfs); i++) {
		if (strcmp(call->list.sort, columns[of_sysfs[i]].key) == 0)
			return true;
	}
	return call->show.all || args->details;
}

/* ---- rows ---- */

struct kt_cell kt_slab_maker(struct kt_report *report, const struct kt_slab_use *use)
{
	struct kt_span module = kt_slab_ctor_module(use->folder ? use->folder->ctor : NULL);
	const struct kt_lore *lore;

	if (module.n)
		return kt_cell_text(kt_arena_name(&report->arena, module));
	lore = kt_lore_find(use->cache->name);
	return kt_cell_text(lore ? lore->maker : NULL);
}

static struct kt_cell yes_no(int known)
{
	return known < 0 ? kt_cell_missing(KT_ABSENT, NULL) : kt_cell_number(known);
}

static void put_sizes(struct kt_report_row *row, const struct kt_slab_use *use)
{
	row->cells[COL_HELD] = kt_cell_known(use->held_bytes);
	row->cells[COL_IN_USE] = kt_cell_known(use->in_use_bytes);
	row->cells[COL_CACHED] = kt_cell_known(use->cached_bytes);
	row->cells[COL_RCU] = kt_cell_known(use->rcu_bytes);
	row->cells[COL_FREE] = kt_cell_known(use->free_bytes);
	row->cells[COL_PADDING] = kt_cell_known(use->padding_bytes);
	row->cells[COL_TAIL] = kt_cell_known(use->tail_bytes);
	row->cells[COL_READY] = kt_cell_known(use->ready_bytes);
	row->cells[COL_OBJECTS] = kt_cell_known(use->cache->active_objs);
	row->cells[COL_TOTAL] = kt_cell_known(use->cache->nr_objs);
#define FIELD(member, file, read, kind, shown, ...)   \
	KT_SLAB_IN_##shown(row->cells[COL_##member] = \
				   kt_cell_known(kt_slab_field(use, KT_CACHE_FIELD_##member));)
#include "model/cache.def"
#undef FIELD
	row->cells[COL_SLOT] = kt_cell_known(use->slot_bytes);
	row->cells[COL_PER_SLAB] = kt_cell_known(use->cache->objs_per_slab);
	row->cells[COL_PAGES] = kt_cell_known(use->cache->pages_per_slab);
	row->cells[COL_SLABS] = kt_cell_known(use->cache->nr_slabs);
	row->cells[COL_UNCERTAIN] = kt_cell_known(use->uncertain_bytes);
	row->cells[COL_CACHES] = kt_cell_number(1);
	if (use->rounded_bytes > 0)
		row->cells[COL_ROUNDED] = kt_cell_number(use->rounded_bytes);
	row->mark = kt_slab_is_least(use)      ? "≥"
		    : use->uncertain_bytes > 0 ? "≤"
		    : use->rounded_bytes > 0   ? "≈"
					       : NULL;
}

/* "eventpoll_epi, kioctx and 5 more": as many names as fit, at least one. */
const char *kt_slab_shortened(struct kt_report *report, const char *names)
{
	size_t length = strlen(names), cut = length;
	int nr_more = 0;

	while (cut > ALSO_CHARS) {
		size_t at = cut;

		while (at && names[at - 1] != ',')
			at--;
		if (!at)
			break;
		cut = at - 1;
		nr_more++;
	}
	return nr_more ? kt_arena_printf(
				 &report->arena, "%.*s and %d more", (int)cut, names, nr_more)
		       : names;
}

static void put_cache(
	struct kt_report *report, struct kt_table *table, const struct kt_slab_use *use)
{
	struct kt_report_row *row = kt_table_row(report, table);
	const char *aliases;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_report_text(report, use->cache->name);
	put_sizes(row, use);
	row->cells[COL_RECLAIMABLE] = yes_no(kt_slab_reclaimable(use));
	row->cells[COL_ACCOUNTED] = yes_no(kt_slab_accounted(use));
	row->cells[COL_MAKER] = kt_slab_maker(report, use);
	row->cells[COL_CTOR] = kt_report_text(report, use->folder ? use->folder->ctor : NULL);
	aliases = kt_slab_aliases(use, use->cache->name, &report->arena);
	row->cells[COL_ALIASES] = kt_cell_text(*aliases ? aliases : NULL);
	row->next = kt_arena_printf(&report->arena, "'ktally slab %s'%s%s", use->cache->name,
		*aliases ? "; the same cache also serves " : "",
		*aliases ? kt_slab_shortened(report, aliases) : "");
}

/*
 * Counter minus caches. Above zero: kmalloc of more than two pages, which bypasses the caches.
 * Below zero: slabs counted at a larger size than they have.
 */
static void put_rest(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	struct kt_report_row *row;

	if (!uses->has_rest || !uses->rest_bytes)
		return;
	row = kt_table_row(report, table);
	if (!row)
		return;
	row->cells[COL_HELD] = kt_cell_number(uses->rest_bytes);
	if (snap->caches_partial || uses->nr_unread)
		row->cells[COL_NAME] = kt_cell_text(
			snap->memreport_chosen ? "(not in the report)" : "(not in the list)");
	else if (!uses->rest_is_large)
		row->cells[COL_NAME] = kt_cell_text("(difference to Slab)");
	else {
		row->cells[COL_NAME] = kt_cell_text("(large kmalloc)");
		row->cells[COL_IN_USE] = kt_cell_number(uses->rest_bytes);
	}
	if (uses->rest_bytes < 0)
		row->cells[COL_TAIL] = kt_cell_number(uses->rest_bytes);
}

/* ---- families ---- */

/*
 * Adds a cell to the sum of a family. A property that differs between its members is missing, not
 * the first one's.
 */
static void add_cell(struct kt_cell *to, struct kt_cell from, unsigned flags)
{
	if (!(flags & KT_COL_SUM)) {
		if (to->state != from.state || to->number != from.number)
			*to = kt_cell_missing(KT_ABSENT, NULL);
	} else if (from.state == KT_OK) {
		to->number = to->state == KT_OK ? to->number + from.number : from.number;
		to->state = KT_OK;
	}
}

/* An item with a name, sorted by name; equal names keep their order. */
struct member {
	const char *name;
	const struct kt_slab_use *use;
	size_t index;
};

typedef KT_LIST(struct member) member_list;

static int by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void put_family(struct kt_report *report, struct kt_table *table,
	const struct member *members, size_t count)
{
	struct kt_report_row *row = kt_table_row(report, table);
	struct kt_cell cells[NR_COLUMNS];
	struct kt_report_row one = { .cells = cells };

	if (!row)
		return;
	put_sizes(row, members[0].use);
	row->cells[COL_NAME] = kt_cell_text(members[0].name);
	for (size_t i = 1; i < count; i++) {
		for (size_t k = 0; k < NR_COLUMNS; k++)
			cells[k] = kt_cell_missing(KT_ABSENT, NULL);
		put_sizes(&one, members[i].use);
		for (size_t k = COL_HELD; k < NR_COLUMNS; k++)
			add_cell(&row->cells[k], cells[k], columns[k].flags);
		row->mark = row->mark ? row->mark : one.mark;
	}
}

static void put_families(struct kt_report *report, struct kt_table *table, member_list *members)
{
	size_t first = 0;

	if (members->count)
		qsort(members->items, members->count, sizeof(*members->items), by_name);
	for (size_t i = 1; i <= members->count; i++) {
		if (i < members->count &&
			strcmp(members->items[first].name, members->items[i].name) == 0)
			continue;
		put_family(report, table, &members->items[first], i - first);
		first = i;
	}
}

/* ---- caches beyond the shown ones ---- */

#define FOLD_TOP_MAX 64

/* The largest caches so far, largest first. */
struct largest {
	const struct kt_slab_use *uses[FOLD_TOP_MAX];
	size_t count, max;
};

static bool is_larger(const struct kt_slab_use *a, const struct kt_slab_use *b)
{
	if (a->held_bytes != b->held_bytes)
		return a->held_bytes > b->held_bytes;
	return strcmp(a->cache->name, b->cache->name) < 0;
}

/*
 * Returns the cache that is not among the largest: an earlier one, or this one; NULL: there was
 * room.
 */
static const struct kt_slab_use *push_largest(
	struct largest *largest, const struct kt_slab_use *use)
{
	size_t at = largest->count;
	const struct kt_slab_use *out = NULL;

	if (largest->count == largest->max) {
		if (!is_larger(use, largest->uses[at - 1]))
			return use;
		out = largest->uses[--at];
	} else
		largest->count++;
	for (; at && is_larger(use, largest->uses[at - 1]); at--)
		largest->uses[at] = largest->uses[at - 1];
	largest->uses[at] = use;
	return out;
}

/* Rows for the largest caches; the other caches only count in the sums. */
static void put_largest(struct kt_report *report, struct kt_table *table,
	const struct kt_slab_uses *uses, size_t max)
{
	struct largest largest = { .max = max };
	struct kt_cell cells[NR_COLUMNS];
	struct kt_report_row folded = { .cells = cells };

	for (size_t i = 0; i < uses->items.count; i++) {
		const struct kt_slab_use *use = push_largest(&largest, &uses->items.items[i]);

		if (!use)
			continue;
		for (size_t k = 0; k < NR_COLUMNS; k++)
			cells[k] = kt_cell_missing(KT_ABSENT, NULL);
		put_sizes(&folded, use);
		if (!kt_list_fold(report, table, &folded))
			return;
	}
	for (size_t i = 0; i < largest.count; i++)
		put_cache(report, table, largest.uses[i]);
}

void kt_slab_put_caches(const struct kt_call *call, const struct kt_slab_args *args,
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	struct kt_table *table = kt_report_list(
		report, "caches", NULL, columns_for(call, args, uses, report), NR_COLUMNS);
	bool few = call->fold_top && call->fold_top <= FOLD_TOP_MAX;
	bool fold = few && !args->families && !is_unsized(uses);
	member_list members = { 0 };

	if (table && fold)
		put_largest(report, table, uses, (size_t)call->fold_top);
	for (size_t i = 0; table && !fold && i < uses->items.count; i++) {
		const struct kt_slab_use *use = &uses->items.items[i];
		const char *family =
			args->families ? kt_slab_family(use->cache->name, &report->arena) : NULL;
		struct member *slot = family ? kt_list_push(&report->arena, &members) : NULL;

		if (slot)
			*slot = (struct member){ .name = family, .use = use, .index = i };
		else if (!family)
			put_cache(report, table, use);
	}
	if (!table)
		return;
	put_families(report, table, &members);
	kt_row_keys_of(&report->arena, table);
	put_rest(report, table, snap, uses);
}

const struct kt_part kt_slab_metrics_part = {
	.key = "caches",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "As in 'ktally slab'; missing where nothing could be read.",
};
const struct kt_part kt_slab_caches_part = {
	.key = "caches",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Not with --by cgroup. Bytes and tail are negative only in the row '(difference to "
		"Slab)'.",
};
