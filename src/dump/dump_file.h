// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_DUMP_FILE_H
#define KT_DUMP_DUMP_FILE_H

#include "base/err.h"
#include "base/span.h"
#include "dump/flattened.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The bytes of a dump's file, by their offset. The file is read and never mapped: a file that
 * another process shortens meanwhile has fewer bytes then, and ends no program.
 *
 * A flattened file (makedumpfile -F) is the same dump as a stream of pieces, each with its offset.
 * Here it has the offsets of the dump.
 */
struct kt_dump_file {
	int fd;
	uint64_t size;	 /* bytes; after the last one that the dump has */
	uint64_t stored; /* bytes of the file itself */
	struct kt_flat flat;
	struct kt_dump_block *blocks;
	uint64_t filled, filled_end; /* stored bytes without a hole, found by the latest search */
};

/** Whether the first bytes of a file are a flattened dump. */
bool kt_dump_file_is_flat(struct kt_span head);
/**
 * Opens the file of a descriptor, of which it keeps a copy. PARSE: the file is empty, or its stream
 * is damaged at its beginning. LIMIT: more than 2 million pieces. The caller calls
 * kt_dump_file_fini() after an error too.
 */
struct kt_err *kt_dump_file_open(int fd, struct kt_dump_file *ret_file) KT_MUST_CHECK;
void kt_dump_file_fini(struct kt_dump_file *file);
/** Copies bytes; false: the file does not have all of them. */
bool kt_dump_file_read(struct kt_dump_file *file, uint64_t at, void *to, size_t size);
/**
 * Skips holes, whose bytes are 0 and take no room on the disk: returns the first offset from `at`
 * on that is in no hole, or the end of the file. Returns `at` where the file system knows no holes.
 */
uint64_t kt_dump_file_skip_hole(struct kt_dump_file *file, uint64_t at);

#endif
