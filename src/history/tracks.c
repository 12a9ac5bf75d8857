// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/tracks.h"

#include <stdio.h>
#include <string.h>

static int64_t page_bytes_of(const struct kt_block *block)
{
	const char *fact = kt_block_fact(block, "page_bytes");
	int64_t bytes;

	if (!fact || !kt_span_i64(kt_span_str(fact), &bytes) || bytes < 4096 || bytes > 1 << 20)
		return 4096;
	return bytes;
}

void kt_tracks_reader_fini(struct kt_tracks_reader *tracks)
{
	kt_arena_fini(&tracks->arena);
	kt_copies_fini(&tracks->copies);
	*tracks = (struct kt_tracks_reader){ 0 };
}

void kt_tracks_reader_renew(struct kt_tracks_reader *tracks)
{
	tracks->outdated = true;
}

static void number_tracks(struct kt_tracks_reader *tracks)
{
	for (size_t i = 0; i < tracks->list.count; i++) {
		struct kt_track *track = &tracks->list.items[i];
		uint32_t copy = 1;

		if (track->slot_bytes >= 0)
			copy = kt_copies_of(&tracks->copies, track->key, track->name);
		track->copy = copy ? copy : 1;
		track->id = kt_copies_name(&tracks->arena, track->name, track->copy);
		tracks->failed |= !copy || !track->id;
		if (!track->id)
			track->id = track->name;
	}
}

const kt_tracks *kt_tracks_reader_at(struct kt_tracks_reader *tracks, const struct kt_block *block)
{
	const char *fact = kt_block_fact(block, "boot_id");
	char boot_id[sizeof(tracks->boot_id)];

	if (tracks->any && !tracks->outdated && tracks->sequence == block->sequence)
		return &tracks->list;
	tracks->outdated = false;
	snprintf(boot_id, sizeof(boot_id), "%s", fact ? fact : "");
	if (tracks->any &&
		(block->sequence < tracks->sequence || strcmp(boot_id, tracks->boot_id) != 0))
		kt_copies_fini(&tracks->copies);
	memcpy(tracks->boot_id, boot_id, sizeof(boot_id));
	kt_arena_fini(&tracks->arena);
	tracks->arena = (struct kt_arena){ 0 };
	tracks->list = (kt_tracks){ 0 };
	tracks->sequence = block->sequence;
	tracks->any = true;
	kt_tracks_of(block, page_bytes_of(block), tracks->only, &tracks->arena, &tracks->list);
	number_tracks(tracks);
	tracks->failed |= tracks->arena.failed;
	return &tracks->list;
}
