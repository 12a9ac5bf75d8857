// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes a recording of what was saved without ktally, so that every command about the past works on
// it. The report lists what each input gave, and what of it could not be read.

#include "import/import.h"
#include "base/human.h"
#include "base/when.h"
#include "cli/cmd.h"
#include "record/zstd.h"

#include <string.h>

struct import_args {
	const char *into, *zone;
	int dates;
	bool force;
};

enum {
	COL_INPUT,
	COL_KIND,
	COL_SAMPLES,
	COL_FIRST,
	COL_LAST,
	COL_TIMES,
	COL_UNDATED,
	COL_EMPTY,
	COL_UNREAD,
	COL_WHY
};

static const struct kt_column columns[] = {
	[COL_INPUT] = { .key = "input", .title = "INPUT", .flags = KT_COL_KEY | KT_COL_SET },
	[COL_KIND] = { .key = "kind", .title = "WHAT", .flags = KT_COL_SET },
	[COL_SAMPLES] = { .key = "samples",
		.title = "SAMPLES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[COL_FIRST] = { .key = "first", .title = "FIRST", .flags = KT_COL_TIME },
	[COL_LAST] = { .key = "last", .title = "LAST", .flags = KT_COL_TIME },
	[COL_TIMES] = { .key = "times",
		.title = "TIME FROM",
		.help = "Where the times come from." },
	[COL_UNDATED] = { .key = "undated",
		.title = "UNDATED",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Samples without a time, which are left out." },
	[COL_EMPTY] = { .key = "empty",
		.title = "EMPTY",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET | KT_COL_WIDE,
		.help = "Times without a sample." },
	[COL_UNREAD] = { .key = "unread_lines",
		.title = "UNREAD",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "Lines with text that belong to no file that ktally knows." },
	[COL_WHY] = { .key = "reason",
		.title = "",
		.flags = KT_COL_DATA_ONLY,
		.help = "Why the input has no samples." },
};

static const struct kt_column field_columns[] = {
	{ .key = "file", .flags = KT_COL_SET },
	{ .key = "samples", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	{ .key = "bytes", .type = KT_CELL_BYTES, .flags = KT_COL_SET, .help = "Of the recording." },
	{ .key = "page_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_OPTIONAL | KT_COL_SET,
		.help = "Missing where the files do not show it." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_part inputs_part = {
	.key = "inputs",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/import/1",
	.parts = KT_PARTS(&fields_part, &inputs_part),
};

#define ROWS_MAX 24u /* inputs with a row each; of more, a directory has a row */

static struct kt_cell time_cell(struct kt_report *report, int64_t ms)
{
	char text[32];

	return kt_report_text(report, kt_when_text(ms, text));
}

static size_t length_of_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Counts the inputs of one row: files of one directory that are of one kind. */
static size_t alike(const struct kt_import *import, size_t first)
{
	const struct kt_import_input *a = &import->inputs.items[first];
	size_t count = 1, n = length_of_directory(a->path);

	while (n && import->inputs.count > ROWS_MAX && first + count < import->inputs.count) {
		const struct kt_import_input *b = &import->inputs.items[first + count];

		if (a->kind != b->kind || a->why || b->why || strcmp(a->times, b->times) != 0 ||
			length_of_directory(b->path) != n || memcmp(a->path, b->path, n) != 0)
			break;
		count++;
	}
	return count;
}

static struct kt_import_input sum_of(const struct kt_import_input *inputs, size_t count)
{
	struct kt_import_input sum = inputs[0];

	for (size_t i = 1; i < count; i++) {
		const struct kt_import_input *one = &inputs[i];

		if (one->nr_samples && (!sum.nr_samples || one->first_ms < sum.first_ms))
			sum.first_ms = one->first_ms;
		if (one->nr_samples && (!sum.nr_samples || one->last_ms > sum.last_ms))
			sum.last_ms = one->last_ms;
		sum.nr_samples += one->nr_samples;
		sum.nr_undated += one->nr_undated;
		sum.nr_empty += one->nr_empty;
		sum.nr_unread += one->nr_unread;
	}
	return sum;
}

static struct kt_cell name_cell(struct kt_report *report, const char *path, size_t count)
{
	KT_CLEANUP(buf) struct kt_buf name = { 0 };

	if (count > 1)
		kt_buf_printf(
			&name, "%.*s (%zu files)", (int)length_of_directory(path), path, count);
	return kt_report_text(report, name.data ? name.data : path);
}

static void put_input(struct kt_report *report, struct kt_table *table,
	const struct kt_import_input *inputs, size_t count)
{
	struct kt_report_row *row = kt_table_row(report, table);
	const struct kt_import_input sum = sum_of(inputs, count), *input = &sum;

	if (!row)
		return;
	row->cells[COL_INPUT] = name_cell(report, input->path, count);
	row->cells[COL_KIND] = kt_cell_text(input->what);
	row->cells[COL_SAMPLES] = kt_cell_number((int64_t)input->nr_samples);
	if (input->nr_samples) {
		row->cells[COL_FIRST] = time_cell(report, input->first_ms);
		row->cells[COL_LAST] = time_cell(report, input->last_ms);
		row->cells[COL_TIMES] = kt_report_text(report, input->times);
	}
	row->cells[COL_UNDATED] = kt_cell_number((int64_t)input->nr_undated);
	row->cells[COL_EMPTY] = kt_cell_number((int64_t)input->nr_empty);
	row->cells[COL_UNREAD] = kt_cell_number((int64_t)input->nr_unread);
	if (input->why)
		row->cells[COL_WHY] = kt_report_text(report, input->why);
}

#define NOTED_MAX 8 /* inputs whose lines are noted */

static void note_input(struct kt_report *report, const struct kt_import_input *input)
{
	if (input->why)
		kt_report_note(report, "%s", input->why);
	if (input->nr_undated && input->undated_line)
		kt_report_note(report,
			"%s: %llu sample%s without a time left out, the first at line %llu",
			input->path, (unsigned long long)input->nr_undated,
			input->nr_undated == 1 ? "" : "s", (unsigned long long)input->undated_line);
	else if (input->nr_undated)
		kt_report_note(report, "%s: %llu sample%s without a time left out", input->path,
			(unsigned long long)input->nr_undated, input->nr_undated == 1 ? "" : "s");
	for (size_t i = 0; i < input->nr_examples; i++)
		kt_report_note(report, "%s: line %llu is of no file that ktally knows: %s",
			input->path, (unsigned long long)input->unread[i].line,
			input->unread[i].text);
}

static void put_report(struct kt_report *report, const struct kt_import *import, const char *path)
{
	struct kt_table *table;
	char size[24];
	int nr_noted = 0;

	kt_report_begin(report, &shape);
	kt_report_field(report, NULL, "file", KT_CELL_TEXT, kt_report_text(report, path));
	kt_report_field(report, NULL, "samples", KT_CELL_COUNT,
		kt_cell_number((int64_t)import->nr_written));
	kt_report_field(
		report, NULL, "bytes", KT_CELL_BYTES, kt_cell_number((int64_t)import->nr_bytes));
	if (import->page_bytes)
		kt_report_field(report, NULL, "page_bytes", KT_CELL_BYTES,
			kt_cell_number(import->page_bytes));
	kt_human_bytes((int64_t)import->nr_bytes, size);
	kt_report_headline(report, "%s: %llu sample%s, %s. Look at it with: ktally report %s", path,
		(unsigned long long)import->nr_written, import->nr_written == 1 ? "" : "s", size,
		path);
	table = kt_report_table(report, inputs_part.key, "What was read", inputs_part.columns,
		inputs_part.nr_columns);
	for (size_t i = 0; table && i < import->inputs.count;) {
		size_t count = alike(import, i);

		put_input(report, table, &import->inputs.items[i], count);
		i += count;
	}
	for (size_t i = 0; i < import->inputs.count; i++) {
		const struct kt_import_input *input = &import->inputs.items[i];

		if ((input->why || input->nr_undated || input->nr_examples) &&
			nr_noted++ < NOTED_MAX)
			note_input(report, input);
	}
	for (size_t i = 0; i < import->notes.count; i++)
		kt_report_note(report, "%s", import->notes.items[i]);
	if (!import->page_bytes)
		kt_report_note(report, "no file shows the page size; series that are counted in "
				       "pages take pages of 4 KiB");
}

/* "+01:00", "-0500", "UTC" */
static bool zone_minutes(const char *text, int *ret_minutes)
{
	char line[64];
	struct kt_buf buf = { 0 };
	struct kt_stamp stamp;
	bool good;

	kt_buf_printf(&buf, "2026-01-01 00:00:00 %.32s", text);
	if (buf.failed)
		return false;
	strncpy(line, buf.data, sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	kt_buf_cleanup(&buf);
	good = kt_stamp_find(kt_span_str(line), &stamp) && stamp.to == strlen(line) &&
	       (stamp.zone == KT_ZONE_KNOWN || stamp.zone == KT_ZONE_NAME);
	*ret_minutes = good ? stamp.zone_minutes : 0;
	return good;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct import_args *args = kt_call_own(call);
	struct kt_import import = { .opts = { .dates = (enum kt_import_dates)args->dates,
					    .force = args->force } };
	struct kt_err *err = NULL;

	if (!args->into)
		err = kt_err_new(KT_ERR_USAGE, "'import' needs the recording to make: -o REC");
	else if (args->zone && !zone_minutes(args->zone, &import.opts.zone_minutes))
		err = kt_err_new(KT_ERR_USAGE, "'%.32s' is not a zone; use +01:00, -05:00 or UTC",
			args->zone);
	if (!err)
		err = kt_import_run(&import, call->operands, call->nr_operands, args->into);
	if (!err)
		put_report(report, &import, args->into);
	kt_import_fini(&import);
	return err;
}

static struct kt_err *prepare(void)
{
	/* a directory may have bundles in it; without the library only they cannot be read */
	kt_err_free(kt_root_prepare_bundle());
	return kt_zstd_prepare();
}

static const struct kt_operand operands[] = { { "INPUT", KT_ARG_SOURCE, .many = true } };

static const struct kt_option options[] = {
	{ 'o', "into", "REC", "the recording to make", .kind = KT_ARG_NEW_FILE,
		KT_AT(struct import_args, into), .prepare = prepare },
	{ 0, "dates", "ORDER",
		"order of dates such as 3/4/2026: dmy, mdy, or auto, which decides by all lines",
		.kind = KT_ARG_CHOICE, KT_AT(struct import_args, dates),
		.choices = "auto dmy mdy" },
	{ 0, "zone", "ZONE", "zone of times without one, such as +01:00; default: UTC",
		.kind = KT_ARG_PATTERN, KT_AT(struct import_args, zone) },
	{ 0, "force", NULL, "overwrite the recording", .kind = KT_ARG_FLAG,
		KT_AT(struct import_args, force) },
};

static const struct kt_example examples[] = {
	{ "ktally import mem.log -o m.rec", "a cron log: a line of date(1), then files of /proc" },
	{ "ktally import sosreports -o m.rec",
		"a directory of captures or sosreports of one host" },
	{ "ktally import sa28.json -o m.rec", "the output of sadf -j" },
};

const struct kt_cmd kt_cmd_import = {
	.name = "import",
	.summary = "makes a recording of logs and captures",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Reads what was saved over time without ktally, and writes a recording: "
		"'report', 'plot', 'export', 'diff REC@TIME REC@TIME', 'top' and 'serve' work on "
		"it. An INPUT is a text with dates and files of /proc in it (the output of a cron "
		"job or a shell loop), a directory of such texts, a kernel log with memory "
		"reports, captures or sosreports of one host, the output of sar -r, sadf -j or "
		"sadf -d, or metrics of node_exporter. Texts may be packed with gzip, bzip2, xz or "
		"zstd, or in UTF-16.\n\n"
		"Times may be before or after their samples, in names of files, or, as a last "
		"resort, times of the files. The order of day and month, a missing year and a "
		"missing day are decided over all lines of an input; dates with two readings are "
		"refused. A sample has only the files that were saved then. Samples without a "
		"time and lines that belong to no file are counted and shown.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct import_args),
	.alone = true,
	.shape = &shape,
	.run = run,
};
