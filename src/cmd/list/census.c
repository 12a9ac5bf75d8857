// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cross-checks the account: looks at every page of memory and shows the counted pages next to the
// kernel's counters.
//
// The counters say how much memory each use has, and /proc/kpageflags has one word of flags for
// each page. The two ways share no file. So a row where they agree is confirmed, and a row where
// they differ is a mistake of one of them, or a change during the scan.
//
// Both columns add up to present memory. Page flags cannot show every row: pages of vmalloc,
// per-CPU memory and drivers have no flag. Their parent has the pages without a flag, and minus the
// counters of the named rows the direct page allocations remain.

#include "cmd/list/census.h"

#include "analysis/census.h"
#include "base/human.h"
#include "cli/cmd.h"
#include "machine/machine.h"
#include "output/picture/page_map.h"
#include "root/new_file.h"

#include <stdlib.h>
#include <string.h>

/* Classes of pages of each row of the account that pages can show. */
#define COUNTERS                                                                                   \
	&kt_source_host, &kt_source_meta, &kt_source_stat_refresh, &kt_source_vmstat,              \
		&kt_source_zoneinfo, &kt_source_meminfo, &kt_source_hugepages, &kt_source_bracket, \
		&kt_source_iomem, &kt_source_kexec, &kt_source_kmsg, &kt_source_btf,               \
		&kt_source_vmap_users, &kt_source_vmallocinfo, &kt_source_slabinfo,                \
		&kt_source_balloon
static const struct kt_needs counters_only = { .only = KT_SOURCES(COUNTERS) };
static const struct kt_needs counters_and_pages = { .only = KT_SOURCES(
							    COUNTERS, &kt_source_kpageflags) };
static const struct kt_needs counters_and_map = { .only = KT_SOURCES(
							  COUNTERS, &kt_source_memory_map) };

/*
 * Bytes. Rows of one depth add up to the row above them in both columns. DIFFERENCE is pages minus
 * counters. MOVED is the change of the counters between a reading before the scan and one after it.
 */
enum {
	COL_ID,
	COL_TITLE,
	COL_DEPTH,
	COL_COUNTERS,
	COL_PAGES,
	COL_COUNTERS_QUALITY,
	COL_PAGES_QUALITY,
	COL_DIFFERENCE,
	COL_MOVED,
	COL_WHY
};

