// SPDX-License-Identifier: GPL-2.0-or-later
//
// An external plugin of Netdata. Netdata starts it, reads charts and values from its output, and
// asks on its input for the table of slab caches (a "function").
//
// The plugin runs for weeks, so everything that it keeps is bounded: the request line, the rows
// that were shown (report/shown.h), the files that cannot change (source/still.h). A reading that
// fails is a gap in the charts and not an end of the plugin, unless it is the first one.

#include "cmd/monitor/metrics.h"
#include "cmd/monitor/netdata_charts.h"
#include "cmd/slab/slab.h"
#include "machine/clock.h"
#include "machine/pace.h"
#include "report/list.h"
#include "report/shown.h"
#include "source/still.h"

#include <string.h>
#include <unistd.h>

#define INTERVAL_MAX  3600u
#define REQUEST_MAX   4096u /* bytes of a request; longer requests are skipped */
#define FUNCTION      "ktally-slab-caches"
#define FUNCTION_HELP "Slab caches of the kernel: what each holds and wastes."

/*
 * State of the plugin. `last_us` is the monotonic time of the last values, 0 before the first;
 * `line` collects a request that arrives in pieces.
 */
struct plugin {
	const struct kt_call *call;
	struct kt_netdata *netdata;
	struct kt_shown *shown;
	struct kt_still *still;
	int64_t interval_s, now_s, last_us;
	char line[REQUEST_MAX];
	size_t line_size;
	bool too_long, closed;
};

/* False: Netdata has closed the pipe, and the plugin ends. */
static bool write_out(struct plugin *plugin, const struct kt_buf *buf)
{
	if (buf->failed)
		return false;
	return !buf->size || kt_call_write(plugin->call, buf->data, buf->size);
}

/* ---- charts ---- */

/*
 * The time that passed is measured, not the interval: Netdata draws wrong rates and gaps if a late
 * reading claims to be on time.
 */
static struct kt_err *tell(struct plugin *plugin, int64_t now_us)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_call call = *plugin->call;
	struct kt_err *err;

	call.shown = plugin->shown;
	call.machine.still = plugin->still;
	err = kt_metrics_report(&call, &report);
	if (err)
		return err;
	kt_netdata_put(
		plugin->netdata, &report, plugin->last_us ? now_us - plugin->last_us : 0, &text);
	plugin->last_us = now_us;
	plugin->closed |= !write_out(plugin, &text);
	return NULL;
}

/* ---- the function ---- */

/* An answer is valid until the next reading. */
static long long expires(const struct plugin *plugin)
{
	return plugin->now_s + plugin->interval_s;
}

/*
 * Names come from the kernel and may have quotes; an unescaped quote would end the string of the
 * answer.
 */
static void put_json(struct kt_buf *buf, const char *text)
{
	kt_buf_puts(buf, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			kt_buf_puts(buf, "\\");
		kt_buf_add(buf, text, 1); /* names have no control characters */
	}
	kt_buf_puts(buf, "\"");
}

/*
 * Chooses columns that a table of Netdata can show: no growth, since one answer has one sample, and
 * no details. The copy number stays, because two caches may have one name and the table needs a
 * unique key.
 */
static bool is_shown(const struct kt_column *column)
{
	return !(column->flags & (KT_COL_GROWTH | KT_COL_RATE | KT_COL_WIDE)) &&
	       (column->type == KT_CELL_TEXT || column->type == KT_CELL_BYTES ||
		       column->type == KT_CELL_COUNT) &&
	       (!(column->flags & KT_COL_DATA_ONLY) || strcmp(column->key, "copy") == 0);
}

static void put_columns(struct kt_buf *buf, const struct kt_table *table)
{
	int index = 0;

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_column *column = &table->columns[i];
		bool bytes = column->type == KT_CELL_BYTES, label = column->flags & KT_COL_LABEL;

		if (!is_shown(column))
			continue;
		kt_buf_printf(buf,
			"%s\"%s\":{\"index\":%d,\"unique_key\":%s,\"name\":\"%s\",\"visible\":true,"
			"\"type\":\"%s\",\"units\":\"%s\",\"visualization\":\"value\","
			"\"value_options\":{\"transform\":\"number\",\"decimal_points\":%d},"
			"\"sort\":\"%s\",\"sortable\":true,\"sticky\":%s,\"summary\":\"%s\","
			"\"filter\":\"%s\"}",
			index ? "," : "", column->title, index, label ? "true" : "false",
			column->title, column->type == KT_CELL_TEXT ? "string" : "integer",
			bytes					  ? "MiB"
			: column->type == KT_CELL_COUNT && !label ? "objects"
								  : "",
			bytes ? 3 : 0, column->type == KT_CELL_TEXT ? "ascending" : "descending",
			i == 0 ? "true" : "false", column->type == KT_CELL_TEXT ? "count" : "sum",
			column->type == KT_CELL_TEXT ? "multiselect" : "range");
		index++;
	}
}

