// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECORD_TRACK_H
#define KT_RECORD_TRACK_H

#include "record/block.h"

/**
 * Numbers of a block that mean an amount of memory, under names that people use:
 * "slab:dentry" (bytes that a slab cache holds), "meminfo:Percpu", "vmstat:nr_free_pages".
 * All in bytes.
 */
struct kt_track {
	const char *name;      /* lives as long as the arena */
	uint32_t line, number; /* of the block */
	/* another number of the line to multiply with, such as pages per slab; or none */
	uint32_t times;
	int64_t unit_bytes;
};

#define KT_TRACK_NO_TIMES UINT32_MAX

typedef KT_LIST(struct kt_track) kt_tracks;

/** Every track of the block. `page_bytes`: of the machine. */
void kt_tracks_of(const struct kt_block *block, int64_t page_bytes, struct kt_arena *arena,
	kt_tracks *ret_tracks);

/** Equal values in a row. In thinned blocks a run is one stretch: its extremes and mean. */
struct kt_track_run {
	uint32_t from, count; /* samples */
	bool absent;
	int64_t last, min, max, mean; /* bytes */
};

struct kt_track_reader {
	const struct kt_block *block;
	const struct kt_track *track;
	struct kt_series_reader readers[4];
	struct kt_series_run runs[4];
	struct kt_series_reader factor;
	struct kt_series_run factor_run;
	uint32_t at;
};

void kt_track_read(
	struct kt_track_reader *reader, const struct kt_block *block, const struct kt_track *track);
bool kt_track_next(struct kt_track_reader *reader, struct kt_track_run *ret_run);

#endif
