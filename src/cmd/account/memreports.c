// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory reports in a kernel log, to choose from. A report of a memory cgroup has a table of
// its own: it is not an account of the machine.
//
// The kernel writes a memory report (show_mem()) when an allocation fails, when the OOM killer runs
// and on SysRq-m. So a log is often the only evidence of a machine that is gone. Numbers are from
// the text of the report alone; -1 in the model means that this report does not have the number.
//
// For a memory cgroup the report has memory.stat of the group, and the table of parts closes by a
// row for what no key has: parts add up to the usage of the group.

#include "cmd/account/memreports.h"

#include "base/buf.h"
#include "base/human.h"
#include "cli/cmd.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <string.h>

/* Number of damaged reports that get a note. Each has its reason in the row as well. */
#define DAMAGE_NOTES 5
#define MOST_ROWS    3
#define MOST_SHARE   0.03 /* a smaller row is not worth the words */

enum {
	COL_NUMBER,
	COL_TIME,
	COL_KIND,
	COL_PROCESS,
	COL_ORDER,
	COL_FREE,
	COL_TOTAL,
	COL_GFP,
	COL_ASKED,
	COL_CALLER,
	COL_CGROUP,
	COL_USAGE,
	COL_LIMIT,
	COL_KILLED,
	COL_LINE,
	COL_WHOLE,
	COL_REASON
};

/*
 * One row for each report. "number" is the number for LOG@N and counts from the first report of
 * the log. FREE and OF are of the machine; ITS USE and LIMIT are of the memory cgroup that met its
 * limit. ORDER is the power of two of the pages of the allocation that failed.
 */
