// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_BLOCK_H
#define KT_RECORD_BLOCK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "record/series.h"

/**
 * A stretch of a recording that can be read on its own: text files of one boot of one
 * machine, sample after sample. A file is a list of lines; a line is a text with numbers
 * in it; each number is a series over the samples. Text between the numbers is kept once.
 *
 * So whatever a kernel writes into its files is kept, known to this ktally or not, and a
 * later one can read it with better arithmetic.
 */

#define KT_LINE_NUMBER '\x01' /* stands for a number in a line's text */

#define KT_BLOCK_FILES_MAX   4096u
#define KT_BLOCK_SAMPLES_MAX 65536u
#define KT_BLOCK_SERIES_MAX  (1u << 20)
#define KT_BLOCK_LINES_MAX   (1u << 20)
#define KT_BLOCK_LAYOUT_MAX  (1u << 22)	 /* layouts and their lines, all together */
#define KT_BLOCK_BYTES_MAX   (32u << 20) /* of a block, uncompressed; and of a text in it */
#define KT_BLOCK_FACTS_MAX   256u
#define KT_BLOCK_MARKS_MAX   65536u
#define KT_BLOCK_CLOCK_MAX   (1ll << 53) /* milliseconds; no clock of Linux is negative */

struct kt_block_line {
	const char *text;
	uint32_t file;		    /* index */
	uint32_t first, nr_numbers; /* of its series */
};

/** From sample `from` on, the file has these lines; or it is absent. */
struct kt_block_layout {
	uint32_t from;
	bool absent;
	uint32_t nr_lines;
	const uint32_t *lines; /* indexes */
};

struct kt_block_file {
	const char *path;
	KT_LIST(struct kt_block_layout) layouts;
};

/** What happened: "boot", "oom", "module", "cache", "clock". */
struct kt_block_mark {
	uint32_t sample;
	const char *kind, *text;
};

/** What holds for the whole block: "boot_id", "machine_id", "release", "page_bytes". */
struct kt_block_fact {
	const char *key, *text;
};

struct kt_columns_index;

struct kt_block {
	struct kt_arena arena;
	uint64_t sequence; /* of its first sample since the recording began; not in its bytes */
	uint32_t nr_samples;
	/** 1: the values; 4: last, smallest, largest and mean of a stretch, in this order. */
	uint32_t values_per_number;
	struct kt_span real_ms, boot_ms; /* series of the clocks: since 1970, since the boot */
	KT_LIST(struct kt_block_fact) facts;
	KT_LIST(struct kt_block_mark) marks;
	KT_LIST(struct kt_block_file) files;
	KT_LIST(struct kt_block_line) lines;
	/** Operations: see record/series.h. Of a block that was read they are in `columns`. */
	KT_LIST(struct kt_span) series;
	struct kt_columns_index *columns;
};

void kt_block_cleanup(struct kt_block *block);

/** Appends the block's bytes, uncompressed. */
void kt_block_encode(const struct kt_block *block, struct kt_buf *ret_bytes);
/** The block points into `bytes`, which must outlive it. PARSE where they are no block. */
struct kt_err *kt_block_decode(struct kt_span bytes, struct kt_block *ret_block) KT_MUST_CHECK;

size_t kt_block_nr_series(const struct kt_block *block);
/** The operations of a series. It is put together when it is first asked for. */
struct kt_span kt_block_series(const struct kt_block *block, size_t index);
/** Was there memory for every series that was asked for? */
bool kt_block_is_whole(const struct kt_block *block);

/** Index of the file, or -1. */
int kt_block_file(const struct kt_block *block, const char *path);
/** The layout of a file at a sample; NULL where the file is absent. */
const struct kt_block_layout *kt_block_layout_at(
	const struct kt_block *block, uint32_t file, uint32_t sample);
const char *kt_block_fact(const struct kt_block *block, const char *key); /* NULL: not there */
/** Time of a sample, milliseconds since 1970. */
int64_t kt_block_real_ms(const struct kt_block *block, uint32_t sample);
static inline bool kt_block_is_clock(int64_t ms)
{
	return ms >= 0 && ms <= KT_BLOCK_CLOCK_MAX;
}
/** The last sample at or before a time; the first where all are later. */
uint32_t kt_block_sample_at(const struct kt_block *block, int64_t real_ms);

#endif
