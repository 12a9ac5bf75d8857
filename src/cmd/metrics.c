// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a monitoring system is told: the account and the largest rows of the long lists, in
// one report, read at one moment. The tables are those of the commands, so that a family
// means the same wherever it comes from.

#include "cmd/metrics.h"

#include "cmd/account.h"
#include "cmd/cgroups.h"
#include "cmd/session.h"
#include "cmd/slab.h"
#include "cmd/vmalloc.h"
#include "model/list.h"
#include "model/shown.h"

#include <string.h>

#define TOP	   20 /* rows of a list, where nobody says how many */
#define NS_PER_SEC 1e9

/* Beside the sources of the account. */
#define SOURCES "+ cgroup_count cgroups"

/* ---- fields ---- */

static void put_field(struct kt_report *report, const char *group, const char *key,
	enum kt_cell_type type, struct kt_cell cell, const char *metric, const char *help)
{
	struct kt_field *field = kt_report_field(report, group, key, type, cell);

	if (field) {
		field->metric = metric;
		field->help = help;
	}
}

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

	put_field(report, NULL, "memory_bytes", KT_CELL_BYTES, kt_cell_known(memory ? memory : -1),
		"ktally_memory_bytes", "Memory that is present to the kernel.");
	put_field(report, NULL, "possible_cpus", KT_CELL_COUNT,
		kt_cell_known(nr_cpus ? nr_cpus : -1), "ktally_possible_cpus",
		"CPUs that per-CPU memory is made for, whether there or not.");
	put_field(report, "cgroup_count", "live", KT_CELL_COUNT,
		kt_cell_known(snap->cgroups.nr_live), "ktally_cgroups",
		"Memory cgroups, the root included.");
	put_field(report, "cgroup_count", "dying", KT_CELL_COUNT,
		kt_cell_known(snap->cgroups.nr_dying), "ktally_cgroups_dying",
		"Memory cgroups that were removed and still hold memory.");
	put_field(report, NULL, "read_seconds", KT_CELL_REAL, reading_time(snap),
		"ktally_read_seconds", "Time that it took to read the kernel's files.");
}

static void put_waste(struct kt_report *report, const struct kt_slab_uses *uses)
{
	put_field(report, "slab", "free_bytes", KT_CELL_BYTES, kt_cell_known(uses->free_bytes),
		"ktally_slab_free_bytes", "Free objects in slabs that hold others too.");
	put_field(report, "slab", "tail_bytes", KT_CELL_BYTES, kt_cell_known(uses->tail_bytes),
		"ktally_slab_tail_bytes", "Remainders of slabs that no object fits in.");
}

/* ---- tables ---- */

static void put_build(struct kt_report *report)
{
	static const struct kt_column columns[] = {
		{ .key = "version", .title = "KTALLY", .flags = KT_COL_LABEL },
		{ .key = "is",
			.title = "IS",
			.type = KT_CELL_COUNT,
			.flags = KT_COL_DATA_ONLY,
			.metric = "ktally_build_info",
			.help = "1, with the version of ktally." },
	};
	struct kt_table *table = kt_report_table(report, "build", NULL, columns, KT_LEN(columns));
	struct kt_report_row *row = table ? kt_table_row(report, table) : NULL;

	if (!row)
		return;
	table->data_only = true;
	row->cells[0] = kt_cell_text(KTALLY_VERSION);
	row->cells[1] = kt_cell_number(1);
}

