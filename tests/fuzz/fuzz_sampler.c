// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts of two files in turn, between NUL bytes, one sample each; a text that begins with !
// says that the file is gone. Whatever they are, each is read back, from the draft and from
// its log; only the number of blanks between words may be another.

#include "fuzz_record.h"

#include "record/draft.h"
#include "record/sampler.h"

#define TEXTS_MAX 64

struct told {
	bool gone;
	struct kt_buf text; /* as it has to be read back */
};

/*
 * From the words of docs/RECORDING.md, not with the recorder's code. It is no code to find a way
 * through: each byte of it would cost as much as one of the recorder's.
 */
__attribute__((no_sanitize("coverage"))) static void normalize(
	const uint8_t *text, size_t size, struct kt_buf *ret)
{
	bool begun = false, blank = false;
	char *to = kt_buf_reserve(ret, size + 1);

	fuzz_must(to != NULL, "out of memory");
	for (size_t i = 0; i < size; i++) {
		char c = text[i] == 1 ? '?' : (char)text[i];

		if (c == '\n')
			begun = blank = false;
		else if (c != ' ')
			begun = true;
		if (c == ' ' && blank && begun)
			continue;
		blank = c == ' ' && begun;
		to[ret->size++] = c;
	}
	if (size && text[size - 1] != '\n')
		to[ret->size++] = '\n';
}

static void compare(const struct kt_block *block, const struct told *told, uint32_t count)
{
	struct kt_cursor cursor = fuzz_cursor(block);

	fuzz_must(block->nr_samples == count, "samples were lost");
	for (uint32_t i = 0; i < count; i++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };
		int file = kt_block_file(block, i % 2 ? "b" : "a");
		bool there;

		kt_cursor_move(&cursor, i);
		there = file >= 0 && kt_cursor_text(&cursor, (uint32_t)file, &text);
		fuzz_must(there == !told[i].gone, "a file is not there, or is");
		fuzz_must(!there || (text.size == told[i].text.size &&
					    (!text.size || memcmp(text.data, told[i].text.data,
								   text.size) == 0)),
			"another text is read back");
	}
	kt_cursor_fini(&cursor);
}

static uint32_t feed(struct kt_sampler *sampler, struct kt_draft *draft, const uint8_t *data,
	size_t size, struct told *told)
{
	uint32_t count = 0;

	while (size && count < TEXTS_MAX) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;
		struct told *one = &told[count++];
		const char *path = count % 2 ? "a" : "b";

		one->gone = n && data[0] == '!';
		normalize(data, n, &one->text);
		if (one->gone)
			kt_sampler_gone(sampler, draft, path);
		else
			kt_sampler_text(
				sampler, draft, path, (struct kt_span){ (const char *)data, n });
		kt_draft_end_sample(draft, count, count);
		n += end != NULL;
		data += n;
		size -= n;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct told told[TEXTS_MAX] = { 0 };
	struct kt_draft draft, again;
	uint32_t count;

	kt_draft_init(&draft);
	kt_draft_init(&again);
	fuzz_must(sampler != NULL, "out of memory");
	count = feed(sampler, &draft, data, size, told);
	kt_draft_finish(&draft);
	fuzz_must(!kt_draft_failed(&draft), "out of memory");
	compare(&draft.block, told, count);
	fuzz_must(kt_draft_replay(&again, (struct kt_span){ draft.log.data, draft.log.size }),
		"the log cannot be replayed");
	kt_draft_finish(&again);
	compare(&again.block, told, count);
	fuzz_block_again(&draft.block);
	for (uint32_t i = 0; i < count; i++)
		kt_buf_cleanup(&told[i].text);
	kt_draft_fini(&draft);
	kt_draft_fini(&again);
	kt_sampler_free(sampler);
	return 0;
}
