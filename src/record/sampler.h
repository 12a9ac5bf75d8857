// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_SAMPLER_H
#define KT_RECORD_SAMPLER_H

#include "base/span.h"
#include "record/draft.h"

/**
 * Turns the texts of files into steps of a draft. Keeps every file's last text, so that an
 * unchanged line costs only a comparison.
 */
struct kt_sampler;

struct kt_sampler *kt_sampler_new(void); /* NULL when out of memory */
void kt_sampler_free(struct kt_sampler *sampler);

/**
 * Adds the file's text in this sample; of several texts, the first counts. Runs of blanks inside a
 * line become one blank.
 */
void kt_sampler_text(
	struct kt_sampler *sampler, struct kt_draft *draft, const char *path, struct kt_span text);
/** Records that the file does not exist in this sample. */
void kt_sampler_gone(struct kt_sampler *sampler, struct kt_draft *draft, const char *path);
/** Records that the file could not be read: `kind` is KT_MARK_UNREAD or KT_MARK_DENIED. */
void kt_sampler_unread(struct kt_sampler *sampler, struct kt_draft *draft, const char *path,
	const char *kind, const char *why);
/** Call after a full sample: files that it did not name are marked absent. */
void kt_sampler_drop_untold(struct kt_sampler *sampler, struct kt_draft *draft);
/** Files that did not fit into this draft. */
uint32_t kt_sampler_nr_dropped(const struct kt_sampler *sampler);
/** Call before another draft is used: all files are written to it again. */
void kt_sampler_restart(struct kt_sampler *sampler);

/** The stored form of a line with numbers. Exposed for tests. */
#define KT_LINE_NUMBERS_MAX 512u /* numbers of a line; further ones stay text */
struct kt_line_parts {
	struct kt_buf text; /* has KT_LINE_NUMBER in place of each number */
	int64_t numbers[KT_LINE_NUMBERS_MAX];
	uint32_t nr_numbers;
};
void kt_line_split(struct kt_span line, struct kt_line_parts *ret_parts);

#endif
