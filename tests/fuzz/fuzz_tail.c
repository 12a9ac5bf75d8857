// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a tail, cut into pieces at a place that the first byte tells, each with its
// checksum; or, where that byte is 0, a whole tail behind it. The draft that comes of it can be
// looked at and written, and goes on.

#include "fuzz_record.h"

#include "record/draft.h"
#include "record/tail.h"

static void replay(struct kt_draft *draft, const uint8_t *data, size_t size)
{
	KT_CLEANUP(buf) struct kt_buf tail = { 0 };
	size_t cut = size * data[0] / 256;
	uint64_t sequence = 0;

	if (!data[0]) {
		kt_tail_replay(
			(struct kt_span){ (const char *)data + 1, size - 1 }, draft, &sequence);
		return;
	}
	kt_tail_put_head(7, &tail);
	kt_tail_put_piece((struct kt_span){ (const char *)data + 1, cut ? cut - 1 : 0 }, &tail);
	kt_tail_put_piece((struct kt_span){ (const char *)data + cut, size - cut }, &tail);
	kt_tail_replay((struct kt_span){ tail.data, tail.size }, draft, &sequence);
	fuzz_must(sequence == 7, "the head says something else");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_draft draft;

	if (!size)
		return 0;
	kt_draft_init(&draft);
	replay(&draft, data, size);
	kt_draft_finish(&draft);
	fuzz_must(!kt_draft_failed(&draft), "out of memory");
	fuzz_block_again(&draft.block);
	if (draft.block.nr_samples < KT_BLOCK_SAMPLES_MAX) {
		kt_draft_end_sample(&draft, 1, 2);
		kt_draft_finish(&draft);
		fuzz_block_again(&draft.block);
	}
	kt_draft_fini(&draft);
	return 0;
}
