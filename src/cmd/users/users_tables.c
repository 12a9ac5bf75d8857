// SPDX-License-Identifier: GPL-2.0-or-later
//
// A table for each file of users. The same memory may be in several of them, so that no sum goes
// over two tables. Memory that holds the objects of other rows is in a table of pools, in no sum.

#include "cmd/users/users.h"

#include "analysis/vmalloc.h"
#include "base/human.h"
#include "cmd/users/users_stacks.h"

#include <stdlib.h>
#include <string.h>

#define STACKS_SHOWN 20u /* stacks that --details writes in full, of each table */

enum {
	COL_NAME,
	COL_CACHE,
	COL_CALLERS,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_SHARE,
	COL_PAGES,
	COL_COUNT,
	COL_MODULE,
	COL_PLACE,
	COL_WHAT,
	COL_LINE,
	COL_QUALITY,
	COL_SOURCE,
	COL_STACKS,
	COL_WASTE,
	COL_AGE_MIN,
	COL_AGE_MAX,
	COL_PID_MIN,
	COL_PID_MAX,
	COL_STACK,
	COL_ABOUT, /* last: it may be long */
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name",
		.title = "FUNCTION",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.help = "Function that wanted the memory; in parentheses: none is known." },
	[COL_CACHE] = { .key = "cache",
		.title = "CACHE",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_DATA_ONLY,
		.help = "Slab cache of the objects; null where it is not named." },
	[COL_CALLERS] = { .key = "callers",
		.title = "CALLERS",
		.flags = KT_COL_KEY | KT_COL_DATA_ONLY,
		.help = "The next functions of the stack, innermost first." },
	[COL_BYTES] = { .key = "bytes",
		.title = "MEMORY",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK | KT_COL_SIGNED,
		.help = "Below zero where the kernel counted frees without their allocations; "
			"null where the size of an object or page is not known." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM | KT_COL_SIGNED,
		.help = "Of this table: of its memory, or, where no size is known, of its pages or "
			"its count." },
	[COL_PAGES] = { .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.help = "Base pages; null where the file counts something else." },
	[COL_COUNT] = { .key = "count",
		.title = "COUNT",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM,
		.help = "Allocations that were not freed, or objects; null: not counted." },
	[COL_MODULE] = { .key = "module",
		.title = "MODULE",
		.flags = KT_COL_LABEL | KT_COL_DATA_ONLY,
		.help = "null: the kernel itself, or not known." },
	[COL_PLACE] = { .key = "place",
		.title = "PLACE",
		.flags = KT_COL_DATA_ONLY,
		.help = "File and line of a call site." },
	[COL_WHAT] = { .key = "what",
		.title = "WHAT IT IS",
		.flags = KT_COL_DATA_ONLY,
		.help = "Purpose of the memory, where ktally knows it." },
	[COL_LINE] = { .key = "line",
		.title = "LINE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_TWIN,
		.help = "Line of a call site, which distinguishes two in one function." },
	[COL_QUALITY] = { .key = "quality",
		.title = "QUALITY",
		.flags = KT_COL_DATA_ONLY,
		.help = "estimate: the file has rounded sizes; lower_bound: the kernel says that "
			"allocations are missing, or a dump lacks some.",
		.words = KT_QUALITY_WORDS },
	[COL_SOURCE] = { .key = "source",
		.title = "SOURCE",
		.flags = KT_COL_DATA_ONLY | KT_COL_SET | KT_COL_SAME,
		.help = "The source that lists the row." },
	[COL_STACKS] = { .key = "stacks",
		.title = "STACKS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE,
		.help = "Different stacks or lines of code in the row." },
	[COL_WASTE] = { .key = "waste_bytes",
		.title = "WASTE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_DATA_ONLY,
		.help = "Parts of objects that were not requested; null: not known." },
	[COL_AGE_MIN] = { .key = "age_min_jiffies",
		.title = "YOUNGEST",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "In ticks of the kernel, whose length is not in the file." },
	[COL_AGE_MAX] = { .key = "age_max_jiffies",
		.title = "OLDEST",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[COL_PID_MIN] = { .key = "pid_min",
		.title = "FIRST PID",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY,
		.help = "Smallest process id that allocated; the process may have ended." },
	[COL_PID_MAX] = { .key = "pid_max",
		.title = "LAST PID",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[COL_STACK] = { .key = "stack",
		.title = "STACK",
		.flags = KT_COL_DATA_ONLY,
		.help = "Frames of the largest stack, innermost first, with ' < ' between." },
	[COL_ABOUT] = { .key = "about", .title = "WHERE", .flags = KT_COL_TEXT_ONLY | KT_COL_WRAP },
};

/* ---- parts ---- */

#define PART(id, name, text)                        \
	const struct kt_part kt_users_part_##id = { \
		.key = name,                        \
		.kind = KT_PART_LIST,               \
		KT_COLUMNS_OF(columns),             \
		.optional = KT_ANY_FORM,            \
		.help = text,                       \
	}

