// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes a recording of a part of another one: one day, to be sent.

#include "cmd/past/past.h"
#include "cmd/past/past_copy.h"
#include "record/zstd.h"

struct cut_args {
	struct kt_past_period period;
	bool force;
};

static const struct kt_shape shape = {
	.schema = "ktally/cut/1",
	.parts = KT_PARTS(&kt_past_copy_part),
};

static void put_report(struct kt_report *report, const char *path, const struct kt_past_copy *copy)
{
	kt_past_copy_put(copy, path, report);
	if (copy->nr_whole_thinned)
		kt_report_note(report,
			"%llu thinned samples outside the period are in it too: samples older than "
			"seven days are cut between blocks only",
			(unsigned long long)copy->nr_whole_thinned);
}

static struct kt_err *copy_blocks(struct kt_history *history, struct kt_past_copy *copy)
{
	struct kt_err *err = NULL;

	for (size_t i = 0; i < kt_recording_nr_blocks(history->recording) && !err; i++)
		err = kt_past_copy_block(
			copy, history->recording, i, history->least_ms, history->most_ms);
	if (!err && !copy->nr_samples)
		err = kt_err_new(
			KT_ERR_ABSENT, "%s: contains no sample of that time", history->path);
	return err;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct cut_args *args = kt_call_own(call);
	KT_CLEANUP(history) struct kt_history history = { 0 };
	struct kt_past_copy copy;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_past_open(call->operands[0], &args->period, &history);
	if (err)
		return err;
	err = kt_past_copy_open(call->operands[1], args->force, &copy);
	if (!err)
		err = copy_blocks(&history, &copy);
	if (!err)
		err = kt_past_copy_commit(&copy);
	if (!err) {
		put_report(report, call->operands[1], &copy);
		kt_past_note(&history, report);
	}
	kt_past_copy_fini(&copy);
	return err;
}

static const struct kt_operand operands[] = { { "FILE", KT_ARG_RECORDING },
	{ "OUT", KT_ARG_NEW_FILE, .prepare = kt_zstd_prepare } };

static const struct kt_option options[] = {
	KT_PAST_PERIOD_OPTIONS(struct cut_args, period),
	{ 0, "force", NULL, "overwrite the recording", .kind = KT_ARG_FLAG,
		KT_AT(struct cut_args, force) },
};

static const struct kt_example examples[] = {
	{ "ktally cut r.rec day.rec --from -1d", "the last day, to be sent" },
	{ "ktally cut r.rec last.rec --from -2h", "the last two hours" },
};

const struct kt_cmd kt_cmd_cut = {
	.name = "cut",
	.summary = "makes a recording of a part of another",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Writes the samples of FILE from --from to --to into OUT, which is a recording "
		"like any other: all files, marks and reasons are in it. FILE may be recorded "
		"into meanwhile. Samples that are thinned, because they are older than seven days, "
		"are cut between blocks; a note says how many more there are.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct cut_args),
	.alone = true,
	.shape = &shape,
	.run = run,
};
