// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_WRITER_H
#define KT_RECORD_WRITER_H

#include "record/draft.h"
#include "record/keep.h"

/**
 * Writes a recording. Samples go into a draft. Every flush appends new steps to the tail. A full
 * draft becomes a block of the file, and a new draft begins. Flushed samples survive any crash. A
 * full disk stops the writing, not the writer: it returns an error, keeps its samples, and
 * continues when there is room.
 */
struct kt_writer;

struct kt_writer_opts {
	uint32_t samples_max; /* samples of a block */
	uint32_t bytes_max;   /* bytes that samples after the first add to a block, roughly */
	bool sync;	      /* wait for the disk at each flush */
};

/**
 * REFUSED: another writer has the file, or another user owns FILE or its tail or may write to one
 * of them. PARSE: the file is not a recording. A refused call leaves no new file.
 */
struct kt_err *kt_writer_open(const char *path, const struct kt_writer_opts *opts,
	struct kt_writer **ret_writer) KT_MUST_CHECK;
/** Flushes and closes; steps that cannot be flushed are lost. */
struct kt_err *kt_writer_close(struct kt_writer *writer) KT_MUST_CHECK;

/** Returns the draft for the next sample, which is another one after kt_writer_turn(). */
struct kt_draft *kt_writer_draft(struct kt_writer *writer);
/** Whether it is time for a new block. */
bool kt_writer_is_full(const struct kt_writer *writer);
/** Appends the steps since the last flush to the tail; keeps them after an error. */
struct kt_err *kt_writer_flush(struct kt_writer *writer) KT_MUST_CHECK;
/** Call within a sample: writes steps that take much memory, without waiting for the disk. */
void kt_writer_spill(struct kt_writer *writer);
/** Makes the draft a block of the file and begins an empty one. */
struct kt_err *kt_writer_turn(struct kt_writer *writer) KT_MUST_CHECK;
/**
 * Thins and drops old samples, if enough are due, by rewriting the file next to itself. Does the
 * given number of steps of bounded work; the next call continues as long as kt_writer_is_keeping().
 * After an error the file is unchanged.
 */
#define KT_KEEP_ALL UINT32_MAX
struct kt_err *kt_writer_keep(
	struct kt_writer *writer, const struct kt_keep *keep, uint32_t nr_steps) KT_MUST_CHECK;
bool kt_writer_is_keeping(const struct kt_writer *writer);
/**
 * Checks whether FILE was removed, renamed or replaced since the last call. Then samples that are
 * not in a block yet become one: in the renamed file, or in a new file if the old one was removed.
 * `ret_moved`: FILE, its tail and the draft are new. REFUSED: another writer has the name now.
 */
struct kt_err *kt_writer_check_place(struct kt_writer *writer, bool *ret_moved) KT_MUST_CHECK;
uint64_t kt_writer_size(const struct kt_writer *writer); /* bytes of the file */

#endif
