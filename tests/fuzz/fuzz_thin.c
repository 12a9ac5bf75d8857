// SPDX-License-Identifier: GPL-2.0-or-later
//
// A block, or where the first byte is 0, texts of two files between NUL bytes, one sample each;
// thinned once into an empty draft and once more behind itself. What comes of it can be written
// and read again; extremes and mean enclose the last value, and no stretch is lost.

#include "fuzz_record.h"

#include "record/sampler.h"
#include "record/thin.h"

#define TEXTS_MAX  32
#define SAMPLES_IN 2048u /* of a block: a stretch of each may be as long as the block */
#define SERIES_IN  4096u
#define STRETCH_MS 1000

static void sample_texts(struct kt_draft *draft, const uint8_t *data, size_t size)
{
	struct kt_sampler *sampler = kt_sampler_new();

	fuzz_must(sampler != NULL, "out of memory");
	for (uint32_t i = 0; size && i < TEXTS_MAX; i++) {
		const uint8_t *end = memchr(data, '\0', size);
		size_t n = end ? (size_t)(end - data) : size;
		const char *path = i % 3 ? "a" : "b";

		if (n && data[0] == '!')
			kt_sampler_gone(sampler, draft, path);
		else if (n && data[0] == '?')
			kt_sampler_unread(sampler, draft, path, KT_MARK_UNREAD, "why");
		else
			kt_sampler_text(
				sampler, draft, path, (struct kt_span){ (const char *)data, n });
		kt_draft_end_sample(draft, i * (n % 5) * 300, i);
		n += end != NULL;
		data += n;
		size -= n;
	}
	kt_sampler_free(sampler);
	kt_draft_finish(draft);
}

static bool add(struct kt_thinner *thinner, const struct kt_block *block, struct kt_draft *draft)
{
	struct kt_err *err = kt_thinner_begin(thinner, block, draft);
	bool done = false;

	while (!err && !done)
		err = kt_thinner_step(thinner, &done);
	kt_err_free(err);
	return done;
}

static void check_values(const struct kt_block *block)
{
	struct kt_cursor cursor = fuzz_cursor(block);

	for (uint32_t sample = 0; sample < block->nr_samples; sample++) {
		kt_cursor_move(&cursor, sample);
		for (size_t i = 0; i < block->lines.count; i++) {
			const struct kt_block_line *line = &block->lines.items[i];

			for (uint32_t k = 0; k < line->nr_numbers / 4; k++) {
				int64_t last, min, max, mean;

				if (!kt_cursor_value(&cursor, line, k, KT_VALUE_LAST, &last))
					continue;
				fuzz_must(kt_cursor_value(&cursor, line, k, KT_VALUE_MIN, &min) &&
						  kt_cursor_value(
							  &cursor, line, k, KT_VALUE_MAX, &max) &&
						  kt_cursor_value(
							  &cursor, line, k, KT_VALUE_MEAN, &mean),
					"a stretch has some of its values");
			}
		}
	}
	kt_cursor_fini(&cursor);
}

static void thin_twice(const struct kt_block *block)
{
	struct kt_thinner *thinner = kt_thinner_new(STRETCH_MS);
	struct kt_draft draft;

	kt_draft_init(&draft);
	draft.block.values_per_number = 4;
	if (add(thinner, block, &draft) && add(thinner, block, &draft)) {
		kt_draft_finish(&draft);
		fuzz_must(!kt_draft_failed(&draft), "out of memory");
		fuzz_must((draft.block.nr_samples > 0) == (block->nr_samples > 0) &&
				  draft.block.nr_samples <= 2 * block->nr_samples,
			"stretches were lost or made");
		check_values(&draft.block);
		fuzz_block_again(&draft.block);
	}
	kt_thinner_free(thinner);
	kt_draft_fini(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_block block;
	struct kt_draft draft;

	if (size && !data[0]) {
		kt_draft_init(&draft);
		sample_texts(&draft, data + 1, size - 1);
		thin_twice(&draft.block);
		kt_draft_fini(&draft);
		return 0;
	}
	struct kt_err *err = kt_block_decode((struct kt_span){ (const char *)data, size }, &block);

	if (!err && block.nr_samples <= SAMPLES_IN && kt_block_nr_series(&block) <= SERIES_IN)
		thin_twice(&block);
	if (!err)
		kt_block_cleanup(&block);
	kt_err_free(err);
	return 0;
}
