// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/track.h"
#include "record/sampler.h"

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

/* The bytes of a series at the one sample of a file; -1: there is none. */
static int64_t bytes_of(const char *path, const char *text, const char *name)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_arena arena = { 0 };
	struct kt_draft draft;
	kt_tracks tracks = { 0 };
	int64_t bytes = -1;

	kt_draft_init(&draft);
	kt_sampler_text(sampler, &draft, path, kt_span_str(text));
	kt_draft_end_sample(&draft, 1000, 1000);
	kt_draft_finish(&draft);
	kt_tracks_of(&draft.block, 4096, NULL, &arena, &tracks);
	for (size_t i = 0; i < tracks.count; i++) {
		struct kt_track_reader reader;
		struct kt_track_run run;

		if (strcmp(tracks.items[i].name, name) != 0)
			continue;
		kt_track_read(&reader, &draft.block, &tracks.items[i]);
		if (CHECK(kt_track_next(&reader, &run)) && !run.absent)
			bytes = run.last;
	}
	kt_arena_fini(&arena);
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
	return bytes;
}

TEST(a_source_says_which_lines_are_amounts_and_in_which_unit)
{
	static const char meminfo[] = "MemFree:   5 kB\nHugePages_Total: 6\nNew:  7 kB\nNewer: 8\n";
	static const char vmstat[] = "nr_free_pages 2\nnr_dirtied 3\nnr_dirty_threshold 4\n"
				     "nr_kernel_stack 5\nnr_new 6\nnr_new_hugepages 7\npgfault 8\n";
	const char *m = "proc/meminfo", *v = "proc/vmstat";

	CHECK_INT(bytes_of(m, meminfo, "meminfo:MemFree"), 5 * 1024);
	CHECK_INT(bytes_of(m, meminfo, "meminfo:HugePages_Total"), -1);
	CHECK_INT(bytes_of(m, meminfo, "meminfo:New"), 7 * 1024);
	CHECK_INT(bytes_of(m, meminfo, "meminfo:Newer"), -1);
	CHECK_INT(bytes_of(m, "HugePages_Total: 6 kB\n", "meminfo:HugePages_Total"), -1);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:nr_free_pages"), 2 * 4096);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:nr_dirtied"), -1);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:nr_dirty_threshold"), -1);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:nr_kernel_stack"), -1);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:nr_new"), 6 * 4096);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:nr_new_hugepages"), -1);
	CHECK_INT(bytes_of(v, vmstat, "vmstat:pgfault"), -1);
	CHECK_INT(bytes_of(v, "nr_indirectly_reclaimable 8273152\n",
			  "vmstat:nr_indirectly_reclaimable"),
		8273152);
	/* no other file has amounts, whatever its lines look like */
	CHECK_INT(bytes_of("proc/zoneinfo", vmstat, "vmstat:nr_free_pages"), -1);
}

TEST(a_line_may_have_several_amounts_and_its_name_after_them)
{
	static const char slub[] = "# counted_s 1769903999\n"
				   "192 184 21 1 10 210 150 40 18 2 0 1 dentry\n"
				   "64 64 64 1 1 64 60 4 0 0 0 0 9p cache 7\n"
				   "64 64 64 1 1 64 -1 -1 -1 -1 0 0 unknown\n";
	static const char pages[] = "# kind pages blocks [name]\ndata 12 3 page_variable\n"
				    "object 64 64 kmalloc-1k: anon_pipe_buf_ops\nnobody 3 3\n"
				    "other 5 5 no kind\n";
	const char *s = "ktally/slub", *p = "ktally/direct_pages";

	CHECK_INT(bytes_of(s, slub, "slab_used:dentry"), 150 * 192);
	CHECK_INT(bytes_of(s, slub, "slab_free:dentry"), 40 * 192);
	CHECK_INT(bytes_of(s, slub, "slab_cached:dentry"), 18 * 192);
	CHECK_INT(bytes_of(s, slub, "slab_rcu:dentry"), 2 * 192);
	CHECK_INT(bytes_of(s, slub, "slab_used:9p cache 7"), 60 * 64);
	CHECK_INT(bytes_of(s, slub, "slab_used:unknown"), -1);
	CHECK_INT(bytes_of(s, "192 184 21 1 10 210 150 40 18 2 0 1\n", "slab_used:"), -1);
	CHECK_INT(bytes_of(p, pages, "pages:data page_variable"), 12 * 4096);
	CHECK_INT(bytes_of(p, pages, "pages:object kmalloc-1k: anon_pipe_buf_ops"), 64 * 4096);
	CHECK_INT(bytes_of(p, pages, "pages:nobody"), 3 * 4096);
	CHECK_INT(bytes_of(p, pages, "pages:other no kind"), -1);
}