PART(sites, "sites", "Call sites by proc/allocinfo, without the pools.");
PART(report, "report_sites", "The largest call sites in a memory report; sizes are rounded.");
PART(pages, "pages", "Pages by page_owner.");
PART(page_stacks, "page_stacks", "Pages by page_owner_stacks.");
PART(objects, "objects", "Slab objects in use, by the stack that allocated them.");
PART(freed, "freed", "The same objects, by the stack that last freed each before.");
PART(leaks, "unreferenced", "Objects to which kmemleak found no pointer: suspects.");
PART(vmalloc, "vmalloc", "vmalloc memory by caller, as in 'ktally vmalloc'.");

/* A part with its title in text, its file, and the source that it is from. */
static const struct {
	const struct kt_part *part;
	const char *title, *unit;
	enum kt_user_file file;
	const struct kt_source *source;
} parts[] = {
	[KT_USERS_PART_SITES] = { &kt_users_part_sites, "Call sites (allocinfo)", "call site",
		KT_USERS_SITES, &kt_source_allocinfo },
	[KT_USERS_PART_REPORT] = { &kt_users_part_report,
		"Largest call sites (memory report, rounded sizes)", "call site", KT_USERS_REPORT,
		&kt_source_memreport },
	[KT_USERS_PART_PAGES] = { &kt_users_part_pages, "Pages by stack (page_owner)", "caller",
		KT_USERS_PAGES, &kt_source_page_owner },
	[KT_USERS_PART_STACKS] = { &kt_users_part_page_stacks, "Pages by stack (page_owner_stacks)",
		"caller", KT_USERS_PAGE_STACKS, &kt_source_page_stacks },
	[KT_USERS_PART_OBJECTS] = { &kt_users_part_objects, "Slab objects in use (slab_traces)",
		"caller", KT_USERS_OBJECTS, &kt_source_slab_traces },
	[KT_USERS_PART_FREED] = { &kt_users_part_freed,
		"The same objects, by where each was last freed (slab_traces)", "caller",
		KT_USERS_FREED, &kt_source_slab_traces },
	[KT_USERS_PART_LEAKS] = { &kt_users_part_leaks,
		"Objects without a pointer to them: suspects (kmemleak)", "suspect", KT_USERS_LEAKS,
		&kt_source_kmemleak },
	[KT_USERS_PART_VMALLOC] = { &kt_users_part_vmalloc, "vmalloc by caller (vmallocinfo)",
		"caller", KT_USER_FILES, &kt_source_vmallocinfo },
};

/* ---- cells ---- */

static const char *join(struct kt_report *report, const char *a, const char *between, const char *b)
{
	if (!a || !b)
		return a ? a : b;
	return kt_arena_printf(&report->arena, "%s%s%s", a, between, b);
}

static struct kt_cell line_of(const char *place)
{
	struct kt_span rest = kt_span_str(place ? place : ""), part;
	uint64_t line;

	while (kt_span_until(&rest, ':', &part))
		;
	return place && kt_span_u64(rest, &line) && line <= INT32_MAX
		       ? kt_cell_number((int64_t)line)
		       : kt_cell_missing(KT_ABSENT, NULL);
}

