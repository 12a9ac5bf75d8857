// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/culprit.h"

#include "diagnose/growth.h"

#include <math.h>
#include <string.h>

extern const struct kt_cmd kt_cmd_users, kt_cmd_pages, kt_cmd_stacks, kt_cmd_pagetables;

/* Tables that have holders, the surest first; a subject's first table with a row decides. */
static const struct way {
	const char *subject; /* begins the subject of the finding */
	const struct kt_cmd *cmd;
	const char *operand; /* NULL: none; "": the name in the subject */
	const char *table, *column, *module;
	const char *source; /* for the user: how it is known */
} ways[] = {
	{ "slab:", &kt_cmd_users, "", "sites", "name", "module", "allocation tags" },
	{ "slab:", &kt_cmd_users, "", "objects", "name", "module", "stacks of allocations" },
	{ "slab:", &kt_cmd_users, "", "object_holders", "held_by", NULL, "kernel memory" },
	{ "slab:", &kt_cmd_users, "", "object_groups", "points_to", NULL, "kernel memory" },
	{ "account:vmalloc", &kt_cmd_users, "vmalloc", "vmalloc", "name", "module", "vmallocinfo" },
	{ "account:percpu", &kt_cmd_users, "percpu", "sites", "name", "module", "allocation tags" },
	{ "account:direct", &kt_cmd_pages, NULL, "owners", "holder", NULL, "kernel memory" },
	{ "account:unattributed", &kt_cmd_pages, NULL, "owners", "holder", NULL, "kernel memory" },
	{ "account:kernel_stacks", &kt_cmd_stacks, NULL, "stacks", "name", NULL, "processes" },
	{ "account:page_tables", &kt_cmd_pagetables, NULL, "processes", "name", NULL, "processes" },
};

/* Holders without a name: that nothing is known of them is no name. */
static bool is_name(const char *holder)
{
	return holder && *holder && *holder != '(' && strcmp(holder, "struct page") != 0;
}

/*
 * Part of the growth that must be the holder's: of memory of which the holder has `share`, the
 * growth is `grown`, and the rest was there before.
 */
static double least_of_growth(double share, double grown)
{
	return grown > 0 ? (share + grown - 1) / grown : 0;
}

struct largest {
	const char *holder, *module;
	int64_t bytes, all_bytes;
};

static const char *text_at(
	const struct kt_table *table, const struct kt_report_row *row, const char *key)
{
	size_t at = key ? kt_table_column_named(table, key) : KT_NO_COLUMN;

	return at != KT_NO_COLUMN && row->cells[at].state == KT_OK ? row->cells[at].text : NULL;
}

static bool find_largest(
	const struct kt_report *report, const struct way *way, struct largest *ret_largest)
{
	*ret_largest = (struct largest){ 0 };
	for (size_t i = 0; i < report->tables.count; i++) {
		const struct kt_table *table = report->tables.items[i];
		size_t bytes = kt_table_column_named(table, "bytes");

		if (strcmp(table->key, way->table) != 0 || bytes == KT_NO_COLUMN)
			continue;
		for (size_t k = 0; k < table->rows.count; k++) {
			const struct kt_report_row *row = &table->rows.items[k];

			if (row->cells[bytes].state != KT_OK)
				continue;
			ret_largest->all_bytes += row->cells[bytes].number;
			if (row->cells[bytes].number <= ret_largest->bytes)
				continue;
			ret_largest->bytes = row->cells[bytes].number;
			ret_largest->holder = text_at(table, row, way->column);
			ret_largest->module = text_at(table, row, way->module);
		}
	}
	return ret_largest->all_bytes > 0 && is_name(ret_largest->holder);
}

static bool take(struct kt_report *report, struct kt_finding *finding, const struct way *way,
	const struct largest *largest)
{
	double share = (double)largest->bytes / (double)largest->all_bytes;
	double grown = (double)finding->bytes / (double)largest->all_bytes;
	const char *name = largest->holder;

	if (least_of_growth(share, grown < 1 ? grown : 1) < 0.5)
		return false;
	if (largest->module)
		name = kt_arena_printf(&report->arena, "%s [%s]", largest->holder, largest->module);
	else
		name = kt_arena_printf(&report->arena, "%s", largest->holder);
	if (name)
		kt_growth_name(report, finding, name, share, way->source);
	return name;
}

/* Runs a command without its text, as a user would who follows the advice. */
static struct kt_err *run_list(const struct kt_call *call, const struct way *way,
	const struct kt_finding *finding, struct kt_report *ret_report)
{
	struct kt_call list = { .machine = call->machine, .console = NULL, .cmds = call->cmds };

	list.show.output = kt_output_find("json");
	list.once = true;
	if (way->operand) {
		list.operands[0] = *way->operand ? way->operand : kt_growth_subject_name(finding);
		list.nr_operands = 1;
	}
	return kt_cmd_run(way->cmd, &list, ret_report);
}

void kt_culprit_name(
	const struct kt_call *call, struct kt_report *report, struct kt_finding *finding)
{
	const struct kt_cmd *ran = NULL;
	struct kt_report list = { 0 };
	struct kt_err *err = NULL;

	for (size_t i = 0; i < KT_LEN(ways) && !finding->culprit; i++) {
		const struct way *way = &ways[i];
		struct largest largest;

		if (strncmp(finding->subject, way->subject, strlen(way->subject)) != 0)
			continue;
		if (ran != way->cmd) {
			kt_report_cleanup(&list);
			kt_err_free(err);
			list = (struct kt_report){ 0 };
			err = run_list(call, way, finding, &list);
			ran = way->cmd;
		}
		if (!err && find_largest(&list, way, &largest))
			take(report, finding, way, &largest);
	}
	if (err && !finding->culprit)
		kt_finding_evidence(
			report, finding, "its holder is not known: %s", kt_err_text(err));
	kt_report_cleanup(&list);
	kt_err_free(err);
}
