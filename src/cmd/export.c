// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording for other programs, as a stream: it may be far larger than memory. CSV and
// JSON come sample after sample; OpenMetrics wants all samples of a series together, so the
// recording is read as often as needed to keep a few series at a time.

#include "base/when.h"
#include "cmd/history.h"
#include "cmd/session.h"
#include "model/account.h"
#include "record/track.h"

#include <fnmatch.h>
#include <string.h>

#define BATCH_BYTES (16u << 20) /* of OpenMetrics text that is held back */
#define SAMPLE_SIZE 96u		/* of one sample in it, more or less */
#define FLUSH_BYTES 65536u

struct export
{
	const struct kt_options *options;
	struct kt_history *history;
	int64_t step_ms;
	struct kt_buf buf;
	struct kt_err *err; /* of writing */
	/* tracks of the block that is looked at */
	struct kt_arena arena;
	kt_tracks tracks;
	uint64_t sequence;
	bool has_tracks;
};

static struct kt_err *flush(struct export *export, size_t least)
{
	bool good = true;

	if (export->buf.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (export->buf.size < least)
		return NULL;
	good = !export->options->write ||
	       export->options->write(export->buf.data, export->buf.size);
	export->buf.size = 0;
	return good ? NULL : kt_err_new(KT_ERR_CLOSED, "nobody reads");
}

static bool is_wanted(const struct export *export, const char *name)
{
	const char *filter = export->options->filter;

	return !filter || fnmatch(filter, name, 0) == 0 ||
	       (!strpbrk(filter, "*?[") && strstr(name, filter));
}

static const kt_tracks *tracks_at(struct export *export, const struct kt_block *block)
{
	if (export->has_tracks && export->sequence == block->sequence)
		return &export->tracks;
	kt_arena_fini(&export->arena);
	export->arena = (struct kt_arena){ 0 };
	export->tracks = (kt_tracks){ 0 };
	export->sequence = block->sequence;
	export->has_tracks = true;
	kt_tracks_of(block, kt_history_page_bytes(block), &export->arena, &export->tracks);
	return &export->tracks;
}

static bool value_of(
	const struct kt_cursor *cursor, const struct kt_track *track, int64_t *ret_bytes)
{
	const struct kt_block_line *line = &cursor->block->lines.items[track->line];
	int64_t times = 1;

	return kt_cursor_value(cursor, line, track->number, KT_VALUE_LAST, ret_bytes) &&
	       (track->times == KT_TRACK_NO_TIMES ||
		       kt_cursor_value(cursor, line, track->times, KT_VALUE_LAST, &times)) &&
	       !__builtin_mul_overflow(*ret_bytes, times, ret_bytes) &&
	       !__builtin_mul_overflow(*ret_bytes, track->unit_bytes, ret_bytes);
}

/* ---- sample after sample ---- */

/* One amount of a sample; `first`: of that sample. */
typedef void (*put_amount)(
	struct kt_buf *buf, const char *time, const char *name, int64_t bytes, bool first);

static void put_csv(
	struct kt_buf *buf, const char *time, const char *name, int64_t bytes, bool first)
{
	(void)first;
	kt_buf_printf(buf, "%s,", time);
	if (strpbrk(name, ",\"\r\n")) {
		kt_buf_puts(buf, "\"");
		for (const char *p = name; *p; p++)
			kt_buf_add(buf, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
		kt_buf_puts(buf, "\"");
	} else
		kt_buf_puts(buf, name);
	kt_buf_printf(buf, ",%lld\r\n", (long long)bytes);
}

/* For JSON and OpenMetrics, which escape alike what kt_arena_name() lets through. */
static void put_quoted(struct kt_buf *buf, const char *name)
{
	for (const char *p = name; *p; p++) {
		if (*p == '"' || *p == '\\')
			kt_buf_puts(buf, "\\");
		kt_buf_add(buf, p, 1);
	}
}

static void put_json(
	struct kt_buf *buf, const char *time, const char *name, int64_t bytes, bool first)
{
	if (first)
		kt_buf_printf(buf, "{\"time\": \"%s\", \"bytes\": {", time);
	kt_buf_puts(buf, first ? "\"" : ", \"");
	put_quoted(buf, name);
	kt_buf_printf(buf, "\": %lld", (long long)bytes);
}

struct in_turn {
	struct export *export;
	put_amount put;
	const char *end; /* of a sample */
};

static const char *row_name(struct kt_arena *arena, const struct kt_line *line)
{
	return kt_arena_printf(arena, "account:%s", line->id);
}

static struct kt_err *add_account(
	struct in_turn *in_turn, const struct kt_cursor *cursor, const char *time, bool *first)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = kt_history_account(cursor, &session, &account);