TEST(a_cache_whose_name_begins_with_a_digit_has_its_name)
{
	struct kt_arena arena = { 0 };
	struct kt_draft draft;
	kt_tracks tracks = { 0 };

	draft_of(&draft, "9p-fcall-cache 10 20 64 64 2 : tunables 0 0 0 : slabdata 5 7 0\n",
		"9p-fcall-cache 10 20 64 64 2 : tunables 0 0 0 : slabdata 5 8 0\n");
	kt_tracks_of(&draft.block, 4096, NULL, &arena, &tracks);
	if (CHECK_INT(tracks.count, 1))
		check_values(&draft.block, track_named(&tracks, "slab:9p-fcall-cache"),
			7 * 2 * 4096, 8 * 2 * 4096);
	kt_arena_fini(&arena);
	kt_draft_fini(&draft);
}

/* The newest of a name is first in the file; sizes tell them apart, and then age. */
TEST(caches_of_one_name_are_followed_each_when_one_comes)
{
	static const struct {
		const char *key;
		uint32_t from, to, twin;
		int64_t slot_bytes;
	} wanted[] = { { "slab:x\x1f"
			 "64",
			       0, 1, 1, 64 },
		{ "slab:x\x1f"
		  "64#2",
			0, 1, 2, 64 },
		{ "slab:x\x1f"
		  "64",
			1, 2, 1, 64 },
		{ "slab:x\x1f"
		  "64#2",
			1, 2, 2, 64 },
		{ "slab:x\x1f"
		  "96",
			1, 2, 1, 96 } };
	static const int64_t bytes[] = { 9, 7, 10, 8, 3 };
	struct kt_arena arena = { 0 };
	struct kt_draft draft;
	kt_tracks tracks = { 0 };

	draft_of(&draft,
		"x 1 1 64 1 1 : tunables 0 0 0 : slabdata 7 7 0\n"
		"x 1 1 64 1 1 : tunables 0 0 0 : slabdata 9 9 0\n",
		"x 1 1 96 1 1 : tunables 0 0 0 : slabdata 3 3 0\n"
		"x 1 1 64 1 1 : tunables 0 0 0 : slabdata 8 8 0\n"
		"x 1 1 64 1 1 : tunables 0 0 0 : slabdata 10 10 0\n");
	kt_tracks_of(&draft.block, 4096, NULL, &arena, &tracks);
	CHECK_INT(tracks.count, KT_LEN(wanted));
	for (size_t i = 0; i < KT_LEN(wanted) && i < tracks.count; i++) {
		const struct kt_track *track = &tracks.items[i];
		struct kt_track_reader reader;
		struct kt_track_run run;
		int64_t seen = 0;

		CHECK_STR(track->name, "slab:x");
		CHECK_STR(track->key, wanted[i].key);
		CHECK_INT(track->from, wanted[i].from);
		CHECK_INT(track->to, wanted[i].to);
		CHECK_INT(track->twin, wanted[i].twin);
		CHECK_INT(track->slot_bytes, wanted[i].slot_bytes);
		kt_track_read(&reader, &draft.block, track);
		while (kt_track_next(&reader, &run))
			seen += run.absent ? 0 : run.last * run.count;
		CHECK_INT(seen, bytes[i] * 4096);
	}
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
	kt_tracks_of(&draft.block, 4096, NULL, &arena, &tracks);
	if (CHECK_INT(tracks.count, 1))
		check_values(
			&draft.block, track_named(&tracks, "slab:dentry"), 7 * 4096, 7 * 2 * 4096);
	kt_arena_fini(&arena);
	kt_draft_fini(&draft);
}

static bool has_key(const kt_tracks *tracks, const char *key)
{
	for (size_t i = 0; i < tracks->count; i++) {
		if (strcmp(tracks->items[i].key, key) == 0)
			return true;
	}
	return false;
}

/* A reader of one cache gets the tracks that it has among all, and no others. */
TEST(tracks_of_one_name_are_those_among_all)
{
	static const char *const ids[] = { "slab:x", "slab:x#2", "slab:xy", "slab:9p-x", "slab:x y",
		"slab:none", "meminfo:x", "slab", "" };
	static const size_t counts[] = { 2, 2, 1, 1, 1, 0, 0, 0, 0 };
	struct kt_arena arena = { 0 };
	struct kt_draft draft;
	kt_tracks all = { 0 };

	draft_of(&draft, "",
		"xy 1 1 64 1 1 : tunables 0 0 0 : slabdata 3 3 0\n"
		"x 1 1 64 1 1 : tunables 0 0 0 : slabdata 8 8 0\n"
		"x 1 1 96 1 1 : tunables 0 0 0 : slabdata 10 10 0\n"
		"x y 1 1 64 1 1 : tunables 0 0 0 : slabdata 3 3 0\n"
		"9p-x 1 1 64 1 1 : tunables 0 0 0 : slabdata 3 3 0\n");
	kt_tracks_of(&draft.block, 4096, NULL, &arena, &all);
	CHECK_INT(all.count, 5);
	for (size_t i = 0; i < KT_LEN(ids); i++) {
		kt_tracks some = { 0 };

		kt_tracks_of(&draft.block, 4096, ids[i], &arena, &some);
		CHECK_INT(some.count, counts[i]);
		for (size_t k = 0; k < some.count; k++)
			CHECK(has_key(&all, some.items[k].key));
	}
	kt_arena_fini(&arena);
	kt_draft_fini(&draft);
}
