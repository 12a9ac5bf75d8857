// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slab caches: what each holds, and what of it is wasted, by cause.

#include "cmd/slab.h"

#include "analysis/cache_lore.h"
#include "cmd/memreport.h"
#include "cmd/session.h"
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

enum {
	COL_NAME,
	COL_COPY,
	COL_HELD,
	COL_GROWTH,
	COL_RATE,
	COL_IN_USE,
	COL_FREE,
	COL_PADDING,
	COL_TAIL,
	COL_USED,
	COL_READY,
	COL_OBJECTS,
	COL_TOTAL,
	COL_OBJECT,
	COL_SLOT,
	COL_PER_SLAB,
	COL_PAGES,
	COL_SLABS,
	COL_UNCERTAIN,
	COL_CACHES,
	COL_RECLAIMABLE,
	COL_ACCOUNTED,
	COL_MAKER,
	COL_CTOR,
	COL_ALIASES,
	NR_COLUMNS,
};

#define BYTES_OF(k, t, f, m, h)                                                               \
	{                                                                                     \
		.key = (k), .title = (t), .type = KT_CELL_BYTES, .flags = (f), .metric = (m), \
		.help = (h)                                                                   \
	}

static const struct kt_column columns[NR_COLUMNS] = {
	[COL_NAME] = { .key = "name", .title = "CACHE", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_COPY] = { .key = "copy",
		.title = "COPY",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_LABEL | KT_COL_DATA_ONLY },
	[COL_HELD] = BYTES_OF("bytes", "HELD", KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		"ktally_slab_cache_bytes", "Pages of the slabs of a cache."),
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_IN_USE] = BYTES_OF("in_use_bytes", "IN USE", KT_COL_SUM | KT_COL_WIDE,
		"ktally_slab_cache_in_use_bytes", "Objects of a cache that are handed out."),
	[COL_FREE] = BYTES_OF("free_bytes", "FREE", KT_COL_SUM, "ktally_slab_cache_free_bytes",
		"Free objects in the slabs of a cache."),
	[COL_PADDING] = BYTES_OF("padding_bytes", "PADDING", KT_COL_SUM | KT_COL_WIDE,
		"ktally_slab_cache_padding_bytes", "Alignment and metadata around objects in use."),
	[COL_TAIL] = BYTES_OF("tail_bytes", "TAIL", KT_COL_SUM, "ktally_slab_cache_tail_bytes",
		"Remainders of slabs that no object fits in."),
	[COL_USED] = { .key = "used",
		.title = "USED",
		.type = KT_CELL_SHARE,
		.num = COL_IN_USE,
		.den = COL_HELD },
	[COL_READY] = BYTES_OF("ready_bytes", "READY", KT_COL_SUM | KT_COL_WIDE, NULL, NULL),
	[COL_OBJECTS] = { .key = "objects",
		.title = "OBJECTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM,
		.metric = "ktally_slab_cache_objects",
		.help = "Objects of a cache that are handed out." },
	[COL_TOTAL] = { .key = "slots",
		.title = "SLOTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_OBJECT] = BYTES_OF("object_bytes", "OBJECT", KT_COL_WIDE, NULL, NULL),
	[COL_SLOT] = BYTES_OF("slot_bytes", "SLOT", KT_COL_WIDE, NULL, NULL),
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
	[COL_UNCERTAIN] =
		BYTES_OF("uncertain_bytes", "UNCERTAIN", KT_COL_SUM | KT_COL_WIDE, NULL, NULL),
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

/* What is followed needs the room of what is not; details are shown where they are asked for. */
static const struct kt_column *columns_for(
	const struct kt_options *options, struct kt_report *report)
{
	struct kt_column *copy = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!copy)
		return columns;
	memcpy(copy, columns, sizeof(columns));
	if (options->interval_s) {
		copy[COL_TAIL].flags |= KT_COL_WIDE;
		copy[COL_OBJECTS].flags |= KT_COL_WIDE;
	}
	if (options->families)
		copy[COL_CACHES].flags &= ~(unsigned)KT_COL_WIDE;
	if (options->details) {
		copy[COL_OBJECTS].flags |= KT_COL_WIDE;
		copy[COL_PADDING].flags &= ~(unsigned)KT_COL_WIDE;
		copy[COL_READY].flags &= ~(unsigned)KT_COL_WIDE;
		copy[COL_MAKER].flags &= ~(unsigned)KT_COL_WIDE;
		copy[COL_ALIASES].flags &= ~(unsigned)KT_COL_WIDE;
	}
	return copy;
}