static const char *why_unsized(const struct kt_users_row *row)
{
	switch (row->user ? row->user->file : KT_USER_FILES) {
	case KT_USERS_OBJECTS:
	case KT_USERS_FREED:
		return row->cache ? "slabinfo does not have the size of the cache's objects"
				  : "the text does not name the cache";
	case KT_USERS_LEAKS: return "the file has no size that is possible";
	default: return "the number of pages or the page size is not known";
	}
}

/* Text: purpose or cache, then where in the code. */
static const char *about(struct kt_report *report, const struct kt_users_row *row)
{
	const char *place = row->user && row->user->function ? row->where : NULL;
	const char *callers = row->user && row->user->function ? NULL : row->where;
	const char *text = join(report, row->cache, ", ", row->what);

	callers = callers ? kt_arena_printf(&report->arena, "< %s", callers) : NULL;
	text = join(report, text, place ? ", " : " ", place ? place : callers);
	if (row->inexact)
		text = join(report, text, "; ",
			row->user && row->user->file == KT_USER_FILES
				? "others may be missing"
				: "some allocations are missing");
	return text;
}

/* The amount that rows are sorted by: bytes, or one that needs no size of a page or object. */
static size_t rank_of(const struct kt_users *users)
{
	bool pages = false;

	for (size_t i = 0; i < users->rows.count; i++) {
		if (users->rows.items[i].has_bytes)
			return COL_BYTES;
		pages |= kt_known(users->rows.items[i].nr_pages);
	}
	return pages ? COL_PAGES : COL_COUNT;
}

static int64_t amount_of(const struct kt_users_row *row, size_t rank)
{
	if (rank == COL_BYTES)
		return row->has_bytes ? row->bytes : 0;
	return kt_known_of(rank == COL_PAGES ? row->nr_pages : row->nr, 0);
}

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_users_row *row, size_t rank, double total, const char *source)
{
	struct kt_report_row *to = kt_table_row(report, table);
	bool is_site = row->user && row->user->function;

	if (!to)
		return;
	to->cells[COL_NAME] = kt_report_text(report,
		row->module ? kt_arena_printf(&report->arena, "%s [%s]", row->name, row->module)
			    : row->name);
	to->cells[COL_CACHE] = kt_report_text(report, row->cache);
	to->cells[COL_CALLERS] = kt_report_text(report, is_site ? NULL : row->where);
	to->cells[COL_BYTES] = row->has_bytes ? kt_cell_number(row->bytes)
					      : kt_cell_missing(KT_ABSENT, why_unsized(row));
	if (total != 0 && (rank != COL_BYTES || row->has_bytes))
		to->cells[COL_SHARE] = kt_cell_real((double)amount_of(row, rank) / total);
	to->cells[COL_PAGES] = kt_cell_known(row->nr_pages);
	to->cells[COL_COUNT] = kt_cell_known(row->nr);
	to->cells[COL_MODULE] = kt_report_text(report, row->module);
	to->cells[COL_PLACE] = kt_report_text(report, is_site ? row->where : NULL);
	to->cells[COL_WHAT] = kt_cell_text(row->what);
	to->cells[COL_LINE] = line_of(is_site ? row->where : NULL);
	to->cells[COL_QUALITY] = kt_cell_text(row->inexact   ? "lower_bound"
					      : row->rounded ? "estimate"
							     : "exact");
	to->cells[COL_SOURCE] = kt_cell_text(source);
	to->cells[COL_STACKS] = kt_cell_number(row->nr_stacks);
	to->cells[COL_WASTE] = kt_cell_known(row->waste_bytes);
	to->cells[COL_AGE_MIN] = kt_cell_known(row->age_min);
	to->cells[COL_AGE_MAX] = kt_cell_known(row->age_max);
	to->cells[COL_PID_MIN] = kt_cell_known(row->pid_min);
	to->cells[COL_PID_MAX] = kt_cell_known(row->pid_max);
	to->cells[COL_STACK] = kt_cell_text(
		row->user ? kt_users_stack_text(report, row->user->frames, row->user->nr_frames)
			  : NULL);
	to->cells[COL_ABOUT] = kt_report_text(report, about(report, row));
}

