// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_TRACKS_H
#define KT_HISTORY_TRACKS_H

#include "history/track.h"
#include "model/copies.h"

/**
 * Reads the tracks of one block after another. Slab caches of one name are numbered by their first
 * occurrence: "slab:x", "slab:x#2". A cache keeps its number until the machine boots. Numbers then
 * start anew, so that a series continues under its name although another kernel has other sizes.
 * Zero-initialise.
 */
struct kt_tracks_reader {
	struct kt_arena arena; /* holds `list` */
	kt_tracks list;
	uint64_t sequence; /* of the block */
	const char *only;  /* set by the caller: see kt_tracks_of(); NULL: all */
	bool any, failed;
	bool outdated; /* the list of the same block is made again */
	char boot_id[64];
	struct kt_copies copies;
};

/** Returns a block's tracks, valid until the next block. An earlier block restarts numbers. */
const kt_tracks *kt_tracks_reader_at(struct kt_tracks_reader *tracks, const struct kt_block *block);
/** Call when a block that is still written has other lines than before. */
void kt_tracks_reader_renew(struct kt_tracks_reader *tracks);
void kt_tracks_reader_fini(struct kt_tracks_reader *tracks);

#endif