/*
 * Bytes become MiB with six digits, about a byte exact: Netdata scales MiB itself. A missing cell
 * is null, never 0.
 */
static void put_cells(
	struct kt_buf *buf, const struct kt_table *table, const struct kt_report_row *row)
{
	const char *before = "[";

	for (size_t i = 0; i < table->nr_columns; i++) {
		const struct kt_cell *cell = &row->cells[i];

		if (!is_shown(&table->columns[i]))
			continue;
		kt_buf_puts(buf, before);
		before = ",";
		if (cell->state != KT_OK)
			kt_buf_puts(buf, "null");
		else if (table->columns[i].type == KT_CELL_TEXT)
			put_json(buf, cell->text);
		else if (table->columns[i].type == KT_CELL_BYTES)
			kt_buf_printf(buf, "%.6f", (double)cell->number / (1 << 20));
		else
			kt_buf_printf(buf, "%lld", (long long)cell->number);
	}
	kt_buf_puts(buf, "]");
}

static void put_caches(
	const struct plugin *plugin, const struct kt_table *table, struct kt_buf *buf)
{
	kt_buf_printf(buf,
		"{\"status\":200,\"type\":\"table\",\"has_history\":false,\"update_every\":%lld,"
		"\"help\":\"" FUNCTION_HELP "\",\"data\":[",
		(long long)plugin->interval_s);
	for (size_t i = 0; i < table->rows.count; i++) {
		kt_buf_puts(buf, i ? ",\n" : "\n");
		put_cells(buf, table, &table->rows.items[i]);
	}
	kt_buf_puts(buf, "],\n\"columns\":{");
	put_columns(buf, table);
	kt_buf_printf(buf, "},\"default_sort_column\":\"HELD\",\"expires\":%lld}", expires(plugin));
}

/* Netdata shows the reason to the user who asked, so an error of the reading is an answer too. */
static void put_failure(struct kt_buf *buf, int status, const char *why)
{
	kt_buf_printf(buf, "{\"status\":%d,\"error_message\":", status);
	put_json(buf, why);
	kt_buf_puts(buf, "}");
}

/*
 * All caches, not only those in the charts. It is a reading of its own, with a fresh call: the
 * charts keep few rows, and a user who opens the table wants all of them.
 */
static int show_caches(struct plugin *plugin, struct kt_buf *buf)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	const struct kt_call call = { .machine.source = plugin->call->machine.source,
		.show.output = &kt_output_json };
	static const struct kt_list_opts list = { .empty = true };
	KT_CLEANUP(err) struct kt_err *err = kt_cmd_run(&kt_cmd_slab, &call, &report);
	struct kt_table *table = NULL;

	if (!err)
		err = kt_list_finish(&report, &list);
	for (size_t i = 0; !err && i < report.tables.count; i++) {
		if (strcmp(report.tables.items[i]->key, "caches") == 0)
			table = report.tables.items[i];
	}
	if (table)
		put_caches(plugin, table, buf);
	else
		put_failure(buf, 503, err ? kt_err_text(err) : "no list of slab caches");
	return table ? 200 : 503;
}

/*
 * A line that is not a request is skipped without an answer, because there is no transaction to
 * answer to. If the body cannot be built for lack of memory, Netdata's own timeout reports it.
 */
static void answer(struct plugin *plugin, struct kt_span request)
{
	KT_CLEANUP(buf) struct kt_buf body = { 0 }, text = { 0 };
	struct kt_span transaction, function;
	int status = 404;

	if (!kt_netdata_request(request, &transaction, &function))
		return;
	if (kt_span_eq(function, FUNCTION))
		status = show_caches(plugin, &body);
	else
		put_failure(&body, status, "ktally has no such function");
	kt_buf_puts(&text, "FUNCTION_RESULT_BEGIN ");
	kt_buf_add(&text, transaction.p, transaction.n);
	kt_buf_printf(&text, " %d application/json %lld\n", status, expires(plugin));
	if (body.size)
		kt_buf_add(&text, body.data, body.size);
	kt_buf_puts(&text, "\nFUNCTION_RESULT_END\n");
	if (!body.failed)
		plugin->closed |= !write_out(plugin, &text);
}

/* A line that was too long is dropped as a whole: its beginning may look like a valid request. */
static void take_line(struct plugin *plugin)
{
	struct kt_span line = kt_span_trim((struct kt_span){ plugin->line, plugin->line_size });

	if (!plugin->too_long && kt_span_eq(line, "QUIT"))
		plugin->closed = true;
	else if (!plugin->too_long)
		answer(plugin, line);
	plugin->line_size = 0;
	plugin->too_long = false;
}

