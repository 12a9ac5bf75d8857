// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/replay.h"

#include "account/derive.h"
#include "record/cursor.h"
#include "record/sampler.h"
#include "same.h"
#include "test.h"

#include <stdlib.h>

#define SAMPLES 120

static unsigned draw(unsigned below)
{
	return (unsigned)rand() % below;
}

static void put_meminfo(struct kt_buf *text, bool unit)
{
	kt_buf_printf(text, "MemTotal: 8000000 kB\nMemFree: %u kB\nBuffers: 100 kB\n",
		400000 + draw(1000));
	if (draw(20))
		kt_buf_printf(text, "Cached: %u kB\n", 500000 + draw(1000));
	kt_buf_printf(text, "AnonPages: %u %s\nSlab: 300000 kB\nPercpu: 2000 kB\n",
		100000 + draw(1000), unit ? "kB" : "MB");
	kt_buf_printf(text, "Zswap: %u kB\n", draw(40) ? 0 : 8);
}

static void put_zoneinfo(struct kt_buf *text)
{
	int nr_zones = draw(60) ? 2 : 1;

	for (int i = 0; i < nr_zones; i++)
		kt_buf_printf(text,
			"Node 0, zone %s\n  pages free %u\n        present 1000000\n"
			"        managed 900000\n    cpu: 0\n              count: %u\n"
			"  vm stats threshold: 10\n      nr_slab_reclaimable %u\n",
			i ? "Normal" : "DMA32", 5000 + draw(99), draw(50), draw(1000));
}

static void put_slabinfo(struct kt_buf *text)
{
	kt_buf_puts(text, "slabinfo - version: 2.1\n# name <active_objs>\n");
	for (int i = 0; i < 5; i++) {
		if (draw(150))
			kt_buf_printf(text,
				"cache-%d %u 100 64 64 1 : tunables 0 0 0 : slabdata %u %u 0\n", i,
				draw(100), 1 + draw(9), 10u);
	}
}

struct sample {
	struct kt_sampler *sampler;
	struct kt_draft *draft;
};

static void put(struct sample *sample, const char *path, struct kt_buf *text)
{
	if (draw(150))
		kt_sampler_text(sample->sampler, sample->draft, path,
			(struct kt_span){ text->data, text->size });
	else
		kt_sampler_gone(sample->sampler, sample->draft, path);
	kt_buf_cleanup(text);
}

/* A machine whose files change, lose lines, go and come back. */
static void fill(struct kt_draft *draft)
{
	struct sample sample = { kt_sampler_new(), draft };

	for (int i = 0; i < SAMPLES; i++) {
		struct kt_buf text = { 0 };

		put_meminfo(&text, draw(90) > 0);
		put(&sample, "proc/meminfo", &text);
		kt_buf_printf(&text, "nr_free_pages %u\nnr_anon_pages %u\noom_kill %d\n",
			5000 + draw(99), 20000 + draw(99), i);
		if (draw(60) == 0)
			kt_buf_printf(&text, "balloon_inflate %u\nballoon_deflate 0\n", draw(3));
		put(&sample, "proc/vmstat", &text);
		put_zoneinfo(&text);
		put(&sample, "proc/zoneinfo", &text);
		put_slabinfo(&text);
		put(&sample, "proc/slabinfo", &text);
		kt_buf_printf(&text, "%u\n", draw(60) ? 0 : 5);
		put(&sample, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", &text);
		kt_draft_end_sample(draft, 1000000 + i * 1000, i * 1000);
	}
	kt_draft_finish(draft);
	kt_sampler_free(sample.sampler);
}

static void check_same(const struct kt_snapshot *a, const struct kt_snapshot *b)
{
	size_t nr_wrong = 0;

	if (!CHECK_INT(a->entries.count, b->entries.count) ||
		!CHECK_INT(a->zones.count, b->zones.count) ||
		!CHECK_INT(a->caches.count, b->caches.count) ||
		!CHECK_INT(a->events.count, b->events.count) ||
		!CHECK_INT(a->notes.count, b->notes.count))
		return;
	for (size_t i = 0; i < a->entries.count; i++)
		nr_wrong += !same_entry(&a->entries.items[i], &b->entries.items[i]);
	for (size_t i = 0; i < a->zones.count; i++)
		nr_wrong += !same_zone(&a->zones.items[i], &b->zones.items[i]);
	for (size_t i = 0; i < a->caches.count; i++)
		nr_wrong += !same_cache(&a->caches.items[i], &b->caches.items[i]);
	for (size_t i = 0; i < a->notes.count; i++)
		nr_wrong += !same_text(a->notes.items[i], b->notes.items[i]);
	for (size_t i = 0; i < a->events.count; i++)
		nr_wrong += a->events.items[i].count != b->events.items[i].count;
	CHECK_INT(nr_wrong, 0);
	CHECK(memcmp(a->first, b->first, sizeof(a->first)) == 0);
}

static void read_whole(const struct kt_cursor *cursor, struct kt_snapshot *snap)
{
	const struct kt_collect_opts opts = { 0 };
	KT_CLEANUP(root) struct kt_root *root = NULL;

	CHECK(!kt_root_moment(cursor, kt_source_inside, &root));
	CHECK(!kt_collect(root, &opts, snap));
	kt_derive(snap);
}

static void replay_block(const struct kt_block *block, unsigned step, size_t *nr_whole)
{
	KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };
	KT_CLEANUP(root) struct kt_root *root = NULL;
	struct kt_replay *replay = kt_replay_new();
	const char *paths[16];

	CHECK(!kt_cursor_init(&cursor, block));
	CHECK(!kt_root_follow(&cursor, kt_source_inside, &root));
	for (uint32_t at = 0, before = 0; at < block->nr_samples; before = at, at += step) {
		KT_CLEANUP(snapshot) struct kt_snapshot *whole = kt_snapshot_new();
		struct kt_changes changes = { .paths = paths, .all = at == 0 };
		struct kt_snapshot *snap = NULL;

		kt_cursor_move(&cursor, at);
		for (uint32_t i = 0; i < block->files.count; i++) {
			if (!kt_cursor_is_still(&cursor, i, before))
				paths[changes.count++] = block->files.items[i].path;
		}
		read_whole(&cursor, whole);
		if (CHECK(!kt_replay_read(replay, root, &changes, &snap)))
			check_same(snap, whole);
	}
	*nr_whole = kt_replay_nr_whole(replay);
	kt_replay_free(replay);
}

