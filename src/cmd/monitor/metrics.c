// SPDX-License-Identifier: GPL-2.0-or-later
//
// The numbers for a monitoring system: the account and the largest rows of the long lists, in one
// report and from one sample. The tables come from the commands, so that a family means the same
// wherever it is printed.
//
// Closing matters most here, because rules and dashboards add rows up over months and no user looks
// at a single sample. Every row of the account is a series, and a list that is cut has a row for
// the sum of its other rows. So each list adds up to the row of the account that it divides.
//
// A value that could not be read has no series. 0 would look like memory that was freed, and would
// set off rules about growth when the file comes back.

#include "cmd/monitor/metrics.h"

#include "analysis/cgroup.h"
#include "cmd/account/account.h"
#include "cmd/account/account_pressure.h"
#include "cmd/contents.h"
#include "cmd/list/cgroups.h"
#include "cmd/list/vmalloc.h"
#include "cmd/monitor/finding_tables.h"
#include "cmd/slab/slab.h"
#include "machine/machine.h"
#include "report/list.h"
#include "report/shown.h"

#include <string.h>

/*
 * Each row of a list is a series for each value; a monitoring system keeps every series for weeks.
 */
#define TOP	   20 /* default number of rows of a list */
#define NS_PER_SEC 1e9

/* The sources of the account, with cgroups in addition: no row of the account needs them. */
static const struct kt_needs needs = { .also = KT_SOURCES(
					       &kt_source_cgroup_count, &kt_source_cgroups) };

/* ---- fields ---- */

static void put_field(struct kt_report *report, const char *group, const char *key,
	enum kt_cell_type type, struct kt_cell cell, const struct kt_family *metric)
{
	struct kt_field *field = kt_report_field(report, group, key, type, cell);

	if (field)
		field->metric = metric;
}

/*
 * Seconds that all sources together took. It is exported so that the cost of the exporter itself is
 * visible.
 */
static struct kt_cell reading_time(const struct kt_snapshot *snap)
{
	double sum_ns = 0;

	for (size_t i = 0; i < snap->sources.count; i++)
		sum_ns += (double)snap->sources.items[i].cost_ns;
	return kt_cell_real(sum_ns / NS_PER_SEC);
}

static void put_fields(struct kt_report *report, const struct kt_snapshot *snap)
{
	int64_t nr_cpus = snap->host.nr_cpus_possible, memory = kt_snapshot_memory(snap);

	put_field(report, NULL, "memory_bytes", KT_CELL_BYTES, kt_cell_known(memory),
		KT_FAMILY(MEMORY_BYTES));
	put_field(report, NULL, "possible_cpus", KT_CELL_COUNT, kt_cell_known(nr_cpus),
		KT_FAMILY(POSSIBLE_CPUS));
	put_field(report, "cgroup_count", "live", KT_CELL_COUNT,
		kt_cell_known(snap->cgroups.nr_live), KT_FAMILY(CGROUPS));
	put_field(report, "cgroup_count", "dying", KT_CELL_COUNT,
		kt_cell_known(kt_cgroups_dying(snap)), KT_FAMILY(CGROUPS_DYING));
	put_field(report, NULL, "is_degraded", KT_CELL_COUNT,
		kt_cell_number(snap->degraded.count > 0), KT_FAMILY(DEGRADED));
	put_field(report, NULL, "read_seconds", KT_CELL_REAL, reading_time(snap),
		KT_FAMILY(READ_SECONDS));
}

/*
 * Slab memory without an object in it, in bytes over all caches. A sum over the rows of the list
 * would miss the caches that are cut from it.
 */
static void put_waste(struct kt_report *report, const struct kt_slab_uses *uses)
{
	put_field(report, "slab", "free_bytes", KT_CELL_BYTES, kt_cell_known(uses->free_bytes),
		KT_FAMILY(SLAB_FREE_BYTES));
	put_field(report, "slab", "tail_bytes", KT_CELL_BYTES, kt_cell_known(uses->tail_bytes),
		KT_FAMILY(SLAB_TAIL_BYTES));
}

/* ---- tables ---- */

static const struct kt_column build_columns[] = {
	{ .key = "version", .title = "KTALLY", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "is",
		.title = "IS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_SET,
		.metric = KT_FAMILY(BUILD_INFO),
		.min = 1,
		.max = 1 },
};

/*
 * A series with the constant 1 and the version as its label: a change of ktally explains a step in
 * other series.
 */
