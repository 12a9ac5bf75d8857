// SPDX-License-Identifier: GPL-2.0-or-later
//
// The account a second time: every page of memory is looked at, and what is counted stands
// beside what the kernel's counters say.

#include "cmd/census.h"

#include "analysis/census.h"
#include "cmd/session.h"
#include "output/output.h"
#include "output/page_map.h"
#include "root/new_file.h"

#include <stdlib.h>
#include <string.h>

/* What the rows of the account that pages can tell are made of. */
#define COUNTERS                                                                             \
	"host meta stat_refresh vmstat zoneinfo meminfo hugepages bracket iomem kexec kmsg " \
	"vmallocinfo btf slabinfo balloon"

enum { COL_ID, COL_TITLE, COL_DEPTH, COL_COUNTERS, COL_PAGES, COL_DIFFERENCE, COL_MOVED, COL_WHY };

static const struct kt_column columns[] = {
	[COL_ID] = { .key = "id",
		.title = "ID",
		.flags = KT_COL_DATA_ONLY | KT_COL_LABEL,
		.label = "row" },
	[COL_TITLE] = { .key = "title", .title = "", .flags = KT_COL_TREE },
	[COL_DEPTH] = { .key = "depth",
		.title = "DEPTH",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY },
	[COL_COUNTERS] = { .key = "counters_bytes",
		.title = "COUNTERS",
		.type = KT_CELL_BYTES,
		.metric = "ktally_census_counters_bytes",
		.help = "Memory by the kernel's counters, as the account has it." },
	[COL_PAGES] = { .key = "pages_bytes",
		.title = "PAGES",
		.type = KT_CELL_BYTES,
		.metric = "ktally_census_pages_bytes",
		.help = "Memory by counting pages." },
	[COL_DIFFERENCE] = { .key = "difference_bytes",
		.title = "DIFFERENCE",
		.type = KT_CELL_BYTES },
	[COL_MOVED] = { .key = "moved_bytes", .title = "MOVED", .type = KT_CELL_BYTES },
	[COL_WHY] = { .key = "why", .title = "WHY", .flags = KT_COL_DATA_ONLY },
};

enum { CLASS_ID, CLASS_TITLE, CLASS_COUNT, CLASS_BYTES, CLASS_SHARE };

static const struct kt_column class_columns[] = {
	[CLASS_ID] = { .key = "id", .title = "ID", .flags = KT_COL_DATA_ONLY },
	[CLASS_TITLE] = { .key = "title", .title = "CLASS OF PAGES" },
	[CLASS_COUNT] = { .key = "pages", .title = "PAGES", .type = KT_CELL_COUNT },
	[CLASS_BYTES] = { .key = "bytes", .title = "SIZE", .type = KT_CELL_BYTES },
	[CLASS_SHARE] = { .key = "share", .title = "SHARE", .type = KT_CELL_SHARE },
};

static struct kt_cell cell_of(const struct kt_val *val)
{
	return val->state == KT_OK ? kt_cell_number(val->value)
				   : kt_cell_missing(val->state, val->reason);
}

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
	row->cells[COL_MOVED] = cell_of(&line->moved);
	row->cells[COL_WHY] = kt_cell_text(line->why);
	if (both)
		row->cells[COL_DIFFERENCE] =
			kt_cell_number(line->pages.value - line->counters.value);
}

/* Of a copy the two may be of different moments, so that no reason is worth giving. */
static void put_notes(struct kt_report *report, const kt_census_lines *lines, bool live)
{
	int64_t unrest = kt_census_unrest(lines);
	bool any = false;
	char size[24];

	if (!live) {
		kt_report_note(report,
			"the flags of this copy may have been read at another moment than its "
			"counters; a difference tells of that first");
		return;
	}

	for (size_t i = 0; i < lines->count; i++) {
		const struct kt_census_line *line = &lines->items[i];

		if (!line->why || line->rest || !kt_census_differs(line, unrest))
			continue;
		kt_human_bytes(line->pages.value - line->counters.value, size);
		kt_report_note(report, "%s, %s: %s", line->title, size, line->why);
		any = true;
	}
	if (any)
		kt_report_note(report,
			"what one row has less in pages than in counters, another has more: often "
			"the direct page allocations, which take what the other rows leave");
}

