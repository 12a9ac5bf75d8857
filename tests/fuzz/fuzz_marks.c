// SPDX-License-Identifier: GPL-2.0-or-later
//
// Marks of users that wait for a recorder: each line of FILE.marks, whatever it is, becomes a mark
// that a recording can hold, or none.

#include "fuzz_record.h"

#include "cmd/record/record_marks.h"

static bool is_mark(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return n > 0 && n <= KT_MARK_BYTES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_draft draft;
	size_t nr_lines = 1;

	if (size > KT_MARKS_BYTES_MAX)
		return 0;
	for (size_t i = 0; i < size; i++)
		nr_lines += data[i] == '\n';
	kt_draft_init(&draft);
	kt_record_marks_put(&draft, (struct kt_span){ (const char *)data, size });
	kt_draft_end_sample(&draft, 1000, 1000);
	kt_draft_finish(&draft);
	fuzz_must(!kt_draft_failed(&draft), "marks end a recording");
	fuzz_must(draft.block.marks.count <= nr_lines, "more marks than lines");
	for (size_t i = 0; i < draft.block.marks.count; i++)
		fuzz_must(is_mark(draft.block.marks.items[i].text), "a mark is not one line");
	fuzz_block_again(&draft.block);
	kt_draft_fini(&draft);
	return 0;
}
