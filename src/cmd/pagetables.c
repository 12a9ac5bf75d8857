// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables: whose they are, how much they map, and what huge pages would spare. With
// --shared also which files cost entries in many processes at once.

#include "analysis/mappings.h"
#include "cmd/tasks.h"

#include <string.h>

#define NOTED_SHARE   200 /* 1/200 of memory in one program's tables is worth a word */
#define NOTED_MIN     (16ll << 20)
#define NOTES_MAX     3
#define SPARSE_SHARE  16 /* fewer than 1/16 of the entries in use */
#define FILE_TEXT_MAX 34

enum {
	COL_NAME,
	COL_PID,
	COL_KIND,
	COL_PROCESSES,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_MAPPED,
	COL_RATIO,
	COL_HUGE,
	COL_SIZE,
	COL_ANON,
	COL_FILE,
	COL_SHMEM,
	COL_SWAP,
	COL_HUGETLB,
	COL_SHARE
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name", .title = "NAME", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_PID] = { .key = "pid",
		.title = "PID",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_KIND] = { .key = "kind", .title = "KIND", .flags = KT_COL_LABEL | KT_COL_DATA_ONLY },
	[COL_PROCESSES] = { .key = "processes",
		.title = "PROCS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[COL_BYTES] = { .key = "bytes",
		.title = "TABLES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = "ktally_page_tables_bytes",
		.help = "Page tables." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_MAPPED] = { .key = "mapped_bytes",
		.title = "MAPPED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_RATIO] = { .key = "mapped_ratio",
		.title = "PER BYTE",
		.type = KT_CELL_REAL,
		.num = COL_MAPPED,
		.den = COL_BYTES },
	[COL_HUGE] = { .key = "huge_saves_bytes",
		.title = "HUGE SPARES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_SIZE] = { .key = "size_bytes",
		.title = "ADDRESSES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_ANON] = { .key = "anon_bytes",
		.title = "ANONYMOUS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_FILE] = { .key = "file_bytes",
		.title = "FILE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_SHMEM] = { .key = "shmem_bytes",
		.title = "SHMEM",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_SWAP] = { .key = "swap_bytes",
		.title = "SWAP",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_HUGETLB] = { .key = "hugetlb_bytes",
		.title = "HUGETLB",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[COL_SHARE] = { .key = "share",
		.title = "OF ALL",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM | KT_COL_BAR },
};

/* ---- processes ---- */

static const struct {
	int column;
	enum kt_task_amount amount;
} amounts[] = {
	{ COL_BYTES, KT_TASK_TABLES },
	{ COL_SIZE, KT_TASK_SIZE },
	{ COL_ANON, KT_TASK_ANON },
	{ COL_FILE, KT_TASK_FILE },
	{ COL_SHMEM, KT_TASK_SHMEM },
	{ COL_SWAP, KT_TASK_SWAP },
	{ COL_HUGETLB, KT_TASK_HUGETLB },
};

/* Memory that entries stand for: pages that are mapped, and pages that are in swap. */
static int64_t mapped_of(const struct kt_task *task)
{
	int64_t mapped = -1;

	kt_add_known(&mapped, task->bytes[KT_TASK_RSS]);
	kt_add_known(&mapped, task->bytes[KT_TASK_SWAP]);
	return mapped;
}

static void put_group(struct kt_report *report, struct kt_table *table,
	const struct kt_task_group *group, int64_t total_bytes)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[COL_PID] = kt_cell_known(group->sum.pid);
	row->cells[COL_NAME] = kt_tasks_name(report, &group->sum);
	row->cells[COL_KIND] = kt_cell_text("user");
	row->cells[COL_PROCESSES] = kt_cell_number(group->nr_spaces);
	row->cells[COL_MAPPED] = kt_cell_known(mapped_of(&group->sum));
	row->cells[COL_HUGE] = kt_cell_known(group->huge_saves_bytes);
	row->cells[COL_SHARE] = kt_tasks_share(group->sum.bytes[KT_TASK_TABLES], total_bytes);
	for (size_t i = 0; i < KT_LEN(amounts); i++)
		row->cells[amounts[i].column] = kt_cell_known(group->sum.bytes[amounts[i].amount]);
}

