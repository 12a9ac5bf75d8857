// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_BLOCK_H
#define KT_RECORD_BLOCK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "record/columns.h"
#include "record/series.h"

/**
 * A part of a recording that can be read on its own: text files of one boot of one machine, sample
 * after sample. A file is a list of lines; a line is a text with numbers in it; each number is a
 * series over the samples. Text between the numbers is kept once.
 *
 * So everything that a kernel writes into its files is kept, known to this ktally or not. A later
 * version can read it with better arithmetic.
 */

#define KT_LINE_NUMBER '\x01' /* replaces a number in a line's text */

#define KT_BLOCK_FILES_MAX   32768u /* files of a block; up to ktally 0.1 the limit was 4,096 */
#define KT_BLOCK_SAMPLES_MAX 65536u /* samples of a block */
#define KT_BLOCK_SERIES_MAX  KT_COLUMNS_SERIES_MAX
#define KT_BLOCK_LINES_MAX   (1u << 20)		  /* lines of a block */
#define KT_BLOCK_LAYOUT_MAX  (1u << 22)		  /* layouts plus the lines in them */
#define KT_BLOCK_BYTES_MAX   KT_COLUMNS_BYTES_MAX /* bytes; uncompressed block, any text in it */
#define KT_BLOCK_FACTS_MAX   256u		  /* facts of a block */
#define KT_BLOCK_MARKS_MAX   65536u		  /* marks of a block */
#define KT_BLOCK_CLOCK_MAX   (1ll << 53)	  /* milliseconds; no clock of Linux is negative */

struct kt_block_line {
	const char *text;
	uint32_t file;		    /* index of the file */
	uint32_t first, nr_numbers; /* index of its first series; number of its series */
};

/** Lines of the file from sample `from` on; a flag says that the file is absent. */
struct kt_block_layout {
	uint32_t from;
	bool absent;
	uint32_t nr_lines;
	const uint32_t *lines; /* indices of lines */
};

struct kt_block_file {
	const char *path;
	KT_LIST(struct kt_block_layout) layouts;
};

/*
 * Says why a file has no text from a sample on. Holds until the file has a text again or another
 * mark. The text of the mark is "PATH: REASON", or "PATH".
 */
#define KT_MARK_UNREAD "unread" /* reading it failed */
#define KT_MARK_DENIED "denied" /* the file exists, and the recorder may not read it */
#define KT_MARK_GONE   "gone"	/* after one of these marks: the file no longer exists */

/* From the recorder: "kernel stacks +31.2 MiB: NAME (+2000 threads)". */
#define KT_MARK_MOVED "moved"
#define KT_MARK_USER  "mark" /* of a user: any text */
/* From the recorder: "/backup (ext4)". */
#define KT_MARK_MOUNTED	  "mounted"
#define KT_MARK_UNMOUNTED "unmounted"
#define KT_MARK_FINDING \
	"finding" /* of the recorder: "warning: ID SUBJECT", "resolved: ID SUBJECT" */

/** Something that happened before a sample ended. */
struct kt_block_mark {
	uint32_t sample;
	const char *kind, *text;
};

/*
 * Fact of a block whose samples have only some files, because others collected them: a file that is
 * missing in a sample is unknown there, not absent.
 */
#define KT_BLOCK_PARTIAL "partial"

/** A fact about the whole block: "boot_id", "machine_id", "release", "page_bytes". */
struct kt_block_fact {
	const char *key, *text;
};

struct kt_columns_index;

struct kt_block {
	struct kt_arena arena;
	uint64_t sequence; /* number of its first sample since the recording began; not stored */
	uint32_t nr_samples;
	/** 1: the value; 4: last, smallest, largest and mean of a stretch, in this order. */
	uint32_t values_per_number;
	struct kt_span real_ms,
		boot_ms; /* series of the clocks: ms since 1970, ms since the boot */
	KT_LIST(struct kt_block_fact) facts;
	KT_LIST(struct kt_block_mark) marks;
	KT_LIST(struct kt_block_file) files;
	KT_LIST(struct kt_block_line) lines;
	/** Operations: see record/series.h. If the block was read, they are in `columns`. */
	KT_LIST(struct kt_span) series;
	struct kt_columns_index *columns;
};

void kt_block_cleanup(struct kt_block *block);

/** Appends the block's bytes, uncompressed. */
void kt_block_encode(const struct kt_block *block, struct kt_buf *ret_bytes);
/** Decodes a block, which points into `bytes`; `bytes` must outlive it. PARSE: not a block. */
struct kt_err *kt_block_decode(struct kt_span bytes, struct kt_block *ret_block) KT_MUST_CHECK;

size_t kt_block_nr_series(const struct kt_block *block);
/** Returns the operations of a series, which is decoded at the first call. */
struct kt_span kt_block_series(const struct kt_block *block, size_t index);
/** False if memory ran out for any series that was asked for. */
bool kt_block_is_whole(const struct kt_block *block);

/** Returns the index of the file, or -1. */
int kt_block_file(const struct kt_block *block, const char *path);
/** Returns the layout of a file at a sample; NULL: the file is absent. */
const struct kt_block_layout *kt_block_layout_at(
	const struct kt_block *block, uint32_t file, uint32_t sample);
/**
 * Returns the mark that says why a file could not be read at a sample; its reason is at `ret_why`.
 * NULL: the file did not exist, as far as the recorder knew.
 */
const struct kt_block_mark *kt_block_unread_at(
	const struct kt_block *block, uint32_t file, uint32_t sample, const char **ret_why);
const char *kt_block_fact(const struct kt_block *block, const char *key); /* NULL: missing */
/** Returns the time of a sample, in milliseconds since 1970. */
int64_t kt_block_real_ms(const struct kt_block *block, uint32_t sample);
static inline bool kt_block_is_clock(int64_t ms)
{
	return ms >= 0 && ms <= KT_BLOCK_CLOCK_MAX;
}
/** Returns the last sample at or before a time; the first sample if all are later. */
uint32_t kt_block_sample_at(const struct kt_block *block, int64_t real_ms);

#endif
