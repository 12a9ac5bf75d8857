// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of a block, uncompressed. What is taken for one can be looked at, and written
// again.

#include "fuzz_record.h"

#include "history/track.h"

/* Each track covers each sample once; tracks of one identity do not overlap. */
static void read_tracks(const struct kt_block *block)
{
	struct kt_arena arena = { 0 };
	kt_tracks tracks = { 0 };

	kt_tracks_of(block, 4096, NULL, &arena, &tracks);
	for (size_t i = 0; i < tracks.count; i++) {
		const struct kt_track *track = &tracks.items[i];
		struct kt_track_reader reader;
		struct kt_track_run run;
		uint32_t at = 0;

		fuzz_must(track->from < track->to || !block->nr_samples, "a track has no sample");
		kt_track_read(&reader, block, track);
		for (; kt_track_next(&reader, &run); at += run.count) {
			fuzz_must(run.count && run.from == at, "a run is out of turn");
			fuzz_must(run.absent || (at >= track->from && at + run.count <= track->to),
				"a track goes beyond its stretch");
		}
		for (size_t k = i + 1; k < tracks.count && k < i + 8; k++)
			fuzz_must(strcmp(track->key, tracks.items[k].key) != 0 ||
					  track->to <= tracks.items[k].from ||
					  tracks.items[k].to <= track->from,
				"two tracks are one cache at one time");
	}
	kt_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_block block;
	struct kt_err *err = kt_block_decode((struct kt_span){ (const char *)data, size }, &block);

	if (!err) {
		for (uint32_t i = 0; i < block.nr_samples; i += block.nr_samples / 8 + 1)
			fuzz_must(kt_block_sample_at(&block, kt_block_real_ms(&block, i)) <
					  block.nr_samples,
				"a sample is not in its block");
		kt_block_file(&block, "proc/meminfo");
		kt_block_fact(&block, "boot_id");
		read_tracks(&block);
		fuzz_block_again(&block);
		kt_block_cleanup(&block);
	}
	kt_err_free(err);
	return 0;
}
