// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/sampler.h"
#include "record/track.h"

#include "test.h"

#include <string.h>

/* Two samples of a slabinfo; its amounts are slabs times pages of a slab. */
static void draft_of(struct kt_draft *draft, const char *first, const char *second)
{
	struct kt_sampler *sampler = kt_sampler_new();

	kt_draft_init(draft);
	kt_sampler_text(sampler, draft, "proc/slabinfo", kt_span_str(first));
	kt_draft_end_sample(draft, 1000, 1000);
	kt_sampler_text(sampler, draft, "proc/slabinfo", kt_span_str(second));
	kt_draft_end_sample(draft, 2000, 2000);
	kt_draft_finish(draft);
	kt_sampler_free(sampler);
}

static const struct kt_track *track_named(const kt_tracks *tracks, const char *name)
{
	for (size_t i = 0; i < tracks->count; i++) {
		if (strcmp(tracks->items[i].name, name) == 0)
			return &tracks->items[i];
	}
	CHECK(!"no such track");
	return NULL;
}

static void check_values(
	const struct kt_block *block, const struct kt_track *track, int64_t first, int64_t second)
{
	const int64_t wanted[] = { first, second };
	struct kt_track_reader reader;
	struct kt_track_run run;
	uint32_t at = 0;

	kt_track_read(&reader, block, track);
	while (kt_track_next(&reader, &run)) {
		CHECK_INT(run.from, at);
		for (uint32_t i = 0; i < run.count && at < 2; i++, at++)
			CHECK_INT(run.last, wanted[at]);
	}
	CHECK_INT(at, 2);
}

TEST(a_cache_whose_name_begins_with_a_digit_has_its_name)
{
	struct kt_arena arena = { 0 };
	struct kt_draft draft;
	kt_tracks tracks = { 0 };

	draft_of(&draft, "9p-fcall-cache 10 20 64 64 2 : tunables 0 0 0 : slabdata 5 7 0\n",
		"9p-fcall-cache 10 20 64 64 2 : tunables 0 0 0 : slabdata 5 8 0\n");
	kt_tracks_of(&draft.block, 4096, &arena, &tracks);
	if (CHECK_INT(tracks.count, 1))
		check_values(&draft.block, track_named(&tracks, "slab:9p-fcall-cache"),
			7 * 2 * 4096, 8 * 2 * 4096);
	kt_arena_fini(&arena);
	kt_draft_fini(&draft);
}

/* A cache that is made anew may have slabs of another size; the number of slabs is as before. */
TEST(each_sample_has_its_own_size_of_a_slab)
{
	struct kt_arena arena = { 0 };
	struct kt_draft draft;
	kt_tracks tracks = { 0 };

	draft_of(&draft, "dentry 10 20 192 21 1 : tunables 0 0 0 : slabdata 5 7 0\n",
		"dentry 10 20 192 42 2 : tunables 0 0 0 : slabdata 5 7 0\n");
	kt_tracks_of(&draft.block, 4096, &arena, &tracks);
	if (CHECK_INT(tracks.count, 1))
		check_values(
			&draft.block, track_named(&tracks, "slab:dentry"), 7 * 4096, 7 * 2 * 4096);
	kt_arena_fini(&arena);
	kt_draft_fini(&draft);
}