static void put_classes(struct kt_report *report, const struct kt_snapshot *snap, bool shown)
{
	struct kt_table *table =
		kt_report_table(report, "classes", NULL, class_columns, KT_LEN(class_columns));
	const struct kt_census *census = snap->census;

	for (unsigned i = 0; table && i < KT_PAGE_CLASSES; i++) {
		struct kt_report_row *row = kt_table_row(report, table);
		int64_t count = census->pages.nr[i];

		if (!row)
			return;
		row->cells[CLASS_ID] = kt_cell_text(kt_page_class_id(i));
		row->cells[CLASS_TITLE] = kt_cell_text(kt_page_class_title(i));
		row->cells[CLASS_COUNT] = kt_cell_number(count);
		row->cells[CLASS_BYTES] = kt_cell_number(count * snap->host.page_bytes);
		row->cells[CLASS_SHARE] = kt_cell_real((double)count / (double)census->nr_pages);
	}
	if (table)
		table->data_only = !shown;
}

/* Pages on LRU lists are told by one flag and counted by one set of counters: the two agree
 * to the page on an idle machine. */
static void put_lru(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_snapshot *counters)
{
	struct kt_val lru = kt_census_lru(counters);

	kt_report_field(report, "lru", "counters_bytes", KT_CELL_BYTES, cell_of(&lru));
	kt_report_field(report, "lru", "pages_bytes", KT_CELL_BYTES,
		kt_cell_number(snap->census->nr_lru * snap->host.page_bytes));
}

static int64_t cost_ns(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->sources.count; i++) {
		if (strcmp(snap->sources.items[i].name, "kpageflags") == 0)
			return snap->sources.items[i].cost_ns;
	}
	return 0;
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
			"the file of flags ends before the last page: %lld pages are not known",
			(long long)census->pages.nr[KT_PAGE_UNREAD]);
	if (census->nr_outside)
		kt_report_note(report,
			"%lld pages of System RAM are left out: they are offline or in no zone",
			(long long)census->nr_outside);
}

/* The counters once more. The session is the running machine's, so it opens again. */
static struct kt_err *count_again(
	const struct kt_options *options, struct kt_session *session, struct kt_account *account)
{
	struct kt_err *err = kt_session_open(options, session);

	if (!err)
		err = kt_session_collect(session, options, 0, COUNTERS);
	if (!err)
		err = kt_account_compute(session->snap, KT_NO_NODE, account);
	return err;
}

static struct kt_err *compare(const struct kt_options *options, const struct kt_session *session,
	struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session later = { 0 };
	KT_CLEANUP(account) struct kt_account first = { 0 };
	KT_CLEANUP(account) struct kt_account second = { 0 };
	struct kt_census_counters before = { session->snap, &first }, after = { NULL, &second };
	struct kt_err *err = kt_account_compute(session->snap, KT_NO_NODE, &first);
	struct kt_table *table;
	kt_census_lines lines = { 0 };

	if (!err && session->snap->host.live)
		err = count_again(options, &later, &second);
	if (err)
		return err;
	after.snap = later.snap;
	kt_census_compare(
		session->snap->census, &before, later.snap ? &after : NULL, &report->arena, &lines);
	table = kt_report_table(report, "rows", NULL, columns, KT_LEN(columns));
	for (size_t i = 0; table && i < lines.count; i++)
		put_line(report, table, &lines.items[i]);
	put_classes(report, session->snap, options->all);
	put_lru(report, session->snap, later.snap ? later.snap : session->snap);
	put_notes(report, &lines, session->snap->host.live);
	return NULL;
}

