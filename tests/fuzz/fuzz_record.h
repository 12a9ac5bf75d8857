// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_FUZZ_RECORD_H
#define KT_FUZZ_RECORD_H

#include "record/cursor.h"
#include "record/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_MOMENTS 16u /* of a block that are looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_must(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static inline struct kt_cursor fuzz_cursor(const struct kt_block *block)
{
	struct kt_cursor cursor;
	struct kt_err *err = kt_cursor_init(&cursor, block);

	fuzz_must(!err, "out of memory");
	return cursor;
}

/** Every file at some moments of a block, one text after the other. */
static inline void fuzz_texts(const struct kt_block *block, struct kt_buf *ret)
{
	uint32_t step = block->nr_samples / FUZZ_MOMENTS + 1;
	struct kt_cursor cursor = fuzz_cursor(block);

	for (uint32_t i = 0; i < block->nr_samples; i += step) {
		kt_cursor_move(&cursor, i);
		kt_buf_printf(ret, "%lld\n", (long long)kt_block_real_ms(block, i));
		for (uint32_t k = 0; k < block->files.count && ret->size < 1u << 20; k++) {
			size_t before = ret->size;

			if (kt_cursor_text(&cursor, k, ret))
				fuzz_must(ret->size - before <= KT_BLOCK_BYTES_MAX,
					"a text is larger than it may be");
			else
				fuzz_must(ret->size == before, "an absent file has text");
		}
	}
	kt_cursor_fini(&cursor);
}

/** Two blocks say the same about every moment, and a block written is the block read. */
static inline void fuzz_block_again(const struct kt_block *block)
{
	KT_CLEANUP(buf) struct kt_buf bytes = { 0 }, texts = { 0 }, again = { 0 };
	struct kt_block copy;
	struct kt_err *err;

	kt_block_encode(block, &bytes);
	fuzz_must(!bytes.failed, "out of memory");
	if (bytes.size > KT_BLOCK_BYTES_MAX)
		return;
	err = kt_block_decode((struct kt_span){ bytes.data, bytes.size }, &copy);
	fuzz_must(!err, "what was written cannot be read");
	fuzz_must(copy.nr_samples == block->nr_samples && copy.lines.count == block->lines.count &&
			  copy.files.count == block->files.count &&
			  copy.facts.count == block->facts.count &&
			  copy.marks.count == block->marks.count,
		"what was read is not what was written");
	fuzz_texts(block, &texts);
	fuzz_texts(&copy, &again);
	fuzz_must(texts.size == again.size &&
			  (!texts.size || memcmp(texts.data, again.data, texts.size) == 0),
		"the texts are others than before");
	kt_block_cleanup(&copy);
}

#endif