struct found {
	int64_t total_bytes; /* PageTables; -1: not known */
	int64_t sum_bytes, nr_spaces;
};

/* What makes the rows add up to the counter. */
static void put_rest(struct kt_report *report, struct kt_table *table, const struct found *found,
	const struct kt_stacks *stacks)
{
	int64_t left = found->total_bytes - found->sum_bytes;
	struct kt_report_row *row;

	if (found->total_bytes < 0 || !left)
		return;
	row = kt_table_row(report, table);
	if (!row)
		return;
	row->cells[COL_NAME] =
		kt_cell_text(stacks->nr_hidden ? "(not shown here)" : "(in no process)");
	row->cells[COL_KIND] = kt_cell_text("other");
	row->cells[COL_BYTES] = kt_cell_number(left);
	row->cells[COL_SHARE] = kt_tasks_share(left, found->total_bytes);
	if (left < 0)
		kt_report_note(report,
			"The processes have more than the counter: before Linux 6.8 it leaves out "
			"tables of the third level, which processes count; processes that share "
			"memory (vfork) count it twice; others ended while they were read.");
	else if (!stacks->nr_hidden)
		kt_report_note(report,
			"(in no process): upper levels of the kernel's own tables, from Linux "
			"6.17 on all of them; top levels, one or two pages for each of %lld "
			"address spaces, from 6.14 on; processes that are about to end.",
			(long long)found->nr_spaces);
}

static struct found put_processes(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const kt_task_groups *groups)
{
	struct kt_val total = kt_snapshot_get(snap, KT_PAGE_TABLES, KT_NO_NODE);
	struct kt_stacks stacks = kt_stacks_of(snap);
	struct found found = { .total_bytes = kt_ok(total) ? total.value : -1 };

	for (size_t i = 0; i < groups->count; i++) {
		const struct kt_task_group *group = &groups->items[i];

		if (group->sum.bytes[KT_TASK_TABLES] < 0)
			continue;
		put_group(report, table, group, found.total_bytes);
		found.nr_spaces += group->nr_spaces;
		kt_add_known(&found.sum_bytes, group->sum.bytes[KT_TASK_TABLES]);
	}
	put_rest(report, table, &found, &stacks);
	kt_tasks_notes(report, snap, &stacks);
	return found;
}

/* ---- advice ---- */

static void note_sparse(struct kt_report *report, const struct kt_task_group *group, int64_t mapped,
	int64_t page_bytes)
{
	int64_t tables = group->sum.bytes[KT_TASK_TABLES];

	kt_report_note(report,
		"%s: %s of page tables for %s of memory: %.1f %% of the entries are in use. It has "
		"touched a wide range here and there, or gave memory back (MADV_DONTNEED); tables "
		"go when it unmaps the range or ends",
		group->sum.name, kt_report_bytes(report, tables), kt_report_bytes(report, mapped),
		100 * (double)mapped / ((double)tables * (double)page_bytes / 8));
}

static void note_dense(
	struct kt_report *report, const struct kt_task_group *group, int64_t page_bytes)
{
	kt_report_note(report,
		"%s: %lld process%s map%s %s anonymous and %s shared memory by pages of %s, %s of "
		"page tables. Huge pages (hugetlbfs; for shared memory also transparent ones) "
		"would spare up to %s",
		group->sum.name, (long long)group->nr_spaces, group->nr_spaces == 1 ? "" : "es",
		group->nr_spaces == 1 ? "s" : "",
		kt_report_bytes(report, group->sum.bytes[KT_TASK_ANON]),
		kt_report_bytes(report, group->sum.bytes[KT_TASK_SHMEM]),
		kt_report_bytes(report, page_bytes),
		kt_report_bytes(report, group->sum.bytes[KT_TASK_TABLES]),
		kt_report_bytes(report, group->huge_saves_bytes));
}

