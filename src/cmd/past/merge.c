// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes one recording of two of the same machine, in the order of time.

#include "cmd/past/past.h"
#include "cmd/past/past_copy.h"
#include "record/zstd.h"

#include <stdlib.h>
#include <string.h>

#define INPUTS 2

struct merge_args {
	bool force;
};

/* A block of an input. */
struct place {
	size_t input, index;
	int64_t first_ms, last_ms;
};

struct merge {
	struct kt_history inputs[INPUTS];
	struct place *places;
	size_t nr_places;
	struct kt_past_copy copy;
	uint64_t nr_blocks_left_out;
};

static const struct kt_shape shape = {
	.schema = "ktally/merge/1",
	.parts = KT_PARTS(&kt_past_copy_part),
};

static int by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->first_ms != y->first_ms)
		return x->first_ms < y->first_ms ? -1 : 1;
	if (x->input != y->input)
		return x->input < y->input ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct kt_err *list_places(struct merge *merge)
{
	size_t room = 0;

	for (size_t k = 0; k < INPUTS; k++)
		room += kt_recording_nr_blocks(merge->inputs[k].recording);
	merge->places = calloc(room + 1, sizeof(*merge->places));
	if (!merge->places)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t k = 0; k < INPUTS; k++) {
		const struct kt_recording *recording = merge->inputs[k].recording;

		for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
			const struct kt_frame *frame = kt_recording_frame(recording, i);

			merge->places[merge->nr_places++] =
				(struct place){ k, i, frame->first_ms, frame->last_ms };
		}
	}
	qsort(merge->places, merge->nr_places, sizeof(*merge->places), by_time);
	return NULL;
}

/* Copies the name of the host of the first block that can be read; "": it is not known. */
static struct kt_err *host_of(struct kt_recording *recording, char ret[256])
{
	*ret = '\0';
	for (size_t i = 0; i < kt_recording_nr_blocks(recording) && !*ret; i++) {
		const struct kt_block *block;
		struct kt_err *err = kt_recording_block(recording, i, &block);
		const char *host = err ? NULL : kt_block_fact(block, "host");

		if (err && kt_err_code(err) != KT_ERR_PARSE)
			return err;
		kt_err_free(err);
		if (host)
			strncat(ret, host, 255);
	}
	return NULL;
}

/* Two machines in one recording would look like one whose memory jumps. */
static struct kt_err *check_hosts(struct merge *merge)
{
	char hosts[INPUTS][256];
	struct kt_err *err = NULL;

	for (size_t k = 0; k < INPUTS && !err; k++)
		err = host_of(merge->inputs[k].recording, hosts[k]);
	if (err || !*hosts[0] || !*hosts[1] || strcmp(hosts[0], hosts[1]) == 0)
		return err;
	return kt_err_new(KT_ERR_REFUSED,
		"%s is of %s, %s of %s: a recording is of one machine; 'ktally diff' compares two",
		merge->inputs[0].path, hosts[0], merge->inputs[1].path, hosts[1]);
}

/* Where both have a time, the block that begins earlier is taken. */
static struct kt_err *copy_places(struct merge *merge)
{
	int64_t end_ms = INT64_MIN;
	struct kt_err *err = NULL;

	for (size_t i = 0; i < merge->nr_places && !err; i++) {
		const struct place *place = &merge->places[i];
		int64_t last_ms =
			place->last_ms > place->first_ms ? place->last_ms : place->first_ms;

		if (end_ms != INT64_MIN && last_ms <= end_ms) {
			merge->nr_blocks_left_out++;
			continue;
		}
		err = kt_past_copy_block(&merge->copy, merge->inputs[place->input].recording,
			place->index, end_ms == INT64_MIN ? INT64_MIN : end_ms + 1, INT64_MAX);
		end_ms = last_ms;
	}
	if (!err && !merge->copy.nr_samples)
		err = kt_err_new(KT_ERR_ABSENT, "no sample of %s and %s can be read",
			merge->inputs[0].path, merge->inputs[1].path);
	return err;
}

static void put_report(struct kt_report *report, const struct merge *merge, const char *path)
{
	kt_past_copy_put(&merge->copy, path, report);
	if (merge->nr_blocks_left_out)
		kt_report_note(report, "%llu block%s of a time that is in another one left out",
			(unsigned long long)merge->nr_blocks_left_out,
			merge->nr_blocks_left_out == 1 ? "" : "s");
	if (merge->copy.nr_whole_thinned)
		kt_report_note(report,
			"%llu thinned samples are of a time that another block has too",
			(unsigned long long)merge->copy.nr_whole_thinned);
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct merge_args *args = kt_call_own(call);
	struct merge merge = { 0 };
	const char *out = call->operands[INPUTS];
	struct kt_err *err = NULL;

	merge.copy.file = KT_NEW_FILE_NONE;
	kt_report_begin(report, &shape);
	for (size_t k = 0; k < INPUTS && !err; k++)
		err = kt_history_open(call->operands[k], &merge.inputs[k]);
	if (!err)
		err = check_hosts(&merge);
	if (!err)
		err = list_places(&merge);
	if (!err)
		err = kt_past_copy_open(out, args->force, &merge.copy);
	if (!err)
		err = copy_places(&merge);
	if (!err)
		err = kt_past_copy_commit(&merge.copy);
	if (!err)
		put_report(report, &merge, out);
	for (size_t k = 0; k < INPUTS; k++) {
		if (!err && kt_recording_nr_damages(merge.inputs[k].recording))
			kt_report_note(report, "%s: damaged places were skipped: %zu",
				merge.inputs[k].path,
				kt_recording_nr_damages(merge.inputs[k].recording));
		kt_history_cleanup(&merge.inputs[k]);
	}
	kt_past_copy_fini(&merge.copy);
	free(merge.places);
	return err;
}

static const struct kt_operand operands[] = { { "A", KT_ARG_RECORDING }, { "B", KT_ARG_RECORDING },
	{ "OUT", KT_ARG_NEW_FILE, .prepare = kt_zstd_prepare } };

static const struct kt_option options[] = {
	{ 0, "force", NULL, "overwrite the recording", .kind = KT_ARG_FLAG,
		KT_AT(struct merge_args, force) },
};

static const struct kt_example examples[] = {
	{ "ktally merge monday.rec tuesday.rec both.rec", "two days in one file" },
};

const struct kt_cmd kt_cmd_merge = {
	.name = "merge",
	.summary = "makes one recording of two",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Writes the samples of the recordings A and B of one machine into OUT, in the "
		"order "
		"of time. Of a time that both have, the samples of one of them are taken: of the "
		"block that begins earlier. Recordings of two machines are refused.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct merge_args),
	.alone = true,
	.shape = &shape,
	.run = run,
};
