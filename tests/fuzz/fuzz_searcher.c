// SPDX-License-Identifier: GPL-2.0-or-later
//
// A search of several words in one pass finds what one search a word finds. Words, then a text,
// between NUL bytes: the last part is the text.

#include "fuzz_record.h"

#include "base/searcher.h"

#define WORD_MAX 255u /* of real words the longest has 40 bytes */

/* Takes a word of two bytes or more; NULL where the part is shorter, or too long. */
static const char *take_word(const uint8_t **data, const uint8_t *end)
{
	const char *word = (const char *)*data;
	size_t n = (size_t)(end - *data);

	*data = end + 1;
	return n < 2 || n >= WORD_MAX ? NULL : word;
}

static size_t first_of(const char *const words[], size_t count, struct kt_span text)
{
	size_t first = text.n;

	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= text.n && at < first; at++) {
			if (memcmp(text.p + at, words[i], n) == 0)
				first = at;
		}
	}
	return first;
}

static void search(const char *const words[], size_t count, const uint8_t *data, size_t size)
{
	static struct kt_searcher searcher;   /* 64 KiB, prepared for each input */
	char *copy = malloc(size ? size : 1); /* of exactly this size, for the sanitizer */
	struct kt_span text = { copy, size };

	fuzz_must(copy != NULL, "out of memory");
	if (size)
		memcpy(copy, data, size);
	kt_searcher_init(&searcher, words, count);
	for (;;) {
		size_t at = kt_searcher_find(&searcher, text);

		fuzz_must(at == first_of(words, count, text), "another place than that of a word");
		if (at == text.n)
			break;
		text = kt_span_from(text, at + 1);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *words[KT_SEARCHER_WORDS_MAX];
	const uint8_t *end = data + size, *nul;
	size_t count = 0;

	while (data < end && count < KT_SEARCHER_WORDS_MAX &&
		(nul = memchr(data, '\0', (size_t)(end - data)))) {
		words[count] = take_word(&data, nul);
		count += words[count] != NULL;
	}
	if (count && end - data < 4096)
		search(words, count, data, (size_t)(end - data));
	return 0;
}