static void note_offenders(
	struct kt_report *report, const struct kt_snapshot *snap, const kt_task_groups *groups)
{
	int64_t least = kt_snapshot_memory(snap) / NOTED_SHARE, page_bytes = snap->host.page_bytes;
	size_t nr_notes = 0;

	least = least > NOTED_MIN ? least : NOTED_MIN;
	for (size_t i = 0; i < groups->count && nr_notes < NOTES_MAX && page_bytes > 0; i++) {
		const struct kt_task_group *group = &groups->items[i];
		int64_t mapped = mapped_of(&group->sum), tables = group->sum.bytes[KT_TASK_TABLES];

		if (tables < least || mapped < 0)
			continue;
		if (mapped / tables < page_bytes / 8 / SPARSE_SHARE)
			note_sparse(report, group, mapped, page_bytes);
		else if (group->huge_saves_bytes >= tables / 2)
			note_dense(report, group, page_bytes);
		else
			continue;
		nr_notes++;
	}
}

/* ---- shared files ---- */

enum {
	FILE_TEXT,
	FILE_PATH,
	FILE_PROCESSES,
	FILE_MAPPED,
	FILE_ENTRIES,
	FILE_REPEATED,
	FILE_SHARED,
	FILE_ALIGNED
};

static const struct kt_column file_columns[] = {
	[FILE_TEXT] = { .key = "file", .title = "FILE", .flags = KT_COL_KEY | KT_COL_TEXT_ONLY },
	[FILE_PATH] = { .key = "path",
		.title = "PATH",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_DATA_ONLY },
	[FILE_PROCESSES] = { .key = "processes", .title = "PROCS", .type = KT_CELL_COUNT },
	[FILE_MAPPED] = { .key = "mapped_bytes",
		.title = "ADDRESSES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[FILE_ENTRIES] = { .key = "entries_max_bytes",
		.title = "ENTRIES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[FILE_REPEATED] = { .key = "repeated_max_bytes",
		.title = "REPEATED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = "ktally_file_repeated_entries_max_bytes",
		.help = "Page-table entries for file pages that have an entry already, at most." },
	[FILE_SHARED] = { .key = "shared_saves_max_bytes",
		.title = "SHAREABLE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[FILE_ALIGNED] = { .key = "aligned_saves_max_bytes",
		.title = "IF ALIGNED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
};

/* The end of a long path tells more than its beginning. */
static struct kt_cell short_path(struct kt_report *report, const char *path)
{
	size_t n = strlen(path);

	if (n <= FILE_TEXT_MAX)
		return kt_report_text(report, path);
	return kt_cell_text(kt_arena_printf(&report->arena, "...%s", path + n - FILE_TEXT_MAX + 3));
}

static struct kt_err *put_files(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table;
	kt_file_tables files = { 0 };

	if (!snap->host.page_bytes || !snap->mappings.count) {
		kt_report_note(report, "--shared: proc/PID/maps could not be read of any process");
		return NULL;
	}
	if (!kt_file_tables_make(&report->arena, snap, snap->host.page_bytes, &files))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	table = kt_report_list(report, "files",
		"Files that processes map, and the page tables it takes at most", file_columns,
		KT_LEN(file_columns));
	for (size_t i = 0; table && i < files.count; i++) {
		const struct kt_file_tables *file = &files.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			break;
		row->cells[FILE_TEXT] = short_path(report, file->file->path);
		row->cells[FILE_PATH] = kt_report_text(report, file->file->path);
		row->cells[FILE_PROCESSES] = kt_cell_number(file->nr_processes);
		row->cells[FILE_MAPPED] = kt_cell_number(file->mapped_bytes);
		row->cells[FILE_ENTRIES] = kt_cell_number(file->entry_bytes);
		row->cells[FILE_REPEATED] = kt_cell_number(file->repeated_bytes);
		row->cells[FILE_SHARED] = kt_cell_number(file->shared_saves_bytes);
		row->cells[FILE_ALIGNED] = kt_cell_number(file->aligned_saves_bytes);
	}
	if (snap->nr_maps_left_out)
		kt_report_note(report, "the mappings of %lld process%s were not read",
			(long long)snap->nr_maps_left_out, snap->nr_maps_left_out == 1 ? "" : "es");
	return NULL;
}

/* ---- the report ---- */

static void put_fields(
	struct kt_report *report, const struct kt_snapshot *snap, const struct found *found)
{
	kt_report_field(report, NULL, "page_tables_bytes", KT_CELL_BYTES,
		kt_cell_known(found->total_bytes));
	kt_report_field(report, NULL, "in_processes_bytes", KT_CELL_BYTES,
		kt_cell_number(found->sum_bytes));
	kt_report_field(
		report, NULL, "address_spaces", KT_CELL_COUNT, kt_cell_number(found->nr_spaces));
	if (found->total_bytes < 0)
		kt_report_headline(report,
			"This kernel does not count page tables; processes have "
			"%s of them",
			kt_report_bytes(report, found->sum_bytes));
	else
		kt_report_headline(report, "%s; %s of it in %lld processes",
			kt_tasks_summary(report, snap, found->total_bytes, "page tables"),
			kt_report_bytes(report, found->sum_bytes), (long long)found->nr_spaces);
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	bool shared = options->shared || options->expensive;
	kt_task_groups groups = { 0 };
	struct kt_column *shown;
	struct kt_table *table;
	struct found found = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/pagetables/1");
	err = kt_tasks_collect(&session, options, shared ? KT_WANT_EXPENSIVE : 0,
		shared ? "host meta stat_refresh vmstat zoneinfo meminfo tasks mappings"
		       : "host meta stat_refresh vmstat zoneinfo meminfo tasks",
		report, &groups);
	if (err)
		return err;
	shown = kt_tasks_columns(report, options, columns, KT_LEN(columns), COL_PID, COL_PROCESSES);
	if (!shown)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	/* growth takes their place */
	if (options->interval_s > 0) {
		shown[COL_RATIO].flags |= KT_COL_WIDE;
		shown[COL_HUGE].flags |= KT_COL_WIDE;
	}
	table = kt_report_list(report, "processes", NULL, shown, KT_LEN(columns));
	if (table)
		found = put_processes(report, table, session.snap, &groups);
	put_fields(report, session.snap, &found);
	note_offenders(report, session.snap, &groups);
	return shared ? put_files(report, session.snap) : NULL;
}

const struct kt_cmd kt_cmd_pagetables = {
	.name = "pagetables",
	.summary = "page tables: whose they are, what huge pages spare",
	.help = "Lists the page tables of processes, by name or, with --by process, each; the "
		"rows add up to the account's row 'page tables'.\n\n"
		"MAPPED is memory that entries stand for, resident or in swap; PER BYTE how "
		"much of it a byte of page tables maps: 512 is the most with pages of 4 KiB, "
		"below 32 the tables are nearly empty.\n\n"
		"HUGE SPARES estimates what huge pages would spare: a page of entries for each "
		"2 MiB of anonymous and shared memory ('-': it has huge pages already). Of "
		"anonymous memory only hugetlbfs spares it; transparent huge pages keep a "
		"table in reserve.\n\n"
		"--shared adds the files that are mapped: ENTRIES for a file, REPEATED: for "
		"pages of it that another mapping has an entry for, SHAREABLE: whole tables "
		"that processes could share if the kernel did that. All three at most: entries "
		"exist only for pages that were touched.\n\n"
		"Reading costs about 12 µs a process, with --shared 40 µs more.",
	.repeats = true,
	.groups = "name family process",
	.run = run,
};
