// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/monitor/finding_tables.h"

#include "cmd/recorded_findings.h"

static const struct kt_column columns[] = {
	{ .key = "id", .title = "FINDING", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "severity",
		.title = "SEVERITY",
		.flags = KT_COL_LABEL | KT_COL_SET,
		.words = "info|notice|warning|critical" },
	{ .key = "state", .title = "STATE", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "subject", .title = "SUBJECT", .flags = KT_COL_LABEL | KT_COL_SET },
	{ .key = "is",
		.title = "IS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.metric = KT_FAMILY(FINDING),
		.min = 1,
		.max = 1 },
	{ .key = "bytes",
		.title = "BYTES",
		.type = KT_CELL_BYTES,
		.metric = KT_FAMILY(FINDING_BYTES),
		.help = "At stake." },
};

static const struct kt_column count_columns[] = {
	{ .key = "severity",
		.title = "SEVERITY",
		.flags = KT_COL_LABEL | KT_COL_SET,
		.words = "info|notice|warning|critical" },
	{ .key = "count",
		.title = "COUNT",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.metric = KT_FAMILY(FINDINGS) },
};

static const struct kt_column judged_columns[] = {
	{ .key = "growth",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.max = 1,
		.help = "1: the recorder judges growth; 0: findings are of one reading." },
};

const struct kt_part kt_finding_rows_part = {
	.key = "problems",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.help = "Findings, the gravest first; at most 20.",
};

const struct kt_part kt_finding_counts_part = {
	.key = KT_METRICS_SEVERITY,
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(count_columns),
	.min_rows = KT_NR_SEVERITIES,
	.max_rows = KT_NR_SEVERITIES,
};

const struct kt_part kt_finding_judged_part = {
	.key = "judged",
	KT_COLUMNS_OF(judged_columns),
};

static void put_row(
	struct kt_report *report, struct kt_table *table, const struct kt_finding *finding)
{
	struct kt_report_row *row = kt_table_row(report, table);

	if (!row)
		return;
	row->cells[0] = kt_report_text(report, finding->id);
	row->cells[1] = kt_cell_text(kt_severity_name(finding->severity));
	row->cells[2] = kt_report_text(report, finding->state ? finding->state : "");
	row->cells[3] = kt_report_text(report, finding->subject);
	row->cells[4] = kt_cell_number(1);
	row->cells[5] = kt_cell_known(finding->bytes);
}

static void put_counts(struct kt_report *report, const size_t counts[KT_NR_SEVERITIES])
{
	struct kt_table *table = kt_report_table(
		report, KT_METRICS_SEVERITY, NULL, count_columns, KT_LEN(count_columns));

	for (int i = 0; table && i < KT_NR_SEVERITIES; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[0] = kt_cell_text(kt_severity_name((enum kt_severity)i));
		row->cells[1] = kt_cell_number((int64_t)counts[i]);
	}
	if (table)
		table->data_only = true;
}

void kt_finding_tables_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account)
{
	KT_CLEANUP(report) struct kt_report found = { 0 };
	struct kt_table *table =
		kt_report_table(report, kt_finding_rows_part.key, NULL, columns, KT_LEN(columns));
	size_t counts[KT_NR_SEVERITIES] = { 0 };
	struct kt_recorded recorded;
	struct kt_field *field;
	bool judged = kt_recorded_now(snap, account, &found, &recorded);

	for (size_t i = 0; table && i < found.findings.count; i++) {
		const struct kt_finding *finding = &found.findings.items[i];

		counts[finding->severity]++;
		if (i < KT_FINDING_ROWS_MAX)
			put_row(report, table, finding);
	}
	if (table)
		table->data_only = true;
	put_counts(report, counts);
	field = kt_report_field(report, "judged", "growth", KT_CELL_COUNT, kt_cell_number(judged));
	if (field)
		field->metric = KT_FAMILY(FINDINGS_JUDGED);
	report->arena.failed |= found.arena.failed;
}