/* ---- pools ---- */

enum { POOL_WHAT, POOL_BYTES, POOL_FREE, POOL_COUNT, POOL_NAME, POOL_PLACE };

static const struct kt_column pool_columns[] = {
	[POOL_WHAT] = { .key = "what", .title = "POOL", .flags = KT_COL_LABEL },
	[POOL_BYTES] = { .key = "bytes",
		.title = "MEMORY",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED },
	[POOL_FREE] = { .key = "free_bytes",
		.title = "NOT IN USE",
		.type = KT_CELL_BYTES,
		.help = "Without the objects in use by slabinfo; null where it is not known." },
	[POOL_COUNT] = { .key = "count", .title = "COUNT", .type = KT_CELL_COUNT },
	[POOL_NAME] = { .key = "name", .title = "FUNCTION", .flags = KT_COL_KEY },
	[POOL_PLACE] = { .key = "place", .title = "WHERE", .flags = KT_COL_KEY },
};

const struct kt_part kt_users_part_pools = {
	.key = "pools",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(pool_columns),
	.optional = KT_ANY_FORM,
	.help = "Call sites of pages that hold the objects of other call sites; in no sum.",
};

/* Free slots and the rest of slabs; pages that were taken before profiling began are not counted */
static struct kt_cell free_in(
	const struct kt_snapshot *snap, const struct kt_users *users, const char *what)
{
	bool slab = strcmp(what, "pages of slab caches") == 0;
	int64_t in_use = slab ? kt_users_slab_in_use(snap) : KT_UNKNOWN, held = 0;

	if (!kt_known(in_use))
		return kt_cell_missing(KT_ABSENT, "no file counts it");
	for (size_t i = 0; i < users->pools.count; i++) {
		const struct kt_users_row *pool = &users->pools.items[i];

		if (strcmp(pool->what, what) != 0)
			continue;
		if (!pool->has_bytes || __builtin_add_overflow(held, pool->bytes, &held))
			return kt_cell_missing(KT_ABSENT, "the size of a pool is not known");
	}
	return held >= in_use ? kt_cell_number(held - in_use)
			      : kt_cell_missing(KT_ABSENT,
					"slabinfo has more objects than the call site has pages");
}

static bool is_first_pool(const struct kt_users *users, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(users->pools.items[i].what, users->pools.items[index].what) == 0)
			return false;
	}
	return true;
}

static size_t put_pools(struct kt_report *report, struct kt_table **table,
	const struct kt_snapshot *snap, const struct kt_users *users,
	const struct kt_users_choice *choice)
{
	size_t count = 0;

	for (size_t i = 0; i < users->pools.count; i++) {
		const struct kt_users_row *pool = &users->pools.items[i];
		struct kt_report_row *row;

		if (choice->pool && strcmp(pool->what, choice->pool) != 0)
			continue;
		if (!*table)
			*table = kt_report_table(report, "pools",
				"Pools, which hold the objects of call sites (in no sum)",
				pool_columns, KT_LEN(pool_columns));
		row = *table ? kt_table_row(report, *table) : NULL;
		if (!row)
			break;
		count++;
		row->cells[POOL_WHAT] = kt_cell_text(pool->what);
		row->cells[POOL_BYTES] = pool->has_bytes
						 ? kt_cell_number(pool->bytes)
						 : kt_cell_missing(KT_ABSENT, why_unsized(pool));
		row->cells[POOL_FREE] = is_first_pool(users, i)
						? free_in(snap, users, pool->what)
						: kt_cell_missing(KT_ABSENT, "in the row above");
		row->cells[POOL_COUNT] = kt_cell_known(pool->nr);
		row->cells[POOL_NAME] = kt_report_text(report, pool->name);
		row->cells[POOL_PLACE] = kt_report_text(report, pool->where);
	}
	return count;
}

/* ---- stacks in full ---- */