static const struct kt_column columns[] = {
	[COL_NUMBER] = { .key = "number",
		.title = "#",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_RANK | KT_COL_LABEL },
	[COL_TIME] = { .key = "time", .title = "WHEN", .flags = KT_COL_KEY },
	[COL_KIND] = { .key = "kind", .title = "WHAT", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_PROCESS] = { .key = "process",
		.title = "ASKED FOR BY",
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_ORDER] = { .key = "order",
		.title = "ORDER",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SIGNED,
		.min = -1,
		.help = "2^order pages were requested; -1: SysRq-f." },
	[COL_FREE] = { .key = "free_bytes",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(MEMORY_REPORT_FREE_BYTES) },
	[COL_TOTAL] = { .key = "total_bytes",
		.title = "OF",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(MEMORY_REPORT_TOTAL_BYTES) },
	[COL_GFP] = { .key = "gfp", .title = "FLAGS", .flags = KT_COL_WIDE },
	[COL_ASKED] = { .key = "asked_bytes",
		.title = "VMALLOC",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
	[COL_CALLER] = { .key = "caller",
		.title = "CALLER",
		.flags = KT_COL_WIDE,
		.help = "The function that called vmalloc, by the call trace." },
	[COL_CGROUP] = { .key = "cgroup", .title = "CGROUP", .flags = KT_COL_WIDE },
	[COL_USAGE] = { .key = "usage_bytes",
		.title = "ITS USE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
	[COL_LIMIT] = { .key = "limit_bytes",
		.title = "LIMIT",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
	[COL_KILLED] = { .key = "killed", .title = "KILLED", .flags = KT_COL_WIDE },
	[COL_LINE] = { .key = "line",
		.title = "LINE",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_WIDE },
	[COL_WHOLE] = { .key = "whole",
		.title = "WHOLE",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_DATA_ONLY,
		.help = "False: it is cut, or mixed with another report; null in sums." },
	[COL_REASON] = { .key = "reason", .title = "REASON", .flags = KT_COL_DATA_ONLY },
};

static const struct kt_column cgroup_columns[] = {
	{ .key = "name", .title = "WHAT THE CGROUP HOLDS", .flags = KT_COL_KEY | KT_COL_LABEL },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.metric = KT_FAMILY(MEMORY_REPORT_CGROUP_BYTES) },
	{ .key = "share", .title = "SHARE", .type = KT_CELL_SHARE, .flags = KT_COL_SUM },
};

static struct kt_cell number_or_none(int64_t number)
{
	return number < 0 ? kt_cell_missing(KT_ABSENT, NULL) : kt_cell_number(number);
}

static void put_row(struct kt_report *report, struct kt_table *table,
	const struct kt_memreport *memreport, size_t number)
{
	struct kt_report_row *row = kt_table_row(report, table);
	struct kt_cell *cells = row ? row->cells : NULL;

	if (!row)
		return;
	cells[COL_NUMBER] = kt_cell_number((int64_t)number);
	cells[COL_TIME] = kt_report_text(report, memreport->time);
	cells[COL_KIND] = kt_cell_text(kt_memreport_kind(memreport));
	cells[COL_PROCESS] = kt_report_text(report, memreport->process);
	if (memreport->order != KT_NO_ORDER)
		cells[COL_ORDER] = kt_cell_number(memreport->order);
	cells[COL_FREE] = number_or_none(memreport->free_bytes);
	cells[COL_TOTAL] = number_or_none(memreport->total_bytes);
	cells[COL_GFP] = kt_report_text(report, memreport->gfp);
	cells[COL_ASKED] = number_or_none(memreport->asked_bytes);
	cells[COL_CALLER] = kt_report_text(report, memreport->caller);
	cells[COL_CGROUP] = kt_report_text(report, memreport->cgroup);
	cells[COL_USAGE] = number_or_none(memreport->usage_bytes);
	cells[COL_LIMIT] = number_or_none(memreport->limit_bytes);
	cells[COL_KILLED] = kt_report_text(report, memreport->killed);
	cells[COL_LINE] = kt_cell_number(memreport->line);
	cells[COL_WHOLE] = kt_cell_number(!memreport->damage);
	cells[COL_REASON] = kt_report_text(report, memreport->damage);
	if (memreport->damage)
		row->mark = memreport->counted_pages > 0 ? "counters only" : "cut or mixed";
}

/* ---- a memory cgroup ---- */

struct cgroup {
	const struct kt_snapshot *snap;
	struct kt_report *report;
	struct kt_table *table;
	int64_t usage_bytes, left_bytes;
};

/* Returns bytes; -1: the report does not have the key. */
static int64_t stat_of(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->memreport_stats.count; i++) {
		if (strcmp(snap->memreport_stats.items[i].name, name) == 0)
			return snap->memreport_stats.items[i].bytes;
	}
	return -1;
}

/*
 * Subtracts each part from the usage, so the last row is what remains. Parts of 0 bytes make no
 * row.
 */
static void put_part(struct cgroup *group, const char *name, int64_t bytes)
{
	struct kt_report_row *row = bytes ? kt_table_row(group->report, group->table) : NULL;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(name);
	row->cells[1] = kt_cell_number(bytes);
	if (group->usage_bytes > 0)
		row->cells[2] = kt_cell_real((double)bytes / (double)group->usage_bytes);
	group->left_bytes -= bytes;
}

/*
 * Keys of memory.stat; the second name is the key of version 1. A kernel has either of the two
 * names and never both, so nothing is added twice. "slab" is left out because it is the sum of its
 * two parts. Shared memory is part of "file", which is why the page cache is file minus shmem. The
 * last row may be negative: the kernel updates usage and statistics at different times.
 */
static void put_cgroup(struct cgroup *group)
{
	static const struct {
		const char *stat, *name;
	} parts[] = {
		{ "anon", "anonymous" },
		{ "rss", "anonymous" },
		{ "shmem", "shared memory and tmpfs" },
		{ "slab_reclaimable", "reclaimable slab" },
		{ "slab_unreclaimable", "unreclaimable slab" },
		{ "kernel_stack", "kernel stacks" },
		{ "pagetables", "page tables" },
		{ "sec_pagetables", "secondary page tables" },
		{ "percpu", "per-CPU memory" },
		{ "vmalloc", "vmalloc" },
		{ "sock", "network buffers" },
		{ "zswap", "zswap" },
	};
	const struct kt_snapshot *snap = group->snap;
	int64_t shmem = stat_of(snap, "shmem"), file = stat_of(snap, "file");

	if (file < 0)
		file = stat_of(snap, "cache");
	for (size_t i = 0; i < KT_LEN(parts); i++) {
		int64_t bytes = stat_of(snap, parts[i].stat);

		if (bytes > 0)
			put_part(group, parts[i].name, bytes);
	}
	if (file > 0)
		put_part(group, "page cache", file - (shmem > 0 ? shmem : 0));
	put_part(group, "(not separated)", group->left_bytes);
}

static void show_cgroup(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_memreport *memreport = kt_memreport_of(snap);
	struct cgroup group = { .snap = snap, .report = report };

	if (!memreport || memreport->usage_bytes < 0)
		return;
	group.usage_bytes = group.left_bytes = memreport->usage_bytes;
	group.table =
		kt_report_list(report, "cgroup", NULL, cgroup_columns, KT_LEN(cgroup_columns));
	if (group.table)
		put_cgroup(&group);
	kt_report_note(report,
		"the numbers are for the memory cgroup that reached its limit; the "
		"report does not contain the rest of the machine%s",
		snap->memreport_stats.count ? "" : "; it does not contain the parts either");
}

/* ---- a report that was cut ---- */

/*
 * No total is known, so SHARE is of the pages that the counters list. The page size is not known
 * where the report shows no free list.
 */
static const struct kt_column counted_columns[] = {
	{ .key = "name", .title = "WHAT THE COUNTERS SHOW", .flags = KT_COL_KEY | KT_COL_SET },
	{ .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.help = "Null: the report is cut before this counter." },
	{ .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM,
		.help = "Of the pages that the counters list." },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_DATA_ONLY,
		.help = "Null where the report does not show the page size." },
	{ .key = "bytes_if_4k",
		.title = "IF A PAGE HAS 4 KiB",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
};

/*
 * Number of the report that was asked for, from 1; 0: none was. A number below 0 counts from the
 * last report; beyond the first one it is no report's number.
 */
static size_t asked_number(const struct kt_snapshot *snap)
{
	int64_t asked = snap->memreport_asked;
	size_t count = snap->memreports.count + snap->nr_memreports_dropped;

	if (asked >= 0)
		return (size_t)asked;
	return (size_t)-asked <= count ? count + 1 - (size_t)-asked : SIZE_MAX;
}

/* The report `pick`, or the last one with counters (pick: 0); NULL: none. */
static const struct kt_memreport *counted_report(const struct kt_snapshot *snap, size_t pick)
{
	for (size_t i = snap->memreports.count; i-- > 0;) {
		const struct kt_memreport *memreport = &snap->memreports.items[i];

		if (memreport->damage && memreport->counted_pages > 0 &&
			(!pick || pick == i + 1 + snap->nr_memreports_dropped))
			return memreport;
	}
	return NULL;
}

bool kt_reports_counted(const struct kt_snapshot *snap)
{
	return counted_report(snap, asked_number(snap));
}

static void put_counted(struct kt_report *report, struct kt_table *table,
	const struct kt_memreport *memreport, const struct kt_memreport_counted *part)
{
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t page = memreport->counted_page_bytes;

	if (!row)
		return;
	row->cells[0] = kt_cell_text(part->name);
	if (!kt_known(part->pages))
		return;
	row->cells[1] = kt_cell_number(part->pages);
	row->cells[2] = kt_cell_real((double)part->pages / (double)memreport->counted_pages);
	row->cells[3] = kt_cell_known(kt_known_times(part->pages, page));
	row->cells[4] = kt_cell_known(kt_known_times(part->pages, 4096));
}

static void show_counted(struct kt_report *report, const struct kt_snapshot *snap, size_t pick)
{
	const struct kt_memreport *memreport = counted_report(snap, pick);
	KT_CLEANUP(buf) struct kt_buf missing = { 0 };
	struct kt_table *table;

	if (!memreport)
		return;
	table = kt_report_list(report, "counted", NULL, counted_columns, KT_LEN(counted_columns));
	for (size_t i = 0; table && i < memreport->nr_parts; i++) {
		put_counted(report, table, memreport, &memreport->parts[i]);
		if (!kt_known(memreport->parts[i].pages))
			kt_buf_join(&missing, ", ", "%s", memreport->parts[i].name);
	}
	kt_report_headline(report, "%s No account can be made of it: %s.",
		kt_memreport_sentence(&report->arena, memreport, 0), memreport->damage);
	if (missing.size)
		kt_report_note(report, "the report does not count %s",
			kt_arena_text(&report->arena, &missing));
}

static void note_dropped(struct kt_report *report, const struct kt_snapshot *snap)
{
	size_t listed = snap->memreports.count, dropped = snap->nr_memreports_dropped;

	if (dropped)
		kt_report_note(report,
			"the log has %zu memory reports; the last %zu are listed, LOG@N shows any "
			"of them",
			listed + dropped, listed);
}

/*
 * Shows the list, or the report that the user names. Old reports of a long log are dropped to bound
 * memory, but their numbers stay, so a number from one run fits the next. The picked report may be
 * a dropped one; the snapshot then has it alone.
 */
static void put_rows(struct kt_report *report, const struct kt_snapshot *snap,
	struct kt_table *table, size_t pick)
{
	const struct kt_memreport *reports = snap->memreports.items;
	size_t dropped = snap->nr_memreports_dropped, nr_notes = 0;
	/* a headline says what is wrong with it */
	const struct kt_memreport *counted =
		kt_memreport_of(snap) ? NULL : counted_report(snap, pick);

	if (pick && pick <= dropped && kt_memreport_of(snap))
		put_row(report, table, kt_memreport_of(snap), pick);
	for (size_t i = 0; i < snap->memreports.count; i++) {
		if (pick && pick != i + 1 + dropped)
			continue;
		put_row(report, table, &reports[i], i + 1 + dropped);
		if (!reports[i].damage || &reports[i] == counted || nr_notes++ >= DAMAGE_NOTES)
			continue;
		kt_report_note(report, "report %zu cannot be believed: %s%s%s", i + 1 + dropped,
			reports[i].damage, reports[i].counted ? "; " : "",
			reports[i].counted ? reports[i].counted : "");
	}
	if (!pick)
		note_dropped(report, snap);
}

/* Takes rows of two levels, as the account shows them, and the parts of direct page allocations. */
static bool is_named(const struct kt_line *line)
{
	if (!kt_ok(line->val) || line->val.value <= 0)
		return false;
	if (line->parent == KT_ROW_DIRECT)
		return true;
	return line->depth == 2 && line->row != KT_ROW_DIRECT;
}

/*
 * Names the largest rows, at most three, in one sentence: after an OOM kill that is the first
 * question. A second or third row must have 3 % of memory.
 */
void kt_memreport_most(struct kt_report *report, const struct kt_account *account)
{
	const struct kt_line *last = NULL;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (int i = 0; i < MOST_ROWS; i++) {
		const struct kt_line *most = NULL;
		char human[24];

		for (size_t k = 0; k < account->lines.count; k++) {
			const struct kt_line *line = &account->lines.items[k];

			if (is_named(line) && (!last || line->val.value < last->val.value) &&
				(!most || line->val.value > most->val.value))
				most = line;
		}
		if (!most || (i && kt_account_share(account, most) < MOST_SHARE))
			break;
		kt_human_bytes(most->val.value, human);
		kt_buf_join(&text, ", ", "%s %s (%.0f %%)", most->title, human,
			kt_account_share(account, most) * 100);
		last = most;
	}
	if (text.size || text.failed)
		kt_report_headline(report, "Most of it: %s.", kt_arena_text(&report->arena, &text));
}

void kt_reports_show(struct kt_report *report, const struct kt_snapshot *snap)
{
	size_t pick = asked_number(snap);
	struct kt_table *table = kt_report_list(report, "reports", NULL, columns, KT_LEN(columns));
	bool cgroup = kt_memreport_of(snap) && !kt_memreport_of(snap)->machine;

	if (table)
		put_rows(report, snap, table, pick);
	if (pick || cgroup)
		show_cgroup(report, snap);
	if (!kt_memreport_of(snap))
		show_counted(report, snap, pick);
}

static const struct kt_part reports_part = {
	.key = "reports",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};
static const struct kt_part cgroup_part = {
	.key = "cgroup",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(cgroup_columns),
	.optional = KT_ANY_FORM,
	.help = "The memory of the cgroup that met its limit, by the report that was chosen.",
};

static const struct kt_part counted_part = {
	.key = "counted",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(counted_columns),
	.optional = KT_ANY_FORM,
	.help = "Where no report is complete: the counters of the last one that has any.",
};

const struct kt_shape kt_reports_shape = {
	.schema = "ktally/memreports/1",
	.parts = KT_PARTS(&kt_host_part, &reports_part, &cgroup_part, &counted_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err;
	int64_t asked, count;

	kt_report_begin(report, &kt_reports_shape);
	err = kt_machine_read(&call->machine, &machine, 0, &kt_machine_log);
	if (err)
		return err;
	if (!machine.snap->memreports.count)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				"no memory report; give a kernel log: 'ktally memreports -s "
				"/var/log/kern.log'"));
	asked = machine.snap->memreport_asked;
	count = (int64_t)(machine.snap->memreports.count + machine.snap->nr_memreports_dropped);
	if (asked > count || asked < -count)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT, "there is no memory report %lld, only %lld",
				(long long)asked, (long long)count));
	kt_machine_describe(&machine, report);
	kt_reports_show(report, machine.snap);
	return NULL;
}