static void put_build(struct kt_report *report)
{
	struct kt_table *table =
		kt_report_table(report, "build", NULL, build_columns, KT_LEN(build_columns));
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	table->data_only = true;
	row->cells[0] = kt_cell_text(KTALLY_VERSION);
	row->cells[1] = kt_cell_number(1);
}

/* 1: read, 0: wanted and not read. A source that was not wanted has no row. */
static const struct kt_column source_columns[] = {
	{ .key = "source", .title = "SOURCE", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "read",
		.title = "READ",
		.type = KT_CELL_BOOL,
		.metric = KT_FAMILY(SOURCE_READ),
		.flags = KT_COL_SET },
};

/* A source that is not read makes the account coarser: worth an alert. */
static void put_sources(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_table *table =
		kt_report_table(report, "sources", NULL, source_columns, KT_LEN(source_columns));

	for (size_t i = 0; table && i < snap->sources.count; i++) {
		const struct kt_source_state *source = &snap->sources.items[i];
		struct kt_report_row *row = source->wanted ? kt_table_row(report, table) : NULL;

		if (!row)
			continue;
		row->cells[0] = kt_cell_text(source->name);
		row->cells[1] = kt_cell_number(source->state == KT_OK);
	}
	if (table)
		table->data_only = true;
}

static const struct kt_column event_columns[] = {
	{ .key = "event", .title = "SINCE BOOT", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "count", .title = "COUNT", .type = KT_CELL_COUNT, .metric = KT_FAMILY(EVENTS) },
};

/*
 * Events that show memory pressure; node_exporter has the other ones. The name allocstall is a
 * prefix: newer kernels count it for each zone (allocstall_normal), older kernels once.
 */
static void put_events(struct kt_report *report, const struct kt_snapshot *snap)
{
	static const char *const wanted[] = { "allocstall", "compact_fail", "compact_stall",
		"compact_success", "oom_kill" };
	struct kt_table *table =
		kt_report_table(report, "events", NULL, event_columns, KT_LEN(event_columns));

	for (size_t i = 0; table && i < snap->events.count; i++) {
		const struct kt_vm_event *event = &snap->events.items[i];

		for (size_t k = 0; k < KT_LEN(wanted); k++) {
			bool stall =
				k == 0 && strncmp(event->name, wanted[k], strlen(wanted[k])) == 0;
			struct kt_report_row *row = stall || strcmp(event->name, wanted[k]) == 0
							    ? kt_table_row(report, table)
							    : NULL;

			if (!row)
				continue;
			row->cells[0] = kt_report_text(report, event->name);
			row->cells[1] = kt_cell_number(event->count);
		}
	}
	if (table)
		table->data_only = true;
}

/*
 * A list that could not be read has no table. The call is copied with --all and folding off,
 * because the whole list is needed here: it is cut at the end, and steadily if rows were shown
 * before.
 */
static struct kt_err *put_lists(struct kt_report *report, const struct kt_call *call,
	struct kt_machine *machine, const struct kt_account *account)
{
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	const struct kt_snapshot *snap = machine->snap;
	static const struct kt_slab_args args = { 0 };
	struct kt_call plain = *call;
	struct kt_table *callers;
	struct kt_err *err = NULL;

	plain.show.all = false;
	plain.fold_top = 0;
	if (snap->caches.count)
		err = kt_slab_analyse(snap, &uses);
	if (err)
		return err;
	if (uses.items.count) {
		put_waste(report, &uses);
		kt_slab_put_caches(&plain, &args, report, snap, &uses);
	}
	callers = snap->areas.count ? kt_vmalloc_put_callers(report, &plain, snap) : NULL;
	if (callers) {
		callers->key = KT_METRICS_CALLERS;
		callers->title = "Memory from vmalloc";
	}
	if (snap->cgroups.groups.count && !kt_cgroups_put(report, snap, account))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return NULL;
}

/* ---- the report ---- */

/*
 * A single reading takes the largest rows. A program that repeats the report keeps rows that it
 * showed before: a series that comes and goes with its rank cannot be drawn.
 */
static struct kt_err *cut(struct kt_report *report, const struct kt_call *call)
{
	struct kt_list_opts list = { .sort = call->list.sort,
		.filter = call->list.filter,
		.top = call->list.top ? call->list.top : TOP,
		.empty = call->show.all };