/* Largest first; rows without a size come last. */
static int by_size(const void *left, const void *right)
{
	const struct kt_users_row *a = left, *b = right;
	int64_t x = a->has_bytes ? a->bytes : INT64_MIN, y = b->has_bytes ? b->bytes : INT64_MIN;

	if (x != y)
		return x < y ? 1 : -1;
	return (a->nr < b->nr) - (a->nr > b->nr);
}

static void put_stacks(
	struct kt_report *report, struct kt_table **table, const struct kt_users *users)
{
	for (size_t i = 0; i < users->rows.count && i < STACKS_SHOWN; i++) {
		const struct kt_users_row *row = &users->rows.items[i];
		const char *cache =
			row->cache ? kt_arena_printf(&report->arena, "(%s)", row->cache) : NULL;

		if (!row->user || !row->user->nr_frames)
			continue;
		kt_users_put_frames(report, table, join(report, row->name, " ", cache),
			row->has_bytes ? kt_cell_number(row->bytes)
				       : kt_cell_missing(KT_ABSENT, why_unsized(row)),
			row->user->frames, row->user->nr_frames);
	}
}

/* ---- tables ---- */

static bool is_wanted(const struct kt_users_row *row, const struct kt_users_choice *choice)
{
	if (choice->cache && (!row->cache || strcmp(row->cache, choice->cache) != 0))
		return false;
	if (choice->name && strcmp(row->name, choice->name) != 0)
		return false;
	return !choice->what || (row->what && strstr(row->what, choice->what));
}

/* Drops the rows that are not wanted, so that shares add up to what is shown. */
static void select_rows(struct kt_users *users, const struct kt_users_choice *choice)
{
	size_t kept = 0;

	for (size_t i = 0; i < users->rows.count; i++) {
		if (is_wanted(&users->rows.items[i], choice))
			users->rows.items[kept++] = users->rows.items[i];
	}
	if (kept == users->rows.count)
		return;
	users->rows.count = kept;
	kt_users_sum(users);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static bool is_unsized(const struct kt_users *users)
{
	return users->nr_unsized == (int64_t)users->rows.count;
}

static void put_headline(struct kt_report *report, const struct kt_snapshot *snap,
	enum kt_users_part part, const struct kt_users *users)
{
	const struct kt_user_list *list = kt_snapshot_users(snap, parts[part].file);
	char bytes[24];

	kt_human_bytes(users->bytes, bytes);
	if (is_unsized(users))
		kt_report_headline(report, "%s: %zu %s%s of unknown size: %s",
			parts[part].source->name, users->rows.count, parts[part].unit,
			plural(users->rows.count), why_unsized(&users->rows.items[0]));
	else
		kt_report_headline(report, "%s: %s%s of %zu %s%s%s", parts[part].source->name,
			bytes, users->nr_unsized ? " or more" : "", users->rows.count,
			parts[part].unit, plural(users->rows.count),
			users->nr_rounded ? ", rounded" : "");
	if (users->nr_unsized && !is_unsized(users))
		kt_report_note(report, "%s: %lld have no known size; --sort count shows them",
			parts[part].source->name, (long long)users->nr_unsized);
	if (list && list->nr_folded)
		kt_report_note(report,
			"%s: only so many different rows are kept; records in no row of their own: "
			"%lld",
			parts[part].source->name, (long long)list->nr_folded);
	if (list && list->nr_unread)
		kt_report_note(report, "%s: lines that could not be read: %lld",
			parts[part].source->name, (long long)list->nr_unread);
	if (list && list->file == KT_USERS_SITES && !users->bytes && !users->pools.count)
		kt_report_note(report,
			"no call site has memory: profiling is turned off (vm.mem_profiling)");
	if (list && list->headless)
		kt_report_note(report,
			"the list of call sites lacks its first line, so it may be only a part");
	if (users->nr_negative)
		kt_report_note(report,
			"amounts below zero (%lld): the kernel counted frees whose allocations it "
			"had not counted",
			(long long)users->nr_negative);
	if (users->nr_inexact)
		kt_report_note(report,
			"call sites that the kernel marks as inaccurate (%lld): allocations are "
			"missing in them",
			(long long)users->nr_inexact);
}

/* Where no size is known, the rows are sorted by what is known. */
static struct kt_column *make_columns(
	struct kt_report *report, const struct kt_call *call, size_t rank)
{
	struct kt_column *all = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!all)
		return NULL;
	memcpy(all, columns, sizeof(columns));
	if (call->interval_s)
		all[COL_SHARE].flags |= KT_COL_WIDE;
	if (rank != COL_BYTES) {
		kt_column_rank(all, COL_BYTES, rank);
		all[COL_BYTES].flags |= KT_COL_WIDE;
	}
	return all;
}