/* False at the end of the input: no more requests. */
static bool on_input(void *arg)
{
	struct plugin *plugin = arg;
	char piece[REQUEST_MAX];
	ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));

	for (ssize_t i = 0; i < n; i++) {
		if (piece[i] == '\n')
			take_line(plugin);
		else if (plugin->line_size < sizeof(plugin->line))
			plugin->line[plugin->line_size++] = piece[i];
		else
			plugin->too_long = true;
	}
	return n > 0;
}

/* ---- the command ---- */

/*
 * Netdata passes its interval as the first operand, which therefore wins over -i. By default the
 * plugin reads every second.
 */
static struct kt_err *interval_of(const struct kt_call *call, int64_t *ret_interval_s)
{
	uint64_t seconds = call->interval_s > 1 ? (uint64_t)call->interval_s : 1;

	if (call->nr_operands && (!kt_span_u64(kt_span_str(call->operands[0]), &seconds) ||
					 seconds < 1 || seconds > INTERVAL_MAX))
		return kt_err_new(
			KT_ERR_USAGE, "'netdata' takes whole seconds, from 1 to %u", INTERVAL_MAX);
	*ret_interval_s = (int64_t)seconds;
	return NULL;
}

/*
 * A failed reading leaves a gap. If the first one fails, Netdata disables the plugin. That keeps
 * Netdata from starting a plugin again and again that can read nothing here.
 */
static struct kt_err *follow(struct plugin *plugin, struct kt_pace *pace)
{
	struct kt_err *err = NULL;
	struct kt_moment now;
	int64_t turns = 0;

	while (!plugin->closed && kt_pace_next(pace, &now, &err) && !plugin->closed) {
		plugin->now_s = now.real_ms / 1000;
		err = tell(plugin, kt_clock_ns() / 1000);
		if (err && !turns) {
			kt_call_write(plugin->call, "DISABLE\n", 8);
			return err;
		}
		if (err)
			kt_call_say(plugin->call, kt_err_text(err));
		kt_err_free(err);
		err = NULL;
		if (++turns == plugin->call->count)
			break;
	}
	return err;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	static const char function[] =
		"FUNCTION GLOBAL '" FUNCTION "' 10 '" FUNCTION_HELP "' 'top' 'members' 100\n";
	struct plugin plugin = { .call = call };
	struct kt_pace *pace = NULL;
	struct kt_err *err = interval_of(call, &plugin.interval_s);

	kt_report_init(report, "ktally/netdata/1");
	report->streamed = true;
	if (err)
		return err;
	plugin.netdata = kt_netdata_new(plugin.interval_s);
	plugin.shown = kt_shown_new();
	plugin.still = kt_still_new();
	if (!plugin.netdata || !plugin.shown || !plugin.still)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = kt_pace_start((double)plugin.interval_s, &pace);
	if (!err) {
		kt_pace_watch(pace, STDIN_FILENO, on_input, &plugin);
		plugin.closed = !kt_call_write(call, function, sizeof(function) - 1);
		err = follow(&plugin, pace);
	}
	kt_pace_stop(pace);
	kt_netdata_free(plugin.netdata);
	kt_shown_free(plugin.shown);
	kt_still_free(plugin.still);
	return err;
}

static const struct kt_operand operands[] = { { "SECONDS", KT_ARG_SECONDS, .optional = true } };

static const struct kt_example examples[] = {
	{ "ktally netdata 10", "what Netdata reads, every 10 seconds" },
};

const struct kt_cmd kt_cmd_netdata = {
	.name = "netdata",
	.summary = "an external plugin of Netdata",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Netdata starts this command, as ktally.plugin in its directory of plugins. "
		"That file may be a link to ktally. SECONDS is the time between two readings, "
		"by default 1. The command draws the account, and the kernel's part of it, "
		"which adds up where Netdata's own chart counts memory twice. It draws what "
		"no counter explains with its bounds, slab caches with the sum of the caches "
		"not shown, waste and cgroups; with --expensive also callers of vmalloc. A "
		"cache that is gone is retired from its chart. The function "
		"ktally-slab-caches shows the table of all caches.\n\n"
		"Without root the account is coarser and has no caches: Netdata runs its "
		"plugins as its own user. docs/MONITORING.md shows how to give only "
		"ktally.plugin the right to read them.\n\n"
		"In netdata.conf '[plugin:ktally] update every = 10' reads less often.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.paced = true,
	.program = "ktally.plugin",
	.run = run,
};
