// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PAST_RECORD_MEMORY_H
#define KT_CMD_PAST_RECORD_MEMORY_H

#include "machine/machine.h"
#include "record/sampler.h"

#include <sys/types.h>

/**
 * Counts from kernel memory in a recording: the objects of each slab cache, and the largest owners
 * of direct pages. They are read at a slower pace than the samples, by a process of their own: a
 * reading takes seconds and much memory on a large machine, and no sample is missed. Until the next
 * reading ends, each sample has the texts of the last one, with the time when it began in their
 * first line.
 */

#define KT_RECORD_MEMORY_FILES 2

struct kt_record_memory_file {
	struct kt_buf text; /* empty: there is none */
	enum kt_state state;
	char why[512]; /* why there is none; empty: no reading has ended */
};

struct kt_record_memory {
	int64_t every_ms; /* 0: kernel memory is not read */
	int64_t next_ms;  /* milliseconds since the boot; when it is read next; 0: at once */
	bool ended;	  /* a reading */
	struct kt_record_memory_file files[KT_RECORD_MEMORY_FILES]; /* of the last one */
	/* the reading that is under way */
	pid_t child; /* 0: none is */
	int fd;	     /* its result */
};

/**
 * Begins a reading if that is due, and takes the result of one that has ended. `whole`: waits for
 * its end. The error is NOMEM.
 */
struct kt_err *kt_record_memory_step(struct kt_record_memory *memory,
	const struct kt_machine_opts *opts, struct kt_root *root, int64_t real_ms, int64_t boot_ms,
	bool whole) KT_MUST_CHECK;
/** Adds the files to a sample: their texts, or why there is none. */
void kt_record_memory_put(
	const struct kt_record_memory *memory, struct kt_sampler *sampler, struct kt_draft *draft);
/** Returns why a file could not be read; NULL: all were read, or no reading has ended. */
const char *kt_record_memory_why(const struct kt_record_memory *memory);
/** Ends a reading that is under way, too. */
void kt_record_memory_fini(struct kt_record_memory *memory);

#endif