TEST(a_replayed_snapshot_is_the_one_that_is_read_whole)
{
	size_t nr_read = 0, all_whole = 0;

	for (unsigned seed = 1; seed <= 8; seed++) {
		struct kt_draft draft;
		size_t nr_whole = 0;

		srand(seed);
		kt_draft_init(&draft);
		fill(&draft);
		replay_block(&draft.block, 1 + seed % 3, &nr_whole);
		nr_read += (SAMPLES + seed % 3) / (1 + seed % 3);
		all_whole += nr_whole;
		kt_draft_fini(&draft);
	}
	/* both ways were gone, often */
	CHECK(all_whole > nr_read / 10 && all_whole < nr_read * 3 / 4);
}

/* Two samples of one file that have nothing to exchange, in both orders. */
static void replay_two(const char *path, const char *a, const char *b)
{
	for (int i = 0; i < 2; i++) {
		struct kt_sampler *sampler = kt_sampler_new();
		struct kt_draft draft;
		size_t nr_whole;

		kt_draft_init(&draft);
		kt_sampler_text(sampler, &draft, path, kt_span_str(i ? b : a));
		kt_draft_end_sample(&draft, 1000, 1000);
		kt_sampler_text(sampler, &draft, path, kt_span_str(i ? a : b));
		kt_draft_end_sample(&draft, 2000, 2000);
		kt_draft_finish(&draft);
		replay_block(&draft.block, 1, &nr_whole);
		CHECK_INT(nr_whole, 2);
		kt_draft_fini(&draft);
		kt_sampler_free(sampler);
	}
}

TEST(a_note_about_a_file_comes_and_goes_with_what_it_is_about)
{
	replay_two("proc/meminfo", "MemTotal: 8000 kB\nMemFree: 4000 kB\nSlab: 300 kB\n",
		"MemTotal: 8000 kB\nMemFree: 4000 kB\nMemFree: 5 kB\nSlab: 300 kB\n");
}

TEST(events_and_caches_go_with_their_lines)
{
	static const char head[] = "slabinfo - version: 2.1\n# name <active_objs>\n";
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_printf(
		&text, "%scache 9 100 64 64 1 : tunables 0 0 0 : slabdata 1 10 0\n%c", head, '\0');
	replay_two("proc/vmstat", "nr_free_pages 5000\noom_kill 3\n", "nr_free_pages 5000\n");
	replay_two("proc/slabinfo", text.data, head);
}
