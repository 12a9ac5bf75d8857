// SPDX-License-Identifier: GPL-2.0-or-later
//
// Opening and describing a recording, the same for all commands about the past, so that --from and
// --to mean the same everywhere.

#include "cmd/past/past.h"

#include "base/when.h"

#define DAMAGES_TOLD 4u

/* Relative times count back from the last sample, not from now: a recording may be years old. */
static struct kt_err *take_when(const char *option, const char *text, int64_t last_ms, int64_t *ms)
{
	if (!text || kt_when(kt_span_str(text), KT_WHEN_LOCAL, last_ms, ms))
		return NULL;
	return kt_err_new(KT_ERR_USAGE,
		"%s takes a time: 2026-01-31T23:59, 23:59, -2h (before the last sample)", option);
}

/*
 * Limits the history to the period, as far as it has samples. A period without a sample is an error
 * with the period that exists. An empty report would look like a machine on which nothing happened.
 */
static struct kt_err *take_period(const struct kt_past_period *period, struct kt_history *history)
{
	int64_t first_ms = history->from_ms, last_ms = history->to_ms;
	int64_t from_ms = first_ms, to_ms = last_ms, now_ms = kt_history_last_ms(history);
	struct kt_err *err = take_when("--from", period->from, now_ms, &from_ms);
	char first[KT_WHEN_ROOM], last[KT_WHEN_ROOM];

	if (!err)
		err = take_when("--to", period->to, now_ms, &to_ms);
	if (err)
		return err;
	if (period->from && period->to && from_ms > to_ms)
		return kt_err_new(KT_ERR_USAGE, "--from is later than --to");
	if (from_ms > last_ms || to_ms < first_ms)
		return kt_err_new(KT_ERR_ABSENT,
			"%s: contains no sample of that time; it goes from %s to %s", history->path,
			kt_when_local(first_ms, first), kt_when_local(last_ms, last));
	kt_history_limit(
		history, period->from ? from_ms : INT64_MIN, period->to ? to_ms : INT64_MAX);
	return NULL;
}

const char *kt_past_path(const struct kt_call *call)
{
	if (call->nr_operands)
		return call->operands[0];
	return call->machine.source ? call->machine.source : KT_RECORDING_DEFAULT;
}

struct kt_err *kt_past_open(
	const char *path, const struct kt_past_period *period, struct kt_history *ret_history)
{
	KT_CLEANUP(err) struct kt_err *err = kt_history_open(path, ret_history);
	struct kt_err *told;

	if (!err)
		return take_period(period, ret_history);
	if (kt_err_code(err) == KT_ERR_ABSENT && !ret_history->recording)
		return kt_err_new(KT_ERR_ABSENT,
			"cannot read recording: %s ('ktally record' makes one)", kt_err_text(err));
	told = err;
	err = NULL;
	return told;
}

static const struct kt_column recording_columns[] = {
	{ .key = "file", .flags = KT_COL_SET },
	{ .key = "from", .flags = KT_COL_SET, .pattern = KT_TIME_PATTERN },
	{ .key = "to", .flags = KT_COL_SET, .pattern = KT_TIME_PATTERN },
	{ .key = "samples", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	{ .key = "bytes", .type = KT_CELL_BYTES, .flags = KT_COL_SET },
};

const struct kt_part kt_past_recording_part = {
	.key = "recording",
	KT_COLUMNS_OF(recording_columns),
	.help = "The period that was read, from its first to its last sample, and the size of the "
		"whole file.",
};

void kt_past_describe(const struct kt_history *history, struct kt_report *report)
{
	const struct kt_recording *recording = history->recording;
	char from[32], to[32], first[KT_WHEN_ROOM], last[KT_WHEN_ROOM];
	int64_t nr_samples = 0;

	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++)
		nr_samples += kt_recording_frame(recording, i)->nr_samples;
	kt_when_text(history->from_ms, from);
	kt_when_text(history->to_ms, to);
	kt_report_field(
		report, "recording", "file", KT_CELL_TEXT, kt_report_text(report, history->path));
	kt_report_field(report, "recording", "from", KT_CELL_TEXT, kt_report_text(report, from));
	kt_report_field(report, "recording", "to", KT_CELL_TEXT, kt_report_text(report, to));
	kt_report_field(report, "recording", "samples", KT_CELL_COUNT, kt_cell_number(nr_samples));
	kt_report_field(report, "recording", "bytes", KT_CELL_BYTES,
		kt_cell_number((int64_t)kt_recording_size(recording)));
	kt_report_headline(report, "%s: %s to %s", history->path,
		kt_when_local(history->from_ms, first), kt_when_local(history->to_ms, last));
}

/*
 * Damage never ends a report, but it must be said: a gap in the lines could be taken for an outage.
 * Only DAMAGES_TOLD places are described, because a broken disk can damage thousands.
 */
void kt_past_note(const struct kt_history *history, struct kt_report *report)
{
	size_t count = kt_recording_nr_damages(history->recording);

	if (history->nr_left_out)
		kt_report_note(report,
			"%lld sample%s left out: the clock was set back to before earlier samples",
			(long long)history->nr_left_out,
			history->nr_left_out == 1 ? " is" : "s are");
	for (size_t i = 0; i < count && i < DAMAGES_TOLD; i++) {
		const struct kt_damage *damage = kt_recording_damage(history->recording, i);

		kt_report_warn(report, kt_arena_printf(&report->arena,
					       "damaged: %llu bytes at %llu: %s; the rest was read",
					       (unsigned long long)damage->size,
					       (unsigned long long)damage->offset, damage->why));
	}
	if (count > DAMAGES_TOLD)
		kt_report_warn(
			report, kt_arena_printf(&report->arena, "and %zu more damaged places",
					count - DAMAGES_TOLD));
}
