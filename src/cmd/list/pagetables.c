// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables: their owners, the memory that they map, and what huge pages would save. With
// --shared also the files that cost entries in many processes at once.
//
// The amounts are VmPTE of /proc/PID/status, and VmPMD and VmPUD of kernels that list them. The
// total is PageTables of /proc/meminfo, or nr_page_table_pages. The rows add up to that total by a
// last row for what no process has. It is signed, because counter and processes are read at
// different times and may count different levels.
//
// A page table of the lowest level is one page, and with 8 bytes an entry it maps 512 pages of 4
// KiB, which is 2 MiB. So one byte of tables maps at most 512 bytes. A process with much less has
// touched few pages of a wide range.

#include "analysis/mappings.h"
#include "cmd/list/tasks.h"

#include <string.h>

#define NOTED_SHARE 200 /* 1/200 of memory in one program's tables is worth a note */
/* Bytes; on a small machine 1/200 of memory is nothing to act on. */
#define NOTED_MIN     (16ll << 20)
#define NOTES_MAX     3
#define SPARSE_SHARE  16 /* fewer than 1/16 of the entries in use */
#define FILE_TEXT_MAX 34

/*
 * Bytes, summed over the rows. MAPPED is resident and swapped memory together; PER BYTE is MAPPED
 * for one byte of TABLES. HUGE SAVES is an estimate; ADDRESSES is address space and no memory.
 */
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
	KT_TASK_COLUMNS(COL_NAME, COL_PID, COL_KIND, COL_PROCESSES),
	[COL_BYTES] = { .key = "bytes",
		.title = "TABLES",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK | KT_COL_SIGNED,
		.metric = KT_FAMILY(PAGE_TABLES_BYTES),
		.help = "Signed: the counter was read at another time than the processes." },
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
		.den = COL_BYTES,
		.flags = KT_COL_SIGNED },
	[COL_HUGE] = { .key = "huge_saves_bytes",
		.title = "HUGE SAVES",
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
		.flags = KT_COL_SUM | KT_COL_BAR | KT_COL_SIGNED },
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

/*
 * Memory that entries stand for: mapped pages, and pages in swap. A page in swap keeps its entry,
 * so a program that was swapped out must not look sparse.
 */
static int64_t mapped_of(const struct kt_task *task)
{
	int64_t mapped = KT_UNKNOWN;

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

/* Sums of the table in bytes. `nr_spaces` counts address spaces: threads and vfork share one. */
struct found {
	int64_t total_bytes; /* PageTables; KT_UNKNOWN: not known */
	int64_t sum_bytes, nr_spaces;
};

/*
 * Adds the rows that make the list add up to the counter. The name depends on the reason: processes
 * that this user may not see, or tables that belong to no process. The note lists the kernel's
 * reasons for each direction.
 */
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
			"The processes have more than the counter: before Linux 6.8 it "
			"leaves out tables of the third level, which processes count; "
			"processes that share memory (vfork) count it twice; some ended "
			"while they were read.");
	else if (!stacks->nr_hidden)
		kt_report_note(report,
			"(in no process): upper levels of the kernel's own tables, from Linux "
			"6.17 on all of them; top levels, one or two pages for each of %lld "
			"address spaces, from 6.14 on; processes that are about to end.",
			(long long)found->nr_spaces);
}

/* Kernel threads have no page tables of their own and no row. */
static struct found put_processes(struct kt_report *report, struct kt_table *table,
	const struct kt_snapshot *snap, const kt_task_groups *groups)
{
	struct kt_val total = kt_snapshot_get(snap, KT_PAGE_TABLES, KT_NO_NODE);
	struct kt_stacks stacks = kt_stacks_of(snap);
	struct found found = { .total_bytes = kt_ok(total) ? total.value : KT_UNKNOWN };

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

/*
 * The percentage is mapped bytes by what the tables could map, were all of them of the lowest
 * level. Upper levels make it slightly too low.
 */
static void note_sparse(struct kt_report *report, const struct kt_task_group *group, int64_t mapped,
	int64_t page_bytes)
{
	int64_t tables = group->sum.bytes[KT_TASK_TABLES];

	kt_report_note(report,
		"%s: %s of page tables for %s of memory: %.1f %% of the entries are in "
		"use. It touched few pages of a wide range, or gave memory back "
		"(MADV_DONTNEED); tables are freed when it unmaps the range or ends",
		group->sum.name, kt_report_bytes(report, tables), kt_report_bytes(report, mapped),
		100 * (double)mapped / ((double)tables * (double)page_bytes / 8));
}

/*
 * Huge pages need no table of the lowest level. It is an upper bound: ranges that are not aligned
 * keep some of it.
 */
static void note_dense(
	struct kt_report *report, const struct kt_task_group *group, int64_t page_bytes)
{
	kt_report_note(report,
		"%s: %lld process%s map%s %s anonymous and %s shared memory by pages of "
		"%s, %s of page tables. Huge pages (hugetlbfs; for shared memory also "
		"transparent ones) would save up to %s",
		group->sum.name, (long long)group->nr_spaces, group->nr_spaces == 1 ? "" : "es",
		group->nr_spaces == 1 ? "s" : "",
		kt_report_bytes(report, group->sum.bytes[KT_TASK_ANON]),
		kt_report_bytes(report, group->sum.bytes[KT_TASK_SHMEM]),
		kt_report_bytes(report, page_bytes),
		kt_report_bytes(report, group->sum.bytes[KT_TASK_TABLES]),
		kt_report_bytes(report, group->huge_saves_bytes));
}

/*
 * Nearly empty tables and full tables need opposite remedies, so each program gets one of two
 * notes. Three notes at most, or they would hide the table.
 */
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

/*
 * Bytes and upper bounds, since /proc/PID/maps has ranges and not the touched pages. REPEATED and
 * SHAREABLE are parts of ENTRIES and are not added to it.
 */
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
		.metric = KT_FAMILY(FILE_REPEATED_ENTRIES_MAX_BYTES) },
	[FILE_SHARED] = { .key = "shared_saves_max_bytes",
		.title = "SHAREABLE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[FILE_ALIGNED] = { .key = "aligned_saves_max_bytes",
		.title = "IF ALIGNED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
};

