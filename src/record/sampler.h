// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_SAMPLER_H
#define KT_RECORD_SAMPLER_H

#include "base/span.h"
#include "record/draft.h"

/**
 * Turns the texts of files into steps of a draft. It remembers every file's last text, so
 * that a line that did not change costs a comparison and nothing else.
 */
struct kt_sampler;

struct kt_sampler *kt_sampler_new(void); /* NULL when out of memory */
void kt_sampler_free(struct kt_sampler *sampler);

/**
 * The file's text in this sample; of several, the first counts. Runs of blanks inside a
 * line become one.
 */
void kt_sampler_text(
	struct kt_sampler *sampler, struct kt_draft *draft, const char *path, struct kt_span text);
/** The file is not there in this sample. */
void kt_sampler_gone(struct kt_sampler *sampler, struct kt_draft *draft, const char *path);
/** Of a sample that tells of every file there is: the others are gone. */
void kt_sampler_drop_untold(struct kt_sampler *sampler, struct kt_draft *draft);
/** Another draft follows: it will be told everything anew. */
void kt_sampler_restart(struct kt_sampler *sampler);

/** A line with numbers: what is kept of it. Exposed for tests. */
#define KT_LINE_NUMBERS_MAX 512u
struct kt_line_parts {
	struct kt_buf text; /* KT_LINE_NUMBER for each number */
	int64_t numbers[KT_LINE_NUMBERS_MAX];
	uint32_t nr_numbers;
};
void kt_line_split(struct kt_span line, struct kt_line_parts *ret_parts);

#endif
