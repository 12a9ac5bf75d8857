// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writes a recording for other programs, as a stream: it may be far larger than memory. CSV and
// JSON come sample after sample; OpenMetrics requires all samples of a series together, so the
// recording is read as often as needed to keep a few series at a time.

#include "cmd/past/export.h"
#include "account/account.h"
#include "base/when.h"

#include <stdio.h>
#include <string.h>

/*
 * The buffer is reused after each write, so the memory of an export does not grow with the
 * recording.
 */
struct kt_err *kt_export_flush(struct kt_export *export, size_t least)
{
	bool good;

	if (export->buf.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (export->buf.size < least)
		return NULL;
	good = kt_call_write(export->call, export->buf.data, export->buf.size);
	export->buf.size = 0;
	return good ? NULL : kt_err_new(KT_ERR_CLOSED, "the reader of the output has ended");
}

/* A text without wildcards matches anywhere in a name, as in the lists. */
bool kt_export_wants(const struct kt_export *export, const char *name)
{
	const char *filter = export->call->list.filter;

	return !filter || kt_list_matches(filter, name);
}

bool kt_export_wants_track(const struct kt_export *export, const struct kt_track *track)
{
	return kt_export_wants(export, track->id) || kt_export_wants(export, track->name);
}

void kt_export_quoted(struct kt_buf *buf, const char *name)
{
	for (size_t n; *name; name += n) {
		n = strcspn(name, "\"\\");
		kt_buf_add(buf, name, n);
		if (!name[n])
			break;
		kt_buf_puts(buf, "\\");
		kt_buf_add(buf, name + n++, 1);
	}
}

const char *kt_export_row_name(struct kt_export *export, const struct kt_line *line)
{
	export->name.size = 0;
	kt_buf_puts(&export->name, "account:");
	kt_buf_add(&export->name, line->id, strlen(line->id) + 1);
	export->buf.failed |= export->name.failed;
	return export->name.failed ? "" : export->name.data;
}

/* ---- sample after sample ---- */

/*
 * Writes a name between time and amount, as the format requires. Quotes as RFC 4180 does, so that
 * any name can be read back.
 */
static void put_csv_name(struct kt_buf *buf, const char *name)
{
	kt_buf_add(buf, ",", 1);
	if (name[strcspn(name, ",\"\r\n")]) {
		kt_buf_puts(buf, "\"");
		for (const char *p = name; *p; p++)
			kt_buf_add(buf, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
		kt_buf_puts(buf, "\"");
	} else
		kt_buf_puts(buf, name);
	kt_buf_add(buf, ",", 1);
}

static void put_json_name(struct kt_buf *buf, const char *name)
{
	kt_buf_add(buf, "\"", 1);
	kt_export_quoted(buf, name);
	kt_buf_add(buf, "\": ", 3);
}

/*
 * A selected track and its name in the format, for all samples of a block. The name is kept as an
 * offset, because the buffer of names moves when it grows.
 */
struct column {
	uint32_t from, to; /* samples */
	size_t name, name_size;
	const struct kt_track *track;
};

struct in_turn {
	struct kt_export *export;
	bool json;
	struct kt_arena arena; /* holds the columns */
	KT_LIST(struct column) columns;
	struct kt_buf names, name; /* for all columns; for one row */
	uint64_t turn;		   /* block holds the columns */
	char time[64];
	size_t time_size;
	bool first; /* no amount of the sample is written yet */
};

static void put_name(const struct in_turn *in_turn, struct kt_buf *buf, const char *name)
{
	if (in_turn->json)
		put_json_name(buf, name);
	else
		put_csv_name(buf, name);
}

/* Names are escaped once per block and not for each amount: this is most of the text. */
static bool enter_block(struct in_turn *in_turn, const struct kt_cursor *cursor)
{
	struct kt_export *export = in_turn->export;
	const kt_tracks *tracks = kt_tracks_reader_at(&export->tracks, cursor->block);

	kt_arena_fini(&in_turn->arena);
	in_turn->arena = (struct kt_arena){ 0 };
	in_turn->columns.items = NULL;
	in_turn->columns.count = in_turn->columns.room = in_turn->names.size = 0;
	in_turn->turn = cursor->turn;
	for (size_t i = 0; i < tracks->count; i++) {
		const struct kt_track *track = &tracks->items[i];
		struct column *column = kt_export_wants_track(export, track)
						? kt_list_push(&in_turn->arena, &in_turn->columns)
						: NULL;

		if (!column)
			continue;
		*column = (struct column){ track->from, track->to, in_turn->names.size, 0, track };
		put_name(in_turn, &in_turn->names, track->id);
		column->name_size = in_turn->names.size - column->name;
	}
	return !in_turn->arena.failed && !in_turn->names.failed && !export->tracks.failed;
}

/* One reservation covers time, name, number and separators, so the copies need no checks. */
static void put_amount(struct in_turn *in_turn, const char *name, size_t size, int64_t bytes)
{
	struct kt_buf *buf = &in_turn->export->buf;
	char *to = kt_buf_reserve(buf, in_turn->time_size + size + KT_NUMBER_MAX + 2);
	char *start = to;

	if (!to)
		return;
	if (in_turn->json && !in_turn->first) {
		*to++ = ',';
		*to++ = ' ';
	} else {
		memcpy(to, in_turn->time, in_turn->time_size);
		to += in_turn->time_size;
	}
	memcpy(to, name, size);
	to += size;
	to += kt_number_text(bytes, to);
	if (!in_turn->json) {
		*to++ = '\r';
		*to++ = '\n';
	}
	in_turn->first = false;
	buf->size += (size_t)(to - start);
}

/*
 * A row that is not known at this time is left out: an empty or zero amount would be a measurement.
 */
static struct kt_err *add_account(struct in_turn *in_turn, const struct kt_cursor *cursor)
{
	struct kt_export *export = in_turn->export;
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_err *err = kt_follower_account(&export->follower, cursor, &account);

	for (size_t i = 0; !err && i < account.lines.count; i++) {
		const struct kt_line *line = &account.lines.items[i];
		const char *name = kt_export_row_name(export, line);

		if (!kt_ok(line->val) || !kt_export_wants(export, name))
			continue;
		in_turn->name.size = 0;
		put_name(in_turn, &in_turn->name, name);
		export->buf.failed |= in_turn->name.failed;
		if (!in_turn->name.failed)
			put_amount(
				in_turn, in_turn->name.data, in_turn->name.size, line->val.value);
	}
	return err;
}

/* Writes the time of a line, or the beginning of a sample's object. */
static void put_time(struct in_turn *in_turn, int64_t real_ms)
{
	char time[32];
	int n = snprintf(in_turn->time, sizeof(in_turn->time),
		in_turn->json ? "{\"time\": \"%s\", \"bytes\": {" : "%s",
		kt_when_text(real_ms, time));

	in_turn->time_size = n < 0 ? 0 : (size_t)n;
}

/* A sample in which the filter selects nothing has no line at all. */
static struct kt_err *add_sample(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct in_turn *in_turn = arg;
	struct kt_export *export = in_turn->export;
	struct kt_err *err;

	if (in_turn->turn != cursor->turn && !enter_block(in_turn, cursor))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	in_turn->first = true;
	put_time(in_turn, real_ms);
	err = add_account(in_turn, cursor);
	for (size_t i = 0; i < in_turn->columns.count && !err; i++) {
		const struct column *column = &in_turn->columns.items[i];
		int64_t bytes;

		if (cursor->sample >= column->from && cursor->sample < column->to &&
			kt_track_value(cursor, column->track, &bytes))
			put_amount(in_turn, in_turn->names.data + column->name, column->name_size,
				bytes);
	}
	if (!in_turn->first && in_turn->json)
		kt_buf_puts(&export->buf, "}}\n");
	return err ? err : kt_export_flush(export, KT_EXPORT_FLUSH_BYTES);
}

static struct kt_err *put_in_turn(struct kt_export *export, bool json)
{
	struct in_turn in_turn = { .export = export, .json = json };
	struct kt_err *err;

	if (!json)
		kt_buf_puts(&export->buf, "time,name,bytes\r\n");
	err = kt_history_walk(export->history, export->step_ms, add_sample, &in_turn);
	kt_arena_fini(&in_turn.arena);
	kt_buf_cleanup(&in_turn.names);
	kt_buf_cleanup(&in_turn.name);
	return err;
}

/* ---- the command ---- */

struct export_args {
	struct kt_past_period period;
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct export_args *args = kt_call_own(call);
	KT_CLEANUP(history) struct kt_history history = { 0 };
	const struct kt_output *output = call->show.output;
	struct kt_export export = {
		.call = call, .history = &history, .store_bytes = KT_EXPORT_STORE_BYTES
	};
	struct kt_err *err;
	bool json;

	kt_report_init(report, "ktally/export/1");
	report->streamed = true;
	json = output == &kt_output_json || output == &kt_output_jsonl;
	if (!json && output != &kt_output_text && output != &kt_output_csv &&
		output != &kt_output_openmetrics)
		return kt_err_new(KT_ERR_USAGE,
			"'export' writes csv, json, jsonl or openmetrics, and not %s",
			output->name);
	export.step_ms = (int64_t)(call->interval_s * 1000);
	err = kt_past_open(kt_past_path(call), &args->period, &history);
	if (!err)
		err = output == &kt_output_openmetrics ? kt_export_openmetrics(&export)
						       : put_in_turn(&export, json);
	if (!err)
		err = kt_export_flush(&export, 0);
	if (!err)
		err = kt_history_check(&history);
	if (!err)
		kt_past_note(&history, report);
	kt_buf_cleanup(&export.buf);
	kt_buf_cleanup(&export.name);
	kt_follower_cleanup(&export.follower);
	kt_tracks_reader_fini(&export.tracks);
	if (err && kt_err_code(err) == KT_ERR_CLOSED) {
		kt_err_free(err);
		err = NULL;
	}
	return err;
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_RECORDING, .optional = true,
	.usual = KT_RECORDING_DEFAULT } };

static const struct kt_option options[] = { KT_PAST_PERIOD_OPTIONS(struct export_args, period) };

static const struct kt_example examples[] = {
	{ "ktally export r.rec -i 60 >r.csv", "one sample a minute as CSV" },
	{ "ktally export r.rec -o jsonl --filter 'slab:*'",
		"the slab caches, one JSON object a sample" },
	{ "ktally export r.rec -o openmetrics >r.om", "for promtool" },
};

const struct kt_cmd kt_cmd_export = {
	.name = "export",
	.summary = "a recording as CSV, JSON lines, OpenMetrics",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Writes every amount in a recording, in bytes: the rows of the account, slab "
		"caches, the fields of meminfo and vmstat. The format is CSV (time, name, "
		"bytes), with -o jsonl or json one object a line and sample. -o openmetrics is for "
		"'promtool tsdb create-blocks-from openmetrics', which fills a Prometheus "
		"with the past. -i takes one sample each SECONDS, --from and --to choose a "
		"period, --filter 'slab:*' some names.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.lists = true,
	.paced = true,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct export_args),
	.run = run,
};