	for (size_t i = 0; !err && i < account.lines.count; i++) {
		const struct kt_line *line = &account.lines.items[i];
		const char *name = row_name(&session.snap->arena, line);

		if (!kt_ok(line->val) || !is_wanted(in_turn->export, name))
			continue;
		in_turn->put(&in_turn->export->buf, time, name, line->val.value, *first);
		*first = false;
	}
	return err;
}

static struct kt_err *add_sample(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct in_turn *in_turn = arg;
	struct export *export = in_turn->export;
	const kt_tracks *tracks = tracks_at(export, cursor->block);
	struct kt_err *err;
	bool first = true;
	char time[32];

	kt_when_text(real_ms, time);
	err = add_account(in_turn, cursor, time, &first);
	for (size_t i = 0; i < tracks->count && !err; i++) {
		int64_t bytes;

		if (!is_wanted(export, tracks->items[i].name) ||
			!value_of(cursor, &tracks->items[i], &bytes))
			continue;
		in_turn->put(&export->buf, time, tracks->items[i].name, bytes, first);
		first = false;
	}
	if (!first)
		kt_buf_puts(&export->buf, in_turn->end);
	return err ? err : flush(export, FLUSH_BYTES);
}

/* ---- series after series ---- */

static const struct {
	const char *prefix, *family, *label, *help;
} families[] = {
	{ "account:", "ktally_account_bytes", "row", "Physical memory by row of the account." },
	{ "slab:", "ktally_slab_cache_bytes", "cache", "Memory that a slab cache holds." },
	{ "meminfo:", "ktally_meminfo_bytes", "field", "A field of /proc/meminfo." },
	{ "vmstat:", "ktally_vmstat_bytes", "field", "A counter of /proc/vmstat, in bytes." },
};

struct names {
	struct kt_arena arena;
	KT_LIST(const char *) list;
	const struct export *export;
	struct export *tracks; /* the same, to be changed */
};

static void add_name(struct names *names, const char *name)
{
	const char **slot;

	if (!is_wanted(names->export, name))
		return;
	for (size_t i = 0; i < names->list.count; i++) {
		if (strcmp(names->list.items[i], name) == 0)
			return;
	}
	slot = kt_list_push(&names->arena, &names->list);
	if (slot)
		*slot = kt_arena_printf(&names->arena, "%s", name);
}

static struct kt_err *add_names(
	void *arg, const struct kt_block *block, uint32_t first, uint32_t last)
{
	struct names *names = arg;
	const kt_tracks *tracks = tracks_at(names->tracks, block);
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = kt_cursor_init(&cursor, block);

	(void)last;
	if (err)
		return err;
	kt_cursor_move(&cursor, first);
	err = kt_history_account(&cursor, &session, &account);
	for (size_t i = 0; i < account.lines.count && !err; i++)
		add_name(names, row_name(&session.snap->arena, &account.lines.items[i]));
	for (size_t i = 0; i < tracks->count && !err; i++)
		add_name(names, tracks->items[i].name);
	return err;
}

struct batch {
	struct export *export;
	const char *const *names;
	struct kt_buf *texts;
	size_t count, family;
};

static void add_point(struct batch *batch, const char *name, int64_t bytes, int64_t real_ms)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct kt_buf *text = &batch->texts[i];

		if (strcmp(batch->names[i], name) != 0)
			continue;
		kt_buf_printf(text, "%s{%s=\"", families[batch->family].family,
			families[batch->family].label);
		put_quoted(text, name + strlen(families[batch->family].prefix));
		kt_buf_printf(text, "\"} %lld %lld.%03lld\n", (long long)bytes,
			(long long)(real_ms / 1000), (long long)(real_ms % 1000));
		return;
	}
}

static struct kt_err *add_points(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	struct batch *batch = arg;
	const kt_tracks *tracks = tracks_at(batch->export, cursor->block);
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_err *err = NULL;

	if (batch->family == 0)
		err = kt_history_account(cursor, &session, &account);
	for (size_t i = 0; i < account.lines.count && !err; i++) {
		const struct kt_line *line = &account.lines.items[i];

		if (kt_ok(line->val))
			add_point(batch, row_name(&session.snap->arena, line), line->val.value,
				real_ms);
	}
	for (size_t i = 0; i < tracks->count && batch->family > 0 && !err; i++) {
		int64_t bytes;

		if (value_of(cursor, &tracks->items[i], &bytes))
			add_point(batch, tracks->items[i].name, bytes, real_ms);
	}
	return err;
}