/* Does it take /sys/kernel/slab to show or sort by what was asked for? */
static bool needs_details(const struct kt_options *options)
{
	static const int of_sysfs[] = { COL_PADDING, COL_READY, COL_OBJECT, COL_RECLAIMABLE,
		COL_ACCOUNTED, COL_CTOR, COL_ALIASES };

	for (size_t i = 0; options->sort && i < KT_LEN(of_sysfs); i++) {
		if (strcmp(options->sort, columns[of_sysfs[i]].key) == 0)
			return true;
	}
	return options->all || options->details;
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
	row->cells[COL_FREE] = kt_cell_known(use->free_bytes);
	row->cells[COL_PADDING] = kt_cell_known(use->padding_bytes);
	row->cells[COL_TAIL] = kt_cell_known(use->tail_bytes);
	row->cells[COL_READY] = kt_cell_known(use->ready_bytes);
	row->cells[COL_OBJECTS] = kt_cell_known(use->cache->active_objs);
	row->cells[COL_TOTAL] = kt_cell_known(use->cache->nr_objs);
	row->cells[COL_OBJECT] = kt_cell_known(use->object_bytes);
	row->cells[COL_SLOT] = kt_cell_known(use->slot_bytes);
	row->cells[COL_PER_SLAB] = kt_cell_known(use->cache->objs_per_slab);
	row->cells[COL_PAGES] = kt_cell_known(use->cache->pages_per_slab);
	row->cells[COL_SLABS] = kt_cell_known(use->cache->nr_slabs);
	row->cells[COL_UNCERTAIN] = kt_cell_known(use->uncertain_bytes);
	row->cells[COL_CACHES] = kt_cell_number(1);
	row->mark = use->uncertain_bytes > 0 ? "≤" : NULL;
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
	row->next = kt_arena_printf(&report->arena, "'ktally slab %s'", use->cache->name);
	aliases = kt_slab_aliases(use, use->cache->name, &report->arena);
	row->cells[COL_ALIASES] = kt_cell_text(*aliases ? aliases : NULL);
}

