// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory reports in a kernel log, to choose one from; and what one of them tells of a
// memory cgroup, which is no account of the machine.

#include "cmd/memreport.h"
#include "cmd/session.h"

#include <string.h>

#define DAMAGE_NOTES 5

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
	COL_CGROUP,
	COL_USAGE,
	COL_LIMIT,
	COL_KILLED,
	COL_LINE,
	COL_WHOLE,
	COL_REASON
};

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
	[COL_ORDER] = { .key = "order", .title = "ORDER", .type = KT_CELL_COUNT },
	[COL_FREE] = { .key = "free_bytes",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.metric = "ktally_memory_report_free_bytes",
		.help = "Free memory by a memory report in a kernel log." },
	[COL_TOTAL] = { .key = "total_bytes",
		.title = "OF",
		.type = KT_CELL_BYTES,
		.metric = "ktally_memory_report_total_bytes",
		.help = "Memory of the page allocator by a memory report in a kernel log." },
	[COL_GFP] = { .key = "gfp", .title = "FLAGS", .flags = KT_COL_WIDE },
	[COL_ASKED] = { .key = "asked_bytes",
		.title = "VMALLOC",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_WIDE },
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
		.flags = KT_COL_DATA_ONLY },
	[COL_REASON] = { .key = "reason", .title = "REASON", .flags = KT_COL_DATA_ONLY },
};

static const struct kt_column cgroup_columns[] = {
	{ .key = "name", .title = "WHAT THE CGROUP HOLDS", .flags = KT_COL_KEY | KT_COL_LABEL },
	{ .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK,
		.metric = "ktally_memory_report_cgroup_bytes",
		.help = "What a memory cgroup held, by a memory report in a kernel log." },
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
	cells[COL_CGROUP] = kt_report_text(report, memreport->cgroup);
	cells[COL_USAGE] = number_or_none(memreport->usage_bytes);
	cells[COL_LIMIT] = number_or_none(memreport->limit_bytes);
	cells[COL_KILLED] = kt_report_text(report, memreport->killed);
	cells[COL_LINE] = kt_cell_number(memreport->line);
	cells[COL_WHOLE] = kt_cell_number(!memreport->damage);
	cells[COL_REASON] = kt_report_text(report, memreport->damage);
	row->mark = memreport->damage ? "cut or mixed" : NULL;
}

/* ---- a memory cgroup ---- */

struct cgroup {
	const struct kt_snapshot *snap;
	struct kt_report *report;
	struct kt_table *table;
	int64_t usage_bytes, left_bytes;
};

static int64_t stat_of(const struct kt_snapshot *snap, const char *name)
{
	for (size_t i = 0; i < snap->memreport_stats.count; i++) {
		if (strcmp(snap->memreport_stats.items[i].name, name) == 0)
			return snap->memreport_stats.items[i].bytes;
	}
	return -1;
}

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

/* memory.stat has these of both versions; the second name is that of version 1. */
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
	put_part(group, "(not told apart)", group->left_bytes);
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
		"the numbers are the memory cgroup's: its limit was met, and the report tells "
		"nothing of the rest of the machine%s",
		snap->memreport_stats.count ? "" : "; it does not tell the parts either");
}

void kt_reports_show(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_options *options)
{
	struct kt_table *table = kt_report_list(report, "reports", NULL, columns, KT_LEN(columns));
	bool cgroup = kt_memreport_of(snap) && !kt_memreport_of(snap)->machine;
	size_t nr_notes = 0;

	for (size_t i = 0; table && i < snap->memreports.count; i++) {
		const struct kt_memreport *memreport = &snap->memreports.items[i];

		if (options->pick && (size_t)options->pick != i + 1)
			continue;
		put_row(report, table, memreport, i + 1);
		if (memreport->damage && nr_notes++ < DAMAGE_NOTES)
			kt_report_note(report, "report %zu cannot be believed: %s", i + 1,
				memreport->damage);
	}
	if (options->pick || cgroup)
		show_cgroup(report, snap);
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err;

	kt_report_init(report, KT_REPORTS_SCHEMA);
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, KT_SESSION_LOG);
	if (err)
		return err;
	if (!session.snap->memreports.count)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT,
				"no memory report: name a kernel log that has one with -s"));
	if ((size_t)options->pick > session.snap->memreports.count)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT, "there is no memory report %lld, only %zu",
				(long long)options->pick, session.snap->memreports.count));
	kt_session_describe(&session, options, report);
	kt_reports_show(report, session.snap, options);
	return NULL;
}

const struct kt_cmd kt_cmd_memreports = {
	.name = "memreports",
	.summary = "memory reports in a kernel log: OOM killer, SysRq-m",
	.help = "Lists the memory reports in the kernel log that -s names (--list is short for "
		"it), the last one first: when, what made the kernel write it (the OOM killer, the "
		"OOM killer of a memory cgroup, a failed or very slow allocation, SysRq-m), which "
		"process asked for memory, for 2^ORDER pages, and what was free. "
		"'ktally -s LOG' shows the account of the last whole one, --pick N of another; "
		"every other command that finds its numbers in the report works on it too. Which "
		"log it is (dmesg, syslog, journal, a serial console) does not matter. A report "
		"that is cut, or into which another one is mixed, is listed and not believed. "
		"A report of a memory cgroup tells what the cgroup holds and nothing of the "
		"machine: --pick N shows it.",
	.run = run,
};
