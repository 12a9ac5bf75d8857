// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/account/explain_case.h"

const struct kt_column kt_case_columns[KT_CASE_COLUMNS] = {
	{ .key = "id", .flags = KT_COL_SET, .pattern = "^[a-z0-9-]+$" },
	{ .key = "title", .flags = KT_COL_SET },
	{ .key = "about" },
	{ .key = "each",
		.help = "Tried on each fact that matches; $ stands for the part after the colon." },
	{ .key = "symptom", .help = "The condition on facts of one time." },
	{ .key = "grows", .help = "The condition on facts of two times." },
	{ .key = "series", .help = "Patterns of series whose growth it explains." },
	{ .key = "severity", .flags = KT_COL_SET, .words = "info|notice|warning|critical" },
	{ .key = "test", .help = "What decides between it and other causes." },
	{ .key = "culprit" },
	{ .key = "remedy", .help = "A place in braces is filled in when the case is found." },
	{ .key = "costs" },
	{ .key = "next" },
	{ .key = "versions", .help = "Null: all." },
	{ .key = "reference", .flags = KT_COL_SET },
	{ .key = "more", .help = "Further sources, between blanks." },
};

const struct kt_column kt_case_list_columns[KT_CASE_LIST_COLUMNS] = {
	{ .key = "case", .title = "CASE", .flags = KT_COL_SET, .pattern = "^[a-z0-9-]+$" },
	{ .key = "title", .title = "WHAT IT IS", .flags = KT_COL_SET | KT_COL_WRAP },
};

void kt_explain_case(struct kt_report *report, const struct kt_case *one)
{
	const struct {
		const char *label, *text;
	} lines[KT_CASE_COLUMNS] = {
		{ NULL, one->id },
		{ NULL, one->title },
		{ "What happens", one->about },
		{ "Tried on each", one->each },
		{ "Recognised at one time by", one->symptom.text },
		{ "Recognised between two times by", one->grows.text },
		{ NULL, one->series },
		{ NULL, kt_severity_name(one->severity) },
		{ "What decides", one->test },
		{ "Culprit", one->culprit.text },
		{ "Remedy", one->remedy.text },
		{ "What it costs", one->costs.text },
		{ "Next", one->next.text },
		{ "Affected", one->versions },
		{ "Source", one->reference },
		{ "More", one->more },
	};

	kt_report_headline(report, "%s", one->title);
	for (size_t i = 0; i < KT_CASE_COLUMNS; i++) {
		struct kt_cell cell =
			lines[i].text ? kt_report_text(report, lines[i].text) : kt_cell_text(NULL);

		kt_report_field(report, "case", kt_case_columns[i].key, KT_CELL_TEXT, cell);
		if (lines[i].label && lines[i].text)
			kt_report_headline(report, "%s: %s", lines[i].label, lines[i].text);
	}
}

void kt_explain_cases(struct kt_report *report, const struct kt_cases *cases)
{
	struct kt_table *table = kt_report_table(
		report, "cases", "Known cases", kt_case_list_columns, KT_CASE_LIST_COLUMNS);

	for (size_t i = 0; table && i < cases->items.count; i++) {
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[0] = kt_report_text(report, cases->items.items[i].id);
		row->cells[1] = kt_report_text(report, cases->items.items[i].title);
	}
}