/*
 * What the caches leave of the counter. More: kmalloc of more than two pages, which is
 * handed out whole. Less: slabs counted at a size that they do not have.
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
	if (snap->caches_partial)
		row->cells[COL_NAME] = kt_cell_text("(not in the report)");
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

/* Something with a name, to be sorted by it, and among equals as it stood. */
struct member {
	const char *name;
	const struct kt_slab_use *use;
	struct kt_report_row *row;
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

/* Caches may have the same name; a second one is told apart from the first by its number. */
static void number_copies(struct kt_report *report, const struct kt_table *table)
{
	size_t count = table->rows.count;
	member_list names = { 0 };
	int64_t copy = 1;

	for (size_t i = 0; i < count; i++) {
		struct member *slot = kt_list_push(&report->arena, &names);

		if (!slot)
			return;
		*slot = (struct member){ .name = table->rows.items[i].cells[COL_NAME].text,
			.row = &table->rows.items[i],
			.index = i };
	}
	if (count)
		qsort(names.items, count, sizeof(*names.items), by_name);
	for (size_t i = 1; i < count; i++) {
		copy = strcmp(names.items[i - 1].name, names.items[i].name) == 0 ? copy + 1 : 1;
		if (copy > 1)
			names.items[i].row->cells[COL_COPY] = kt_cell_number(copy);
	}
}

void kt_slab_put_caches(const struct kt_options *options, struct kt_report *report,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	struct kt_table *table =
		kt_report_list(report, "caches", NULL, columns_for(options, report), NR_COLUMNS);
	member_list members = { 0 };

	for (size_t i = 0; table && i < uses->items.count; i++) {
		const struct kt_slab_use *use = &uses->items.items[i];
		const char *family =
			options->families ? kt_slab_family(use->cache->name, &report->arena) : NULL;
		struct member *slot = family ? kt_list_push(&report->arena, &members) : NULL;

		if (slot)
			*slot = (struct member){ .name = family, .use = use, .index = i };
		else if (!family)
			put_cache(report, table, use);
	}
	if (!table)
		return;
	put_families(report, table, &members);
	number_copies(report, table);
	put_rest(report, table, snap, uses);
}

/* ---- the whole ---- */

static const struct kt_column whole_columns[] = {
	{ .key = "slab", .title = "SLAB", .type = KT_CELL_BYTES },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
	{ .key = "in_use", .title = "IN USE", .type = KT_CELL_BYTES },
	{ .key = "waste", .title = "WASTED", .type = KT_CELL_BYTES },
	{ .key = "free", .title = "FREE", .type = KT_CELL_BYTES },
	{ .key = "padding", .title = "PADDING", .type = KT_CELL_BYTES },
	{ .key = "tail", .title = "TAIL", .type = KT_CELL_BYTES },
};

static void put_number(struct kt_report *report, const char *key, int64_t bytes, const char *metric,
	const char *help)
{
	struct kt_field *field =
		kt_report_field(report, "slab", key, KT_CELL_BYTES, kt_cell_known(bytes));

	if (field) {
		field->metric = metric;
		field->help = help;
	}
}

static int64_t waste_of(const struct kt_slab_uses *uses)
{
	if (uses->free_bytes < 0)
		return -1;
	return uses->free_bytes + (uses->tail_bytes > 0 ? uses->tail_bytes : 0) +
	       (uses->padding_bytes > 0 ? uses->padding_bytes : 0);
}

/* Andi Kleen's table: the whole, what is in use, what is wasted, the share of memory. */
static void put_whole(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	int64_t memory = kt_snapshot_memory(snap);
	int64_t slab = uses->slab_bytes >= 0 ? uses->slab_bytes : uses->held_bytes;
	struct kt_cell share = kt_cell_missing(KT_ABSENT, NULL);
	struct kt_report_row *row;
	struct kt_table *table;

	if (slab >= 0 && memory > 0)
		share = kt_cell_real((double)slab / (double)memory);
	put_number(report, "bytes", slab, "ktally_slab_bytes", "Slab, all of it.");
	put_number(report, "reclaimable_bytes", uses->reclaimable_bytes, NULL, NULL);
	put_number(report, "unreclaimable_bytes", uses->unreclaimable_bytes, NULL, NULL);
	kt_report_field(report, "slab", "share", KT_CELL_SHARE, share);
	put_number(report, "caches_bytes", uses->held_bytes, NULL, NULL);
	put_number(report, "in_use_bytes", uses->in_use_bytes, NULL, NULL);
	put_number(report, "free_bytes", uses->free_bytes, NULL, NULL);
	put_number(report, "padding_bytes", uses->padding_bytes, NULL, NULL);
	put_number(report, "tail_bytes", uses->tail_bytes, NULL, NULL);
	put_number(report, "uncertain_bytes", uses->uncertain_bytes, NULL, NULL);
	put_number(report, "meminfo_bytes", uses->meminfo_bytes, NULL, NULL);
	table = kt_report_table(report, "whole", NULL, whole_columns, KT_LEN(whole_columns));
	row = table ? kt_table_row(report, table) : NULL;
	if (!row)
		return;
	table->text_only = true;
	row->cells[0] = kt_cell_known(slab);
	row->cells[1] = share;
	row->cells[2] = kt_cell_known(uses->in_use_bytes);
	row->cells[3] = kt_cell_known(waste_of(uses));
	row->cells[4] = kt_cell_known(uses->free_bytes);
	row->cells[5] = kt_cell_known(uses->padding_bytes);
	row->cells[6] = kt_cell_known(uses->tail_bytes);
}

static void put_notes(struct kt_report *report, const struct kt_options *options,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	char human[24];

	for (size_t i = 0; i < snap->notes.count; i++)
		kt_report_note(report, "%s", snap->notes.items[i]);
	if (uses->uncertain_bytes > 0) {
		kt_human_bytes(uses->uncertain_bytes, human);
		kt_report_note(report,
			"≤: some slabs of the cache were made smaller than planned; all caches "
			"together hold up to %s less, which is counted as tail here",
			human);
	}
	if (uses->rest_bytes < 0) {
		kt_human_bytes(-uses->rest_bytes, human);
		kt_report_note(report,
			"the caches add up to %s more than Slab: slabs were made smaller than "
			"planned, or the files are not of one moment",
			human);
	}
	if (uses->meminfo_bytes >= 0 && uses->slab_bytes >= 0 &&
		uses->meminfo_bytes != uses->slab_bytes) {
		kt_human_bytes(llabs(uses->meminfo_bytes - uses->slab_bytes), human);
		kt_report_note(report, "Slab of /proc/meminfo, read at another moment, is %s %s",
			human, uses->meminfo_bytes > uses->slab_bytes ? "more" : "less");
	}
	if (uses->slab_bytes < 0)
		kt_report_note(report, "no file has the Slab counter: what is in no cache (large "
				       "kmalloc) is not known");
	if (!options->interval_s && !needs_details(options) && uses->in_use_bytes >= 0 &&
		!snap->cache_folders.count)
		kt_report_note(report, "objects that CPUs keep ready count as in use, and a name "
				       "may stand for several merged caches: --details tells. "
				       "'ktally slab CACHE' explains one");
}

/* Why nothing can be shown: the source's own reason. */
static struct kt_err *nothing(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *source = &snap->sources.items[i];

		if (strcmp(source->name, "slabinfo") != 0 || !source->why)
			continue;
		if (!source->wanted)
			return kt_err_new(KT_ERR_ABSENT, "no list of slab caches: slabinfo is %s",
				source->why);
		return kt_err_new(source->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT,
			"no list of slab caches: %s; it takes root, and a kernel with "
			"CONFIG_SLUB_DEBUG",
			source->why);
	}
	if (kt_memreport_of(snap))
		return kt_err_new(KT_ERR_ABSENT,
			"this memory report lists no slab caches: the OOM killer lists those that "
			"cannot be reclaimed, from 4.15 on, and only where they have more than all "
			"processes and cache");
	return kt_err_new(KT_ERR_ABSENT, "no list of slab caches: no proc/slabinfo");
}

