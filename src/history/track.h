// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_TRACK_H
#define KT_HISTORY_TRACK_H

#include "record/block.h"
#include "record/cursor.h"
#include "source/source.h"

/**
 * Numbers of a block that are amounts of memory, under names for users: "slab:dentry" (bytes that a
 * slab cache holds), "meminfo:Percpu", "vmstat:nr_free_pages". All in bytes.
 *
 * Several slab caches may have one name. A recording stores the first line of such a name, the
 * second, and so on. The cache of a line changes when caches come and go. A track follows one
 * cache: by the size of its objects, and among caches of one size by age; the oldest cache is the
 * last one in the file. So a cache may have several tracks, each over some samples, with one `key`.
 */
struct kt_track {
	const struct kt_source *source; /* source of the file; its `series` begins the name */
	const char *name;		/* belongs to the arena; twins share it */
	const char *id;	    /* name shown to users: `name`, or "slab:x#2"; see history/tracks.h */
	uint32_t copy;	    /* number in the id; 1: the id has none */
	const char *key;    /* identity: the name, and for a cache "\x1f64", or "\x1f64#2" */
	int64_t slot_bytes; /* bytes; slot size, which separates caches of one name; -1: no cache */
	uint32_t twin;	    /* its count by age among caches of one name and size, from 1 */
	uint32_t line, number; /* indices in the block */
	uint32_t from, to;     /* samples of the track; `to` is exclusive */
	uint32_t times;	       /* index of a number of the line to multiply with; or KT_NO_NUMBER */
	int64_t unit_bytes;
};

typedef KT_LIST(struct kt_track) kt_tracks;

/**
 * Lists the tracks of the block; tracks of one name are sorted by samples, then size, then age.
 * `only`: an id, as "slab:dentry" or "slab:x#2"; tracks of other names are left out, and cost
 * neither memory nor the decoding of their series. NULL: all.
 * `page_bytes`: page size of the machine. Caches of one name that come and go too often to separate
 * (TWIN_STEPS_MAX in track.c) have no track.
 */
void kt_tracks_of(const struct kt_block *block, int64_t page_bytes, const char *only,
	struct kt_arena *arena, kt_tracks *ret_tracks);

/** A run of equal values. In a thinned block a run is one stretch: its extremes and mean. */
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

/** Returns the bytes of a track at the cursor's sample; false: it has none there. */
bool kt_track_value(
	const struct kt_cursor *cursor, const struct kt_track *track, int64_t *ret_bytes);
/** Whether a pattern matches a track's name, which twins share, or its id. */
bool kt_track_matches(const struct kt_track *track, const char *pattern);

#endif