	if (call->show.all)
		list.top = 0;
	else if (call->shown)
		kt_shown_choose(call->shown, report, list.top);
	return kt_list_finish(report, &list);
}

static const struct kt_column field_columns[] = {
	{ .key = "memory_bytes", .type = KT_CELL_BYTES, .help = "Present to the kernel." },
	{ .key = "possible_cpus", .type = KT_CELL_COUNT },
	{ .key = "is_degraded", .type = KT_CELL_COUNT, .flags = KT_COL_SET, .max = 1 },
	{ .key = "read_seconds",
		.type = KT_CELL_REAL,
		.help = "Time taken to read the kernel's files." },
};

static const struct kt_column count_columns[] = {
	{ .key = "live", .type = KT_CELL_COUNT },
	{ .key = "dying", .type = KT_CELL_COUNT },
};

static const struct kt_column waste_columns[] = {
	{ .key = "free_bytes", .type = KT_CELL_BYTES },
	{ .key = "tail_bytes", .type = KT_CELL_BYTES },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part count_part = {
	.key = "cgroup_count",
	KT_COLUMNS_OF(count_columns),
};
static const struct kt_part waste_part = {
	.key = "slab",
	KT_COLUMNS_OF(waste_columns),
	.optional = KT_ANY_FORM,
	.help = "Missing where no cache is known.",
};
static const struct kt_part build_part = {
	.key = "build",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(build_columns),
	.min_rows = 1,
	.max_rows = 1,
};
static const struct kt_part events_part = {
	.key = "events",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(event_columns),
};
static const struct kt_part sources_part = {
	.key = "sources",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(source_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/metrics/1",
	.parts = KT_PARTS(&kt_host_part, &kt_pressure_part, &fields_part, &count_part,
		&kt_account_fields_part, &waste_part, &build_part, &kt_account_rows_part,
		&kt_account_annotations_part, &kt_slab_metrics_part, &kt_vmalloc_metrics_part,
		&kt_cgroups_metrics_part, &events_part, &sources_part, &kt_finding_rows_part,
		&kt_finding_counts_part, &kt_finding_judged_part),
};

struct kt_err *kt_metrics_report(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, &needs);
	if (!err)
		err = kt_contents_blame(
			&machine, kt_account_compute(machine.snap, KT_NO_NODE, &account));
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	kt_pressure_put(report, machine.snap);
	put_build(report);
	put_fields(report, machine.snap);
	kt_account_put(report, &account, call);
	kt_account_put_degraded(report, machine.snap);
	kt_account_put_annotations(report, machine.snap, call);
	err = put_lists(report, call, &machine, &account);
	put_events(report, machine.snap);
	put_sources(report, machine.snap);
	kt_finding_tables_put(report, machine.snap, &account);
	return err ? err : cut(report, call);
}

static const struct kt_example examples[] = {
	{ "ktally metrics", "OpenMetrics on standard output" },
	{ "ktally metrics -o prometheus >ktally.prom",
		"a file for the textfile collector of node_exporter" },
	{ "ktally metrics --top 100", "the 100 largest slab caches and cgroups" },
};

const struct kt_cmd kt_cmd_metrics = {
	.name = "metrics",
	.summary = "the account and largest rows for Prometheus",
	.help = "Prints OpenMetrics for Prometheus and compatible systems: every row of the "
		"account with its error bound, the 20 largest slab caches and cgroups, and "
		"the sum of all others as one row '(others)'. So each family adds up to the "
		"account. --top N shows more of them, --all all. --expensive adds the callers "
		"of vmalloc, whose list the kernel makes under a lock. What cannot be read is "
		"left out and is never 0; ktally_source_read shows which source is missing. "
		"ktally_finding has the findings: of the recorder, where one runs, else of one "
		"reading (ktally_findings_judged 0).\n\n"
		"A program that keeps running and repeats this, such as 'ktally netdata', "
		"also shows rows that moved by more than 1 MiB since it started. Rows that "
		"were shown before stay longer than their rank: at most three times N.\n\n"
		"For node_exporter, let a timer write the output of 'ktally metrics -o "
		"prometheus' to the directory of its textfile collector; that is the older "
		"format that it reads. Rules for alerts are in share/prometheus, a dashboard "
		"for Grafana in share/grafana. docs/MONITORING.md has the details.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.output = &kt_output_openmetrics,
	.shape = &shape,
	.run = kt_metrics_report,
};
