// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel log in any form: it is mended in two pieces, keeps the number of its lines, and is
// walked to its end.

#include "fuzz_record.h"

#include "log/mend.h"
#include "log/record.h"

static size_t nr_lines(struct kt_span text)
{
	struct kt_span line;
	size_t count = 0;

	while (kt_span_line(&text, &line))
		count++;
	return count;
}

static void walk(struct kt_span text)
{
	struct kt_log_reader *reader = calloc(1, sizeof(*reader));
	struct kt_log_record record;
	size_t number = 0;

	fuzz_must(reader, "out of memory");
	reader->rest = text;
	while (kt_log_next(reader, &record)) {
		fuzz_must(record.number >= number, "lines go backwards");
		fuzz_must(record.message.n <= text.n, "a message is longer than the log");
		number = record.number;
	}
	fuzz_must(number <= nr_lines(text), "more lines than there are");
	free(reader);
}

static void mend(struct kt_span text)
{
	const char *cut = memchr(text.p + text.n / 2, '\n', text.n - text.n / 2);
	size_t first = cut ? (size_t)(cut + 1 - text.p) : text.n;
	struct kt_log_mender *mender;
	struct kt_log_form form;
	struct kt_span mended;

	kt_log_find_form(text, &form);
	mender = kt_log_mender_new(&form);
	fuzz_must(mender, "out of memory");
	if (kt_log_mender_feed(mender, (struct kt_span){ text.p, first }) &&
		kt_log_mender_feed(mender, kt_span_from(text, first))) {
		mended = kt_log_mender_end(mender);
		fuzz_must(kt_log_mender_form(mender), "out of memory");
		fuzz_must(mended.n <= KT_LOG_MENDED_MAX * 2, "the mended log is not bounded");
		if (form.kind == KT_LOG_LINES && !form.newest_first)
			fuzz_must(nr_lines(mended) == nr_lines(text), "lines are lost");
		walk(mended);
	}
	kt_log_mender_free(mender);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	fuzz_must(copy, "out of memory");
	memcpy(copy, data, size);
	walk((struct kt_span){ copy, size });
	if (size)
		mend((struct kt_span){ copy, size });
	free(copy);
	return 0;
}
