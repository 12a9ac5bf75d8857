// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files of the kernel in a text of any kind.

#include "fuzz_record.h"

#include "recognise/plain.h"
#include "recognise/recognise.h"

/* What is found is in the text, in order, and no larger than the limits. */
static void check(struct kt_recogniser *recogniser)
{
	uint64_t last = 1;
	size_t count;
	struct kt_recognised *files = kt_recogniser_files(recogniser, &count);

	fuzz_must(count <= KT_RECOGNISED_MAX, "more files than the limit");
	for (size_t i = 0; i < count; i++) {
		fuzz_must(files[i].first >= last && files[i].last >= files[i].first,
			"lines out of order");
		fuzz_must(files[i].last <= kt_recogniser_lines(recogniser), "lines past the end");
		fuzz_must(!files[i].used || files[i].path, "a file without a path is used");
		last = files[i].first;
		for (size_t k = 0; k < i; k++)
			fuzz_must(!files[i].used || !files[k].used ||
					  strcmp(files[i].path, files[k].path) != 0,
				"two files with one path");
	}
}

static const char *want_all(const char *path)
{
	return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_span text = { (const char *)data, size };
	struct kt_recogniser *recogniser;
	struct kt_buf decoded = { 0 };

	if (kt_recogniser_new(&recogniser))
		return 0;
	if (kt_plain_is_utf16(text)) {
		kt_plain_utf16(text, &decoded);
		text = (struct kt_span){ decoded.data, decoded.size };
	}
	if (size % 2)
		kt_recogniser_titles(recogniser, want_all, size % 3 ? NULL : "a/cat_.proc.cgroups");
	kt_recogniser_take(recogniser, text);
	if (!kt_recogniser_end(recogniser))
		check(recogniser);
	kt_recogniser_free(recogniser);
	kt_buf_cleanup(&decoded);
	return 0;
}