static struct kt_err *put_batch(struct batch *batch)
{
	struct kt_err *err =
		kt_history_walk(batch->export->history, batch->export->step_ms, add_points, batch);

	for (size_t i = 0; i < batch->count; i++) {
		kt_buf_add(&batch->export->buf, batch->texts[i].data ? batch->texts[i].data : "",
			batch->texts[i].size);
		batch->export->buf.failed |= batch->texts[i].failed;
		kt_buf_cleanup(&batch->texts[i]);
		if (!err)
			err = flush(batch->export, FLUSH_BYTES);
	}
	return err;
}

static struct kt_err *put_family(struct export *export, const struct names *names, size_t family)
{
	enum { BATCH_MAX = 64 };
	int64_t span_ms = export->history->to_ms - export->history->from_ms;
	int64_t nr_moments = span_ms / (export->step_ms ? export->step_ms : 1000) + 1;
	size_t room = BATCH_BYTES / SAMPLE_SIZE / (size_t)nr_moments + 1, at = 0;
	struct kt_err *err = NULL;

	kt_buf_printf(&export->buf, "# TYPE %s gauge\n# UNIT %s bytes\n# HELP %s %s\n",
		families[family].family, families[family].family, families[family].family,
		families[family].help);
	room = room > BATCH_MAX ? BATCH_MAX : room;
	while (at < names->list.count && !err) {
		struct kt_buf texts[BATCH_MAX] = { 0 };
		const char *chosen[BATCH_MAX];
		struct batch batch = { export, chosen, texts, 0, family };

		for (; at < names->list.count && batch.count < room; at++) {
			if (strncmp(names->list.items[at], families[family].prefix,
				    strlen(families[family].prefix)) == 0)
				chosen[batch.count++] = names->list.items[at];
		}
		if (batch.count)
			err = put_batch(&batch);
	}
	return err;
}

static struct kt_err *put_openmetrics(struct export *export)
{
	struct names names = { .export = export, .tracks = export };
	struct kt_err *err = kt_history_blocks(export->history, add_names, &names);

	for (size_t i = 0; i < KT_LEN(families) && !err; i++)
		err = put_family(export, &names, i);
	kt_buf_puts(&export->buf, "# EOF\n");
	kt_arena_fini(&names.arena);
	return err;
}

/* ---- the command ---- */

static struct kt_err *put_in_turn(struct export *export, bool json)
{
	struct in_turn in_turn = { export, json ? put_json : put_csv, json ? "}}\n" : "" };

	if (!json)
		kt_buf_puts(&export->buf, "time,name,bytes\r\n");
	return kt_history_walk(export->history, export->step_ms, add_sample, &in_turn);
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct export export = { .options = options, .history = &history };
	struct kt_err *err;

	kt_report_init(report, "ktally/export/1");
	report->streamed = true;
	if (!kt_span_has_word(kt_span_str("text csv json openmetrics"), options->output))
		return kt_err_new(KT_ERR_USAGE,
			"'export' writes csv, json or openmetrics, and not %s", options->output);
	export.step_ms = (int64_t)(options->interval_s * 1000);
	err = kt_history_open(options, &history);
	if (!err)
		err = strcmp(options->output, "openmetrics") == 0
			      ? put_openmetrics(&export)
			      : put_in_turn(&export, strcmp(options->output, "json") == 0);
	if (!err)
		err = flush(&export, 0);
	if (!err)
		err = kt_history_check(&history);
	if (!err)
		kt_history_note(&history, options, report);
	kt_buf_cleanup(&export.buf);
	kt_arena_fini(&export.arena);
	if (err && kt_err_code(err) == KT_ERR_CLOSED) {
		kt_err_free(err);
		err = NULL;
	}
	return err;
}

const struct kt_cmd kt_cmd_export = {
	.name = "export",
	.summary = "a recording as CSV, JSON lines or OpenMetrics",
	.operands = "[FILE]",
	.nr_operands_max = 1,
	.help = "Writes every amount in a recording, the rows of the account, slab caches, the "
		"fields of meminfo and vmstat, all in bytes: as CSV (time, name, bytes), with -o "
		"json as one object a line and sample, with -o openmetrics for 'promtool tsdb "
		"create-blocks-from openmetrics', which fills a Prometheus with the past. -i takes "
		"one sample each SECONDS, --from and --to a stretch, --filter 'slab:*' some names.",
	.paced = true,
	.run = run,
};
