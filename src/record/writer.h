// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_WRITER_H
#define KT_RECORD_WRITER_H

#include "record/draft.h"
#include "record/keep.h"

/**
 * The one that writes a recording. Samples go into a draft; every flush appends what is new
 * to the tail; a full draft becomes a block of the file and a new one begins. What was
 * flushed survives any crash. A disk that is full stops the writing, not the writer: it
 * says so, keeps what there is and goes on when there is room.
 */
struct kt_writer;

struct kt_writer_opts {
	uint32_t samples_max; /* of a block */
	uint32_t bytes_max;   /* of a block, roughly, uncompressed */
	bool sync;	      /* wait for the disk when flushing */
};

/** REFUSED where another writer has it; PARSE where the file is no recording. */
struct kt_err *kt_writer_open(const char *path, const struct kt_writer_opts *opts,
	struct kt_writer **ret_writer) KT_MUST_CHECK;
/** Flushes; what cannot be flushed is lost. */
struct kt_err *kt_writer_close(struct kt_writer *writer) KT_MUST_CHECK;

/** Where the next sample goes. It is another one after kt_writer_turn(). */
struct kt_draft *kt_writer_draft(struct kt_writer *writer);
/** Is it time for a new block? */
bool kt_writer_is_full(const struct kt_writer *writer);
/** Appends the steps since the last time to the tail. On an error they are kept. */
struct kt_err *kt_writer_flush(struct kt_writer *writer) KT_MUST_CHECK;
/** Makes the draft a block of the file and begins a new one, empty. */
struct kt_err *kt_writer_turn(struct kt_writer *writer) KT_MUST_CHECK;
/**
 * Thins and drops what is old, where enough has come together, by writing the file anew
 * beside itself. On an error the file is as it was.
 */
struct kt_err *kt_writer_keep(struct kt_writer *writer, const struct kt_keep *keep) KT_MUST_CHECK;
uint64_t kt_writer_size(const struct kt_writer *writer); /* bytes of the file */

#endif