static size_t put_users(struct kt_report *report, const struct kt_call *call,
	enum kt_users_part part, const struct kt_users *users)
{
	size_t rank = rank_of(users);
	struct kt_column *all = users->rows.count ? make_columns(report, call, rank) : NULL;
	struct kt_table *table;
	double total = 0;

	if (!all)
		return 0;
	table = kt_report_list(
		report, parts[part].part->key, parts[part].title, all, KT_LEN(columns));
	for (size_t i = 0; i < users->rows.count; i++)
		total += (double)amount_of(&users->rows.items[i], rank);
	for (size_t i = 0; table && i < users->rows.count; i++)
		put_row(report, table, &users->rows.items[i], rank, total,
			parts[part].source->name);
	return users->rows.count;
}

/* The callers of vmalloc as users; 'ktally vmalloc' has more of them. */
static void group_vmalloc(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_users *ret_users)
{
	static const struct kt_user no_user = { .file = KT_USER_FILES };
	struct kt_vmalloc vmalloc;

	*ret_users = (struct kt_users){ 0 };
	kt_vmalloc_group(arena, snap, KT_VMALLOC_BY_CALLER, &vmalloc);
	for (size_t i = 0; i < vmalloc.rows.count; i++) {
		const struct kt_vmalloc_row *from = &vmalloc.rows.items[i];
		struct kt_users_row *row =
			from->bytes ? kt_list_push(arena, &ret_users->rows) : NULL;

		if (!row)
			continue;
		*row = (struct kt_users_row){ .name = from->function,
			.module = from->module,
			.what = from->what,
			.nr = from->nr_areas,
			.nr_pages = KT_UNKNOWN,
			.bytes = from->bytes,
			.has_bytes = from->bytes >= 0,
			.inexact = vmalloc.partial,
			.waste_bytes = KT_UNKNOWN,
			.age_min = KT_UNKNOWN,
			.age_max = KT_UNKNOWN,
			.pid_min = KT_UNKNOWN,
			.pid_max = KT_UNKNOWN,
			.nr_stacks = 1,
			.user = &no_user };
		ret_users->bytes += row->has_bytes ? row->bytes : 0;
		ret_users->nr_unsized += !row->has_bytes;
	}
}

size_t kt_users_put(struct kt_report *report, const struct kt_call *call,
	const struct kt_snapshot *snap, const struct kt_users_choice *choice, bool details)
{
	struct kt_table *stacks = NULL, *pools = NULL;
	struct kt_users users[KT_USERS_PARTS];
	size_t count = 0;

	for (int part = 0; part < KT_USERS_PARTS; part++) {
		users[part] = (struct kt_users){ 0 };
		if (!(choice->parts >> part & 1))
			continue;
		if (part == KT_USERS_PART_VMALLOC)
			group_vmalloc(&report->arena, snap, &users[part]);
		else
			kt_users_group(&report->arena, snap, parts[part].file, &users[part]);
		select_rows(&users[part], choice);

		if (users[part].rows.count)
			put_headline(report, snap, part, &users[part]);
		count += put_users(report, call, part, &users[part]);
		if (choice->pool || (!choice->cache && !choice->name && !choice->what))
			count += put_pools(report, &pools, snap, &users[part], choice);
	}
	for (int part = 0; details && part < KT_USERS_PARTS; part++) {
		if (users[part].rows.count)
			qsort(users[part].rows.items, users[part].rows.count,
				sizeof(*users[part].rows.items), by_size);
		put_stacks(report, &stacks, &users[part]);
	}
	return count;
}