static const struct kt_column columns[] = {
	[COL_ID] = { .key = "id",
		.title = "ID",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL | KT_COL_SET,
		.label = "row" },
	[COL_TITLE] = { .key = "title", .title = "", .flags = KT_COL_TREE | KT_COL_SET },
	[COL_DEPTH] = { .key = "depth",
		.title = "DEPTH",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[COL_COUNTERS] = { .key = "counters_bytes",
		.title = "COUNTERS",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(CENSUS_COUNTERS_BYTES),
		.flags = KT_COL_SIGNED,
		.help = "By the kernel's counters. Rows of the next depth add up to theirs." },
	[COL_PAGES] = { .key = "pages_bytes",
		.title = "PAGES",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(CENSUS_PAGES_BYTES),
		.flags = KT_COL_SIGNED,
		.help = "By counting pages; null where their flags do not say." },
	[COL_COUNTERS_QUALITY] = { .key = "counters_quality",
		.title = "QUALITY",
		.flags = KT_COL_DATA_ONLY,
		.help = "upper_bound: another row's part of the counter is not known; lower_bound; "
			"estimate; null: exact." },
	[COL_PAGES_QUALITY] = { .key = "pages_quality",
		.title = "QUALITY",
		.flags = KT_COL_DATA_ONLY,
		.help = "lower_bound: pages that could not be read may belong here; estimate; "
			"null: exact." },
	[COL_DIFFERENCE] = { .key = "difference_bytes",
		.title = "DIFFERENCE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Pages less counters." },
	[COL_MOVED] = { .key = "moved_bytes",
		.title = "MOVED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "How much the counters changed meanwhile; null where they were read "
			"once." },
	[COL_WHY] = { .key = "why",
		.title = "WHY",
		.flags = KT_COL_DATA_ONLY,
		.help = "Why the two may differ." },
};

/*
 * Every page is in one class, so the classes add up to all pages that were looked at. SHARE is a
 * fraction of these pages.
 */
enum { CLASS_ID, CLASS_TITLE, CLASS_COUNT, CLASS_BYTES, CLASS_SHARE };

static const struct kt_column class_columns[] = {
	[CLASS_ID] = { .key = "id", .title = "ID", .flags = KT_COL_DATA_ONLY | KT_COL_SET },
	[CLASS_TITLE] = { .key = "title", .title = "CLASS OF PAGES", .flags = KT_COL_SET },
	[CLASS_COUNT] = { .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[CLASS_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET },
	[CLASS_SHARE] = { .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
};

static struct kt_cell cell_of(const struct kt_val *val)
{
	return val->state == KT_OK ? kt_cell_number(val->value)
				   : kt_cell_missing(val->state, val->reason);
}

static struct kt_cell quality_of(const struct kt_val *val)
{
	return kt_cell_text(val->state == KT_OK && val->quality != KT_EXACT
				    ? kt_quality_name(val->quality)
				    : NULL);
}

/* Pages that could not be read may be of any row. */
static const char *mark_of(const struct kt_census_line *line)
{
	if (line->pages.state == KT_OK && line->pages.quality == KT_LOWER_BOUND)
		return "≥";
	if (line->counters.state != KT_OK)
		return NULL;
	return line->counters.quality == KT_UPPER_BOUND	  ? "counters ≤"
	       : line->counters.quality == KT_LOWER_BOUND ? "counters ≥"
							  : NULL;
}

/* A difference needs both values; with one missing there is none. */
static void put_line(
	struct kt_report *report, struct kt_table *table, const struct kt_census_line *line)
{
	bool both = line->counters.state == KT_OK && line->pages.state == KT_OK;
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->depth = line->depth;
	row->strong = line->depth < 2;
	row->minor = (line->counters.state != KT_OK || !line->counters.value) &&
		     (line->pages.state != KT_OK || !line->pages.value);
	row->cells[COL_ID] = kt_cell_text(line->id);
	row->cells[COL_TITLE] = kt_cell_text(line->title);
	row->cells[COL_DEPTH] = kt_cell_number(line->depth);
	row->cells[COL_COUNTERS] = cell_of(&line->counters);
	row->cells[COL_PAGES] = cell_of(&line->pages);
	row->cells[COL_COUNTERS_QUALITY] = quality_of(&line->counters);
	row->cells[COL_PAGES_QUALITY] = quality_of(&line->pages);
	row->mark = mark_of(line);
	row->cells[COL_MOVED] = cell_of(&line->moved);
	row->cells[COL_WHY] = kt_cell_text(line->why);
	if (both)
		row->cells[COL_DIFFERENCE] =
			kt_cell_number(line->pages.value - line->counters.value);
}

/*
 * In a copy the flags and the counters may come from different times, so no reason is given. On the
 * running machine a difference within the movements of all counters gets no note. The rest row has
 * none either: its difference repeats what other rows have.
 */
static void put_notes(struct kt_report *report, const kt_census_lines *lines, bool together)
{
	int64_t unrest = kt_census_unrest(lines);
	bool any = false;
	char size[24];

	if (!together) {
		kt_report_note(report,
			"the flags of this copy may have been read at another time than "
			"its counters, which may be the reason for a difference");
		return;
	}

	for (size_t i = 0; i < lines->count; i++) {
		const struct kt_census_line *line = &lines->items[i];

		bool may_be_unread = line->pages.quality == KT_LOWER_BOUND &&
				     line->pages.value < line->counters.value;

		if (!line->why || line->rest || may_be_unread || !kt_census_differs(line, unrest))
			continue;
		kt_human_bytes(line->pages.value - line->counters.value, size);
		kt_report_note(report, "%s, %s: %s", line->title, size, line->why);
		any = true;
	}
	if (any)
		kt_report_note(report,
			"a row with fewer pages than its counter means another row with "
			"more: often the direct page allocations, which take the rest");
}

static void put_classes(struct kt_report *report, const struct kt_snapshot *snap, bool shown)
{
	struct kt_table *table =
		kt_report_table(report, "classes", NULL, class_columns, KT_LEN(class_columns));
	const struct kt_census *census = snap->census;

	for (unsigned i = 0; table && i < KT_PAGE_CLASSES; i++) {
		struct kt_report_row *row;
		int64_t count = census->pages.nr[i];

		if (!(census->classes & 1u << i))
			continue;
		row = kt_table_row(report, table);
		if (!row)
			return;
		row->cells[CLASS_ID] = kt_cell_text(kt_page_class_id(i));
		row->cells[CLASS_TITLE] = kt_cell_text(kt_page_class_title(i));
		row->cells[CLASS_COUNT] = kt_cell_number(count);
		row->cells[CLASS_BYTES] =
			kt_cell_known(kt_known_times(count, snap->host.page_bytes));
		row->cells[CLASS_SHARE] = kt_cell_real((double)count / (double)census->nr_pages);
	}
	if (table)
		table->data_only = !shown;
}

/*
 * Pages on LRU lists have one flag and one set of counters: on an idle machine they agree to the
 * page. The check is separate from the rows, since it shows whether the scan itself is right.
 */
static void put_lru(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_snapshot *counters)
{
	struct kt_val lru = kt_census_lru(counters);

	kt_report_field(report, "lru", "counters_bytes", KT_CELL_BYTES, cell_of(&lru));
	kt_report_field(report, "lru", "pages_bytes", KT_CELL_BYTES,
		kt_cell_known(kt_known_times(snap->census->nr_lru, snap->host.page_bytes)));
}

/* How the source went that looked at the pages; NULL: none was asked. */
static const struct kt_source_state *outcome(const struct kt_snapshot *snap)
{
	const struct kt_source_state *state = kt_source_outcome(snap, &kt_source_memory_map);

	return state ? state : kt_source_outcome(snap, &kt_source_kpageflags);
}

static int64_t cost_ns(const struct kt_snapshot *snap)
{
	const struct kt_source_state *state = outcome(snap);

	return state ? state->cost_ns : 0;
}

static void put_summary(struct kt_report *report, const struct kt_snapshot *snap, const char *map)
{
	const struct kt_census *census = snap->census;
	int64_t took_ns = cost_ns(snap);
	char size[24];

	kt_human_bytes(census->nr_pages * snap->host.page_bytes, size);
	kt_report_field(report, NULL, "pages", KT_CELL_COUNT, kt_cell_number(census->nr_pages));
	kt_report_field(
		report, NULL, "left_out_pages", KT_CELL_COUNT, kt_cell_number(census->nr_outside));
	kt_report_field(report, NULL, "seconds", KT_CELL_REAL, kt_cell_real((double)took_ns / 1e9));
	kt_report_field(report, NULL, "map", KT_CELL_TEXT, kt_cell_text(map));
	kt_report_headline(report, "%s in %lld pages, looked at in %.2f s", size,
		(long long)census->nr_pages, (double)took_ns / 1e9);
	if (census->pages.nr[KT_PAGE_UNREAD])
		kt_report_note(report,
			"%s: the use of %lld pages is not known, and each row with ≥ may have "
			"more by up to as many",
			kt_source_outcome(snap, &kt_source_memory_map)
				? "the memory map cannot be read as a whole"
				: "the file of flags ends before the last page",
			(long long)census->pages.nr[KT_PAGE_UNREAD]);
	if (census->nr_outside)
		kt_report_note(report,
			"%lld pages of System RAM are left out: they are offline or in no zone",
			(long long)census->nr_outside);
}

/*
 * Reads the counters a second time. The running machine is opened and read again. The difference
 * between the two readings bounds what the machine did during the scan.
 */
static struct kt_err *count_again(
	const struct kt_call *call, struct kt_machine *machine, struct kt_account *account)
{
	struct kt_err *err = kt_machine_read(&call->machine, machine, 0, &counters_only);
	if (!err)
		err = kt_account_compute(machine->snap, KT_NO_NODE, account);
	return err;
}

/* A copy of a machine has one set of counters only, so MOVED stays empty. */
static struct kt_err *compare(
	const struct kt_call *call, const struct kt_machine *machine, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine later = { 0 };
	KT_CLEANUP(account) struct kt_account first = { 0 };
	KT_CLEANUP(account) struct kt_account second = { 0 };
	struct kt_census_counters before = { machine->snap, &first }, after = { NULL, &second };
	struct kt_err *err = kt_account_compute(machine->snap, KT_NO_NODE, &first);
	struct kt_table *table;
	kt_census_lines lines = { 0 };

	if (!err && machine->snap->host.live)
		err = count_again(call, &later, &second);
	if (err)
		return err;
	after.snap = later.snap;
	kt_census_compare(
		machine->snap->census, &before, later.snap ? &after : NULL, &report->arena, &lines);
	table = kt_report_table(report, "rows", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < lines.count; i++)
		put_line(report, table, &lines.items[i]);
	put_classes(report, machine->snap, call->show.all);
	put_lru(report, machine->snap, later.snap ? later.snap : machine->snap);
	put_notes(report, &lines, machine->snap->host.live || machine->snap->host.at_rest);
	return NULL;
}

static bool is_svg(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcasecmp(name + n - 4, ".svg") == 0;
}

static struct kt_err *make_map(const struct kt_snapshot *snap, const char *name, int *ret_width,
	int *ret_height, struct kt_buf *ret_bytes)
{
	KT_CLEANUP(canvas) struct kt_canvas canvas = { 0 };
	struct kt_err *err;

	if (is_svg(name))
		return kt_page_map_svg(snap, ret_width, ret_height, ret_bytes);
	err = kt_page_map_draw(snap, &canvas);
	*ret_width = canvas.width;
	*ret_height = canvas.height;
	return err ? err : kt_canvas_png(&canvas, ret_bytes);
}

/* The file appears under its name only when the picture is complete. */
static struct kt_err *draw_map(struct kt_new_file *file, const struct kt_snapshot *snap,
	const char *name, struct kt_report *report)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
	int width, height;
	struct kt_err *err;

	if (!snap->census->map)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = make_map(snap, name, &width, &height, &bytes);
	if (!err && bytes.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = kt_new_file_write(file, bytes.data, bytes.size);
	if (!err)
		err = kt_new_file_commit(file);
	if (err)
		return err;
	kt_report_note(report, "%s: a picture of %d x %d pixels", name, width, height);
	return NULL;
}

/* Says why there is no census: the reason of the source that could not be read. */
static struct kt_err *why_not(const struct kt_snapshot *snap)
{
	const struct kt_source_state *state = outcome(snap);

	if (state && !state->wanted)
		return kt_err_new(
			KT_ERR_USAGE, "a census looks at every page: run it without --cheap");
	if (state && kt_source_outcome(snap, &kt_source_memory_map))
		return kt_err_new(state->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT, "%s",
			state->why);
	if (state)
		return kt_err_new(state->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT,
			"%s; a census needs root and a kernel with "
			"CONFIG_PROC_PAGE_MONITOR, or a directory with proc/kpageflags "
			"and proc/iomem",
			state->why);
	return kt_err_new(KT_ERR_ABSENT, "no flags of pages");
}

struct census_args {
	int by; /* enum kt_census_by */
	const char *map;
	bool force, exact;
};

static struct kt_err *collect(
	const struct kt_call *call, struct kt_machine *machine, struct kt_report *report)
{
	const struct census_args *args = kt_call_own(call);
	unsigned want = args->map ? KT_WANT_PAGE_MAP : 0;
	struct kt_err *err = kt_machine_open(&call->machine, machine);

	if (args->by == KT_CENSUS_BY_CGROUP)
		want |= KT_WANT_CGROUPS;
	if (!err)
		err = kt_machine_collect(
			machine, want, args->exact ? &counters_and_map : &counters_and_pages);
	if (err)
		return err;
	if (!machine->snap->census)
		return kt_machine_blame(&call->machine, why_not(machine->snap));
	kt_machine_describe(machine, report);
	put_summary(report, machine->snap, args->map);
	return NULL;
}

static const struct kt_column field_columns[] = {
	{ .key = "pages",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.min = 1,
		.help = "Pages that were looked at." },
	{ .key = "left_out_pages",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "System RAM that is offline or in no zone." },
	{ .key = "seconds", .type = KT_CELL_REAL, .flags = KT_COL_SET },
	{ .key = "map", .help = "The picture that was written." },
};

static const struct kt_column lru_columns[] = {
	{ .key = "counters_bytes", .type = KT_CELL_BYTES },
	{ .key = "pages_bytes", .type = KT_CELL_BYTES },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part lru_part = {
	.key = "lru",
	KT_COLUMNS_OF(lru_columns),
	.forms = 1 << KT_CENSUS_BY_ROW,
	.help = "Pages on LRU lists: one flag, one set of counters.",
};
static const struct kt_part rows_part = {
	.key = "rows",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.forms = 1 << KT_CENSUS_BY_ROW,
	.help = "The account, by counters and by pages; without --by.",
};
static const struct kt_part classes_part = {
	.key = "classes",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(class_columns),
	.forms = 1 << KT_CENSUS_BY_ROW,
};

static const struct kt_shape shape = {
	.schema = "ktally/census/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &lru_part, &rows_part, &classes_part,
		&kt_census_by_parts[0], &kt_census_by_parts[1], &kt_census_by_parts[2]),
};

/* The new file is created first: a path that cannot be written fails before the scan. */
static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct census_args *args = kt_call_own(call);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(new_file) struct kt_new_file file = KT_NEW_FILE_NONE;
	struct kt_err *err = NULL;

	kt_report_begin(report, &shape);
	if (args->map)
		err = kt_new_file_create(args->map, args->force, &file);
	if (!err)
		err = collect(call, &machine, report);
	if (err)
		return err;
	if (args->by != KT_CENSUS_BY_ROW)
		kt_census_put_by(report, machine.snap, (enum kt_census_by)args->by);
	else
		err = compare(call, &machine, report);
	if (err)
		return kt_machine_blame(&call->machine, err);
	return args->map ? draw_map(&file, machine.snap, args->map, report) : NULL;
}

static const struct kt_option options[] = {
	{ 0, "by", "GROUP", "group by", .kind = KT_ARG_CHOICE, KT_AT(struct census_args, by),
		.choices = KT_CENSUS_CHOICES },
	{ 0, "exact", NULL, "read the memory map itself", .kind = KT_ARG_FLAG,
		KT_AT(struct census_args, exact) },
	{ 0, "map", "FILE", "write a picture of physical memory, PNG, or SVG if it ends in .svg",
		.kind = KT_ARG_NEW_FILE, KT_AT(struct census_args, map),
		.prepare = kt_canvas_prepare },
	{ 0, "force", NULL, "overwrite the file", .kind = KT_ARG_FLAG,
		KT_AT(struct census_args, force) },
};

static const struct kt_example examples[] = {
	{ "ktally census", "pages against counters" },
	{ "ktally census --by zone", "the use of pages in each zone" },
	{ "ktally census --exact", "by the memory map, with large kmalloc" },
	{ "ktally census --map memory.svg", "a picture of physical memory" },
};

const struct kt_cmd kt_cmd_census = {
	.name = "census",
	.summary = "cross-checks the account against every page",
	.help = "Looks at every page of memory and compares what the pages are used for with "
		"the counters of the account. DIFFERENCE is pages minus counters, MOVED is "
		"how much the counters changed meanwhile: a difference of that size is the "
		"machine at work. Both columns add up to all memory that is present.\n\n"
		"Pages of vmalloc, per-CPU lists, large kmalloc and drivers have no flag of "
		"their own. Minus the counters of the known uses, they are the direct page "
		"allocations, found a second time. Notes say why rows differ; -a adds the "
		"classes of pages.\n\n"
		"--by lists zones, nodes or cgroups; cgroups are shown without slab, which is "
		"charged by object. --map draws physical memory, which shows fragmentation.\n\n"
		"--exact reads the memory map itself, through /proc/kcore or a BPF program that "
		"only reads. It is faster, and shows large kmalloc, zsmalloc and pages without a "
		"reference by themselves where the kernel marks them; 'ktally slab --exact' lists "
		"large kmalloc by order.\n\n"
		"Needs root and 0.1 s for each 6 GiB; no other process waits for it. 'ktally "
		"capture' does not pack the flags: for a copy, put proc/kpageflags next to "
		"the other files in a directory.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct census_args),
	.shape = &shape,
	.run = run,
};
