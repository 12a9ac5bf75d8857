// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_DRAFT_H
#define KT_RECORD_DRAFT_H

#include "record/block.h"

/**
 * A block while it is written. Each change is a step, and every step is also appended to a log;
 * replaying the log gives the same draft. So a flush every few seconds writes little, and flushed
 * samples survive a crash of the machine.
 */
struct kt_draft {
	/*
	 * The block; its series are in `writers` until kt_draft_finish(). Files, layouts and lines
	 * are not in its arena, because an array in an arena leaves a copy whenever it grows.
	 */
	struct kt_block block;
	struct kt_series real_ms, boot_ms;
	KT_LIST(struct kt_series) writers;
	struct kt_buf log;  /* steps since the log was last emptied */
	size_t nr_bytes;    /* estimate of the block's uncompressed size */
	size_t first_bytes; /* the same estimate at the end of the first sample */
	size_t nr_layouts;  /* layouts plus the lines in them */
	/* texts of lines, each once; open hash table, its size is a power of two */
	const char **texts;
	size_t nr_texts, texts_room;
	bool failed; /* out of memory */
};

void kt_draft_init(struct kt_draft *draft);
void kt_draft_fini(struct kt_draft *draft);
bool kt_draft_failed(const struct kt_draft *draft); /* out of memory */

void kt_draft_fact(struct kt_draft *draft, const char *key, const char *text);
void kt_draft_mark(struct kt_draft *draft, const char *kind, const char *text);
/** Return the index of the new file or line; UINT32_MAX: there are too many. */
uint32_t kt_draft_file(struct kt_draft *draft, const char *path);
uint32_t kt_draft_line(struct kt_draft *draft, uint32_t file, struct kt_span text);
/**
 * Sets the lines of the file from this sample on; NULL: it is absent. It is absent too if the block
 * cannot hold that many lines.
 */
void kt_draft_layout(
	struct kt_draft *draft, uint32_t file, const uint32_t *lines, uint32_t nr_lines);
void kt_draft_set(struct kt_draft *draft, uint32_t series, int64_t value);
void kt_draft_set_absent(struct kt_draft *draft, uint32_t series);
/**
 * Sets a value at the current sample or a later one, which must not be set yet; not logged. So a
 * whole series can be stored before its samples end.
 */
void kt_draft_set_at(struct kt_draft *draft, uint32_t series, uint32_t sample, int64_t value);
void kt_draft_set_absent_at(struct kt_draft *draft, uint32_t series, uint32_t sample);
/** Returns the bytes of the block added by the samples after the first. */
size_t kt_draft_growth(const struct kt_draft *draft);
/** Frees the memory of the log after it was written to the tail. */
void kt_draft_empty_log(struct kt_draft *draft);
/** Ends a sample; values set from now on belong to the next sample. */
void kt_draft_end_sample(struct kt_draft *draft, int64_t real_ms, int64_t boot_ms);

/** Replays logged steps. False: a malformed step; the steps before it are applied. */
bool kt_draft_replay(struct kt_draft *draft, struct kt_span steps);
/**
 * Makes `draft->block` readable and encodable until the next step. Drops the values of a sample
 * that has not ended.
 */
void kt_draft_finish(struct kt_draft *draft);

#endif