/* A source that stays unread while it could be read makes the account coarser: worth an alert. */
static void put_sources(struct kt_report *report, const struct kt_snapshot *snap)
{
	static const struct kt_column columns[] = {
		{ .key = "source", .title = "SOURCE", .flags = KT_COL_LABEL },
		{ .key = "read",
			.title = "READ",
			.type = KT_CELL_BOOL,
			.metric = "ktally_source_read",
			.help = "1 where a source was read, 0 where it is not there or may not "
				"be read." },
	};
	struct kt_table *table = kt_report_table(report, "sources", NULL, columns, KT_LEN(columns));

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

/* Events that tell why memory hurts: the others are node_exporter's. */
static void put_events(struct kt_report *report, const struct kt_snapshot *snap)
{
	static const struct kt_column columns[] = {
		{ .key = "event", .title = "SINCE BOOT", .flags = KT_COL_LABEL },
		{ .key = "count",
			.title = "COUNT",
			.type = KT_CELL_COUNT,
			.flags = KT_COL_COUNTER,
			.metric = "ktally_events",
			.help = "Events of the page allocator, by the kernel's name." },
	};
	static const char *const wanted[] = { "allocstall", "compact_fail", "compact_stall",
		"compact_success", "oom_kill" };
	struct kt_table *table = kt_report_table(report, "events", NULL, columns, KT_LEN(columns));

	for (size_t i = 0; table && i < snap->events.count; i++) {
		const struct kt_event *event = &snap->events.items[i];

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

/* What could not be read has no table. */
static struct kt_err *put_lists(struct kt_report *report, const struct kt_options *options,
	struct kt_session *session, const struct kt_account *account)
{
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	const struct kt_snapshot *snap = session->snap;
	struct kt_options plain = *options;
	struct kt_table *callers;
	struct kt_err *err = NULL;

	plain.all = plain.node = plain.details = plain.families = false;
	if (snap->caches.count)
		err = kt_slab_analyse(snap, &uses);
	if (err)
		return err;
	if (uses.items.count) {
		put_waste(report, &uses);
		kt_slab_put_caches(&plain, report, snap, &uses);
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

/* ---- the whole ---- */

static struct kt_err *cut(struct kt_report *report, const struct kt_options *options)
{
	struct kt_list_opts list = { .sort = options->sort,
		.filter = options->filter,
		.top = options->top ? options->top : TOP,
		.empty = options->all };

	if (options->all)
		list.top = 0;
	else if (options->shown)
		kt_shown_choose(options->shown, report, list.top);
	return kt_list_finish(report, &list);
}

struct kt_err *kt_metrics_report(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err;

	kt_report_init(report, "ktally/metrics/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, SOURCES);
	if (!err)
		err = kt_session_blame(
			options, kt_account_compute(session.snap, KT_NO_NODE, &account));
	if (err)
		return err;
	kt_session_describe(&session, options, report);
	put_build(report);
	put_fields(report, session.snap);
	kt_account_put(report, &account, options);
	kt_account_put_annotations(report, session.snap, options);
	err = put_lists(report, options, &session, &account);
	put_events(report, session.snap);
	put_sources(report, session.snap);
	return err ? err : cut(report, options);
}

const struct kt_cmd kt_cmd_metrics = {
	.name = "metrics",
	.summary = "what a monitoring system is told: the account and the largest rows",
	.help = "Prints what Prometheus and its kind read, in OpenMetrics: every row of the "
		"account with its error bound, the 20 largest slab caches, callers of vmalloc and "
		"cgroups, and the sum of all others as one row '(others)', so that each family "
		"adds up to the account. --top N shows more of them, --all all. What cannot be "
		"read is left out: it is never 0. ktally_source_read tells which it is.\n\n"
		"Where a program is kept running that tells this again and again ('ktally "
		"netdata' is one), rows that moved by more than 1 MiB since it started are "
		"shown too, and rows that were shown before stay longer than their rank: at "
		"most three times N.\n\n"
		"To have node_exporter serve it, let a timer write it to the folder of its "
		"textfile collector: 'ktally metrics -o prometheus', which is the older format "
		"that it reads. Rules for alerts are in share/prometheus, a dashboard for "
		"Grafana in share/grafana; docs/MONITORING.md has the whole.",
	.output = "openmetrics",
	.run = kt_metrics_report,
};
