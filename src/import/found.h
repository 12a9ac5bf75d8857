// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_FOUND_H
#define KT_IMPORT_FOUND_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/stamp.h"

/** Inputs of an import, the samples that were found in them, and what is said about them. */

/** Order of day and month in dates such as 3/4/2026. */
enum kt_import_dates { KT_DATES_AUTO, KT_DATES_DAY_FIRST, KT_DATES_MONTH_FIRST };

struct kt_import_opts {
	enum kt_import_dates dates;
	int zone_minutes; /* east of UTC; of times without a zone */
	bool force;	  /* overwrites the recording */
};

#define KT_IMPORT_EXAMPLES 3u

/** A line that no reader knows. */
struct kt_import_line {
	uint64_t line; /* from 1 */
	const char *text;
};

struct kt_import_kind;
struct kt_import_log_cache;

/** One file, or one captured tree. */
struct kt_import_input {
	const char *path;
	struct kt_buf text; /* of a file that is packed or in UTF-16, as UTF-8; else empty */
	const struct kt_import_kind *kind; /* NULL: nothing in it can be read */
	const char *what;		   /* its kind in words */
	const char *why;		   /* reason for a missing kind */
	const char *times;		   /* where the times come from, in words */
	const char *host, *boot_id;	   /* NULL: unknown */
	int64_t file_ms;		   /* modification time of the file */
	int64_t total_kb;		   /* kB; MemTotal; 0: unknown */
	struct kt_stamp_gaps gaps;
	int64_t first_ms, last_ms; /* of its samples */
	uint64_t nr_samples;
	uint64_t nr_undated;   /* samples that have no time */
	uint64_t undated_line; /* line of the first of them; 0: unknown */
	uint64_t nr_empty;     /* times without a sample */
	uint64_t nr_unread;    /* lines with text that no reader knows */
	struct kt_import_line unread[KT_IMPORT_EXAMPLES];
	size_t nr_examples;
	/* first line of its samples where it is one word, and another such word */
	const char *word, *other_word;
	uint64_t nr_words, other_line; /* samples with `word` */
	bool word_noted;
	/* the sample of it that was read last: its `boot`, and its number in the recording */
	bool any;
	uint32_t last_boot;
	uint64_t last_sample;
};

/** A sample that was found, with what its reader needs to find it again. */
struct kt_import_sample {
	int64_t ms, key;       /* time; time that it is sorted by */
	int64_t uptime_ms;     /* -1: unknown */
	uint64_t offset, size; /* bytes of the input */
	uint64_t line;	       /* of its first line, from 1 */
	uint64_t extra;	       /* the reader's own */
	uint32_t input;
	uint32_t boot; /* restarts of the machine before it, in this input */
};

#define KT_IMPORT_SAMPLES_MAX (1u << 20)   /* samples of all inputs */
#define KT_IMPORT_INPUTS_MAX  65536u	   /* files of all inputs */
#define KT_IMPORT_SAMPLE_MAX  (64u << 20)  /* bytes of the text of one sample */
#define KT_IMPORT_TEXTS_MAX   (256u << 20) /* bytes of all packed inputs, unpacked */

struct kt_import {
	struct kt_arena arena;
	struct kt_import_opts opts;
	KT_LIST(struct kt_import_input) inputs;
	struct kt_import_sample *samples;
	size_t nr_samples, samples_room;
	KT_LIST(const char *) notes;
	uint64_t nr_written;		     /* samples of the recording */
	uint64_t nr_bytes;		     /* of the recording */
	uint64_t nr_text_bytes;		     /* of the texts of inputs that are in memory */
	int64_t page_bytes;		     /* 0: unknown */
	const struct kt_import_input *named; /* first input that names its host; NULL: none */
	int64_t unclocked_ms;		 /* where the times of the next log without a date begin */
	struct kt_import_log_cache *log; /* NULL: no log was read yet */
};

/** Adds a sample; LIMIT: there are too many. */
struct kt_err *kt_import_add(
	struct kt_import *import, const struct kt_import_sample *sample) KT_MUST_CHECK;
void kt_import_note(struct kt_import *import, const char *fmt, ...) KT_PRINTF(2, 3);
/** Counts a sample without a time, at a line; 0: the input has no lines. */
void kt_import_undated(struct kt_import_input *input, uint64_t line);
/** Counts a line that no reader knows, and keeps the first ones. */
void kt_import_unread(struct kt_import *import, struct kt_import_input *input, uint64_t line,
	struct kt_span text);

#endif
