// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_DRAFT_H
#define KT_RECORD_DRAFT_H

#include "record/block.h"

/**
 * A block that is being written. Everything that happens to it is a step, and every step
 * is also appended to a log; the log, replayed, gives the same draft. So what is flushed
 * every few seconds is small, and nothing flushed is lost when the machine dies.
 */
struct kt_draft {
	struct kt_block block; /* its series are in `writers` until kt_draft_finish() */
	struct kt_series real_ms, boot_ms;
	KT_LIST(struct kt_series) writers;
	struct kt_buf log; /* steps since it was last emptied */
	size_t nr_bytes;   /* roughly what the block will take, uncompressed */
	size_t nr_layouts; /* and the lines in them */
};

void kt_draft_init(struct kt_draft *draft);
void kt_draft_fini(struct kt_draft *draft);
bool kt_draft_failed(const struct kt_draft *draft); /* out of memory */

void kt_draft_fact(struct kt_draft *draft, const char *key, const char *text);
void kt_draft_mark(struct kt_draft *draft, const char *kind, const char *text);
/** Both give the index of the new file or line; UINT32_MAX where there are too many. */
uint32_t kt_draft_file(struct kt_draft *draft, const char *path);
uint32_t kt_draft_line(struct kt_draft *draft, uint32_t file, struct kt_span text);
/**
 * The lines that the file has from this sample on; NULL: it is absent. So it is where a
 * block cannot hold as many lines.
 */
void kt_draft_layout(
	struct kt_draft *draft, uint32_t file, const uint32_t *lines, uint32_t nr_lines);
void kt_draft_set(struct kt_draft *draft, uint32_t series, int64_t value);
void kt_draft_set_absent(struct kt_draft *draft, uint32_t series);
/** Ends a sample; what is set from now on belongs to the next. */
void kt_draft_end_sample(struct kt_draft *draft, int64_t real_ms, int64_t boot_ms);

/** Repeats logged steps; false where they are none, with those before applied. */
bool kt_draft_replay(struct kt_draft *draft, struct kt_span steps);
/**
 * Lets `draft->block` be read or encoded, until the draft goes on. What was set in a sample
 * that has not ended is dropped.
 */
void kt_draft_finish(struct kt_draft *draft);

#endif