/* The end of a long path is more useful than its beginning. */
static struct kt_cell short_path(struct kt_report *report, const char *path)
{
	size_t n = strlen(path);

	if (n <= FILE_TEXT_MAX)
		return kt_report_text(report, path);
	return kt_cell_text(kt_arena_printf(&report->arena, "...%s", path + n - FILE_TEXT_MAX + 3));
}

/*
 * The files are a list of their own: a table page may serve several files, so this list has no sum
 * that the counter confirms.
 */
static struct kt_err *put_files(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table;
	kt_file_tables files = { 0 };

	if (!kt_known(snap->host.page_bytes) || !snap->mappings.count) {
		kt_report_note(report, "--shared: no proc/PID/maps could be read");
		return NULL;
	}
	if (!kt_file_tables_make(&report->arena, snap, snap->host.page_bytes, &files))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	table = kt_report_list(report, "files",
		"Files that processes map, and an upper bound of their page tables", file_columns,
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
			"This kernel does not count page tables; processes have %s",
			kt_report_bytes(report, found->sum_bytes));
	else
		kt_report_headline(report, "%s; %s of it in %lld processes",
			kt_tasks_summary(report, snap, found->total_bytes, "page tables"),
			kt_report_bytes(report, found->sum_bytes), (long long)found->nr_spaces);
}

static const struct kt_column field_columns[] = {
	{ .key = "page_tables_bytes", .type = KT_CELL_BYTES },
	{ .key = "in_processes_bytes", .type = KT_CELL_BYTES },
	{ .key = "address_spaces", .type = KT_CELL_COUNT },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part processes_part = {
	.key = "processes",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};
static const struct kt_part files_part = {
	.key = "files",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(file_columns),
	.optional = KT_ANY_FORM,
	.help = "With --shared.",
};

static const struct kt_shape shape = {
	.schema = "ktally/pagetables/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &processes_part, &files_part),
};

static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_stat_refresh,
		&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo, &kt_source_tasks)
};
static const struct kt_needs needs_of_shared = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_stat_refresh,
		&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo, &kt_source_tasks,
		&kt_source_mappings)
};

struct pagetables_args {
	int by;
	bool shared;
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct pagetables_args *args = kt_call_own(call);
	enum kt_task_by by = kt_task_by(args->by);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	bool shared = args->shared || call->machine.expensive;
	kt_task_groups groups = { 0 };
	struct kt_column *shown;
	struct kt_table *table;
	struct found found = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_tasks_collect(&machine, call, by, shared ? KT_WANT_EXPENSIVE : 0,
		shared ? &needs_of_shared : &needs, report, &groups);
	if (err)
		return err;
	shown = kt_tasks_columns(report, by, columns, KT_LEN(columns), COL_PID, COL_PROCESSES);
	if (!shown)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	/* replaced by growth */
	if (call->interval_s > 0) {
		shown[COL_RATIO].flags |= KT_COL_WIDE;
		shown[COL_HUGE].flags |= KT_COL_WIDE;
	}
	table = kt_report_list(report, "processes", NULL, shown, KT_LEN(columns));
	if (table)
		found = put_processes(report, table, machine.snap, &groups);
	put_fields(report, machine.snap, &found);
	note_offenders(report, machine.snap, &groups);
	return shared ? put_files(report, machine.snap) : NULL;
}

static const struct kt_option options[] = {
	{ 0, "by", "GROUP", "group by", .kind = KT_ARG_CHOICE, KT_AT(struct pagetables_args, by),
		.choices = KT_TASK_CHOICES, .web = true },
	{ 0, "shared", NULL,
		"also list the files that many processes map, and the page tables for "
		"them; reads the mappings of every process",
		.kind = KT_ARG_FLAG, KT_AT(struct pagetables_args, shared) },
};

static const struct kt_example examples[] = {
	{ "ktally pagetables", "the programs with most page tables" },
	{ "ktally pagetables --shared", "also the files that many processes map" },
	{ "ktally pagetables --by process --sort huge_saves_bytes",
		"the processes that gain most from huge pages" },
};

const struct kt_cmd kt_cmd_pagetables = {
	.name = "pagetables",
	.summary = "page tables by program; huge-page savings",
	.help = "Lists the page tables of processes, by name or, with --by process, each. The "
		"rows add up to the account's row 'page tables'.\n\n"
		"MAPPED is memory that the entries stand for, resident or in swap. PER BYTE "
		"is how much memory a byte of page tables maps: 512 is the most with pages of "
		"4 KiB; below 32 the tables are nearly empty.\n\n"
		"HUGE SAVES estimates what huge pages would save: a page of entries for each "
		"2 MiB of anonymous and shared memory ('-': it has huge pages already). For "
		"anonymous memory only hugetlbfs saves it; transparent huge pages keep a "
		"table in reserve.\n\n"
		"--shared adds the mapped files. ENTRIES is the page tables for a file, "
		"REPEATED the entries for pages that another mapping also has an entry for. "
		"SHAREABLE is whole tables that processes could share if the kernel did so. "
		"All three are upper bounds: entries exist only for pages that were touched.\n\n"
		"Reading costs about 12 µs a process, with --shared 40 µs more.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct pagetables_args),
	.shape = &shape,
	.run = run,
};