static struct kt_err *draw_map(struct kt_new_file *file, const struct kt_snapshot *snap,
	const char *name, struct kt_report *report)
{
	KT_CLEANUP(canvas) struct kt_canvas canvas = { 0 };
	KT_CLEANUP(buf) struct kt_buf png = { 0 };
	struct kt_err *err;

	if (!snap->census->map)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_page_map_draw(snap, &canvas);
	if (!err)
		err = kt_canvas_png(&canvas, &png);
	if (!err)
		err = kt_new_file_write(file, png.data, png.size);
	if (!err)
		err = kt_new_file_commit(file);
	if (err)
		return err;
	kt_report_note(report, "%s: a picture of %d x %d dots", name, canvas.width, canvas.height);
	return NULL;
}

/* What the census could not be taken for, by the source that could not. */
static struct kt_err *why_not(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *state = &snap->sources.items[i];

		if (strcmp(state->name, "kpageflags") != 0)
			continue;
		if (!state->wanted)
			return kt_err_new(KT_ERR_USAGE,
				"a census looks at every page; it goes without --cheap");
		return kt_err_new(state->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT,
			"%s; a census needs root and a kernel with CONFIG_PROC_PAGE_MONITOR, or "
			"a folder that holds proc/kpageflags and proc/iomem",
			state->why);
	}
	return kt_err_new(KT_ERR_ABSENT, "no flags of pages");
}

/* Without --by, and with "--by row", the rows of the account are compared. */
static bool is_listed(const struct kt_options *options)
{
	return options->by && strcmp(options->by, "row") != 0;
}

static struct kt_err *collect(
	const struct kt_options *options, struct kt_session *session, struct kt_report *report)
{
	unsigned want = options->map ? KT_WANT_PAGE_MAP : 0;
	struct kt_err *err = kt_session_open(options, session);

	if (options->by && strcmp(options->by, "cgroup") == 0)
		want |= KT_WANT_CGROUPS;
	if (!err)
		err = kt_session_collect(session, options, want, COUNTERS " kpageflags");
	if (err)
		return err;
	if (!session->snap->census)
		return kt_session_blame(options, why_not(session->snap));
	kt_session_describe(session, options, report);
	put_summary(report, session->snap, options->map);
	return NULL;
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	KT_CLEANUP(new_file) struct kt_new_file file = KT_NEW_FILE_NONE;
	struct kt_err *err = NULL;

	kt_report_init(report, "ktally/census/1");
	if (options->map)
		err = kt_new_file_create(options->map, options->force, &file);
	if (!err)
		err = collect(options, &session, report);
	if (err)
		return err;
	if (is_listed(options))
		kt_census_put_by(report, session.snap, options->by);
	else
		err = compare(options, &session, report);
	if (err)
		return kt_session_blame(options, err);
	return options->map ? draw_map(&file, session.snap, options->map, report) : NULL;
}

const struct kt_cmd kt_cmd_census = {
	.name = "census",
	.summary = "the account a second time, from every page of memory",
	.help = "Looks at every page of memory, asks what it is used for, and holds that "
		"against the counters that the account is made of. DIFFERENCE is pages less "
		"counters, MOVED how much the counters changed meanwhile: a difference of that "
		"size is the machine at work. Both columns add up to all memory that is "
		"present.\n\n"
		"Pages of vmalloc, per-CPU lists, large kmalloc and drivers have no flag of "
		"their own; what the counters of the known ones leave of them is the direct "
		"page allocations, found a second time. Notes say why rows differ; -a adds the "
		"classes of pages.\n\n"
		"--by lists zones, nodes or cgroups; those are shown without slab, which is "
		"charged by object. --map draws physical memory, in which fragmentation can be "
		"seen.\n\n"
		"Takes root and 0.1 s for each 6 GiB, and holds nobody up. 'ktally capture' "
		"does not pack the flags: for a copy, put proc/kpageflags beside the other "
		"files in a folder.",
	.groups = "row zone node cgroup",
	.run = run,
};