static const struct kt_option as_option = { 0, "list", NULL,
	"list the memory reports in the kernel log that -s names: the command 'memreports'" };

static const struct kt_example examples[] = {
	{ "ktally memreports -s dmesg.txt", "the reports in a kernel log" },
	{ "ktally account -s dmesg.txt", "the account of the last whole report" },
	{ "ktally account -s dmesg.txt@1", "the account of the report with number 1 in the list" },
};

const struct kt_cmd kt_cmd_memreports = {
	.name = "memreports",
	.summary = "memory reports in a kernel log (OOM, SysRq-m)",
	.help = "Lists the memory reports in the kernel log that -s names (--list is short "
		"for it), the last one first. It shows the time, what made the kernel write "
		"the report (the OOM killer, the OOM killer of a memory cgroup, a failed or "
		"very slow allocation, SysRq-m), which process asked for memory, for 2^ORDER "
		"pages, and what was free.\n\n"
		"'ktally -s LOG' shows the account of the last whole report, LOG@N (or "
		"--pick N) of the Nth, LOG@-1 of the last; every other command that finds its "
		"numbers in the report works too. "
		"The log may come from dmesg, syslog, the journal or a serial console, or be in a "
		"dump or in a bundle by 'capture'. A "
		"report that is cut, or mixed with another one, is listed and not believed. A "
		"report of a memory cgroup contains what the cgroup holds and nothing of the "
		"machine: LOG@N shows it.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.as_option = &as_option,
	.shape = &kt_reports_shape,
	.run = run,
};