static bool has_numbers(const struct kt_slab_uses *uses)
{
	for (size_t i = 0; i < uses->items.count; i++) {
		if (uses->items.items[i].cache->nr_objs >= 0 ||
			uses->items.items[i].held_bytes >= 0)
			return true;
	}
	return false;
}

static struct kt_err *collect(const struct kt_options *options, struct kt_session *session)
{
	struct kt_err *err = kt_session_open(options, session);
	const char *asked = options->operands[0];

	if (err)
		return err;
	if (asked)
		session->snap->asked_cache =
			kt_arena_name(&session->snap->arena, kt_span_str(asked));
	return kt_session_collect(session, options, needs_details(options) ? KT_WANT_DETAILS : 0,
		asked ? "host meta vmstat zoneinfo meminfo slabinfo slabs slab_details"
		      : "host meta vmstat zoneinfo meminfo slabinfo slabs");
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_err *err;

	kt_report_init(report, options->nr_operands ? "ktally/slab-cache/1" : "ktally/slab/1");
	err = collect(options, &session);
	if (!err)
		err = kt_session_blame(options, kt_slab_analyse(session.snap, &uses));
	if (!err && !uses.items.count)
		err = kt_session_blame(options, nothing(session.snap));
	if (!err && !options->nr_operands && !has_numbers(&uses))
		err = kt_session_blame(options, nothing(session.snap));
	if (err)
		return err;
	kt_session_describe(&session, options, report);
	if (options->nr_operands)
		return kt_slab_cache_report(
			options, session.snap, &uses, session.snap->asked_cache, report);
	put_whole(report, session.snap, &uses);
	kt_slab_put_caches(options, report, session.snap, &uses);
	put_notes(report, options, session.snap, &uses);
	return NULL;
}

const struct kt_cmd kt_cmd_slab = {
	.name = "slab",
	.summary = "slab caches: what each holds, and what of it is wasted",
	.operands = "[CACHE]",
	.nr_operands_max = 1,
	.repeats = true,
	.help = "Lists the caches that the kernel keeps its objects in, largest first. HELD is "
		"what a cache takes: slabs times pages. FREE of it is free objects in slabs "
		"that hold others too, TAIL what is left over at the end of each slab; the "
		"rest is USED. The rows add up to slab in the account: (large kmalloc) is what "
		"is in no cache.\n\n"
		"-i 10 shows what grows, the fastest on top. A straight line near 100 % used "
		"is a leak; a curve that flattens is a cache at work. --families adds up the "
		"kinds of kmalloc of one size. With CACHE: a picture of one slab, what the "
		"cache is used for, what makes it grow and what to do.\n\n"
		"--details, -a and CACHE read /sys/kernel/slab too. Of all caches that is six "
		"files each: with 235 caches 11 ms of CPU, against 1.7 ms for slabinfo. It "
		"adds PADDING around objects, READY (up to so much of what is in use lies free "
		"with a CPU, which slabinfo does not tell), who made a cache, and what it is "
		"MERGED WITH: the kernel makes one cache of caches that are alike, and "
		"slabinfo has the name of the first.\n\n"
		"The sign ≤ marks a cache that may hold less than HELD: some of its slabs were "
		"made smaller than planned; UNCERTAIN (-a) is how much at most. Where a cache "
		"has more than 10,000 slabs with free objects, USED is an estimate of the "
		"kernel's.",
	.run = run,
};
