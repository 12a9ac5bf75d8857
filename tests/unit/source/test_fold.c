// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/fold.h"

#include "source/source.h"

#include "test.h"

static struct kt_snapshot *read_text(const struct kt_source *source, const struct kt_buf *buf)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_text text = { buf->data, buf->size, source->paths[0], false };
	struct kt_err *err = source->parse(snap, &text);

	CHECK(!err);
	kt_err_free(err);
	return snap;
}

static struct kt_span span_of(const struct kt_buf *buf)
{
	return (struct kt_span){ buf->data, buf->size };
}

/* Caches of ever more slabs of one to eight pages. */
static void make_caches(struct kt_buf *text, uint32_t count)
{
	kt_buf_puts(text, "slabinfo - version: 2.1\n# name <active_objs>\n");
	for (uint32_t i = 0; i < count; i++)
		kt_buf_printf(text, "cache-%u %u %u %u 8 %u : tunables 0 0 0 : slabdata %u %u 0\n",
			i, i * 7, i * 8, 64u << i % 4, 1u << i % 4, i, i);
}

struct sums {
	int64_t pages, obj_bytes, active_bytes;
};

static struct sums sums_of(const struct kt_snapshot *snap)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		sums.pages += cache->nr_slabs * cache->pages_per_slab;
		sums.obj_bytes += cache->nr_objs * cache->slot_bytes;
		sums.active_bytes += cache->active_objs * cache->slot_bytes;
	}
	return sums;
}

TEST(few_caches_stay_as_they_are)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, folded = { 0 };
	struct kt_fold fold = { 0 };

	make_caches(&text, KT_FOLD_CACHES);
	CHECK(!kt_fold_slabinfo(&fold, span_of(&text), &folded));
	CHECK_INT(folded.size, 0);
	CHECK_INT(fold.nr_folded, 0);
	kt_fold_fini(&fold);
}

TEST(of_many_caches_the_largest_are_kept_and_the_sums_stay)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, folded = { 0 };
	struct kt_fold fold = { 0 };
	struct kt_snapshot *before, *after;
	struct sums x, y;

	make_caches(&text, 50000);
	CHECK(kt_fold_slabinfo(&fold, span_of(&text), &folded));
	CHECK_INT(fold.nr_folded, 50000 - KT_FOLD_CACHES);
	before = read_text(&kt_source_slabinfo, &text);
	after = read_text(&kt_source_slabinfo, &folded);
	CHECK_INT(after->caches.count, KT_FOLD_CACHES + 1);
	x = sums_of(before);
	y = sums_of(after);
	CHECK_INT(x.pages, y.pages);
	CHECK_INT(x.obj_bytes, y.obj_bytes);
	CHECK_INT(x.active_bytes, y.active_bytes);
	CHECK_STR(after->caches.items[KT_FOLD_CACHES].name, KT_FOLD_OTHERS);
	CHECK_STR(after->caches.items[KT_FOLD_CACHES - 1].name, "cache-49999");
	kt_snapshot_free(before);
	kt_snapshot_free(after);
	kt_fold_fini(&fold);
}

/* Lines must not come and go: the choice holds until it is made anew. */
TEST(a_line_that_is_no_cache_is_in_no_sum)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, folded = { 0 };
	struct kt_fold fold = { 0 };
	struct kt_snapshot *before, *after;

	make_caches(&text, KT_FOLD_CACHES + 10);
	kt_buf_puts(&text, "#0d 1 1 64 64 1 : tunables 0 0 0 : slabdata 1 1 0\n");
	CHECK(kt_fold_slabinfo(&fold, span_of(&text), &folded));
	before = read_text(&kt_source_slabinfo, &text);
	after = read_text(&kt_source_slabinfo, &folded);
	CHECK_INT(sums_of(before).pages, sums_of(after).pages);
	kt_snapshot_free(before);
	kt_snapshot_free(after);
	kt_fold_fini(&fold);
}

TEST(the_choice_stays)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, first = { 0 }, second = { 0 }, third = { 0 };
	struct kt_fold fold = { .caches_max = 2 };

	kt_buf_puts(&text, "a 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\n"
			   "b 1 1 8 1 1 : tunables 0 0 0 : slabdata 2 2 0\n"
			   "c 1 1 8 1 1 : tunables 0 0 0 : slabdata 3 3 0\n"
			   "d e 1 1 8 1 1 : tunables 0 0 0 : slabdata 0 0 0\n"
			   "f 1 1 8 1 1 : tunables 0 0 0 : slabdata 0 0 0\n");
	CHECK(kt_fold_slabinfo(&fold, span_of(&text), &first));
	CHECK(kt_span_find(span_of(&first), "b 1") < first.size);
	CHECK(kt_span_find(span_of(&first), "a 1 1 8") == first.size);
	/* a name with a blank is not understood, and kept */
	CHECK(kt_span_find(span_of(&first), "d e 1") < first.size);
	kt_buf_puts(&text, "g 1 1 8 1 1 : tunables 0 0 0 : slabdata 9 9 0\n");
	CHECK(kt_fold_slabinfo(&fold, span_of(&text), &second));
	CHECK(kt_span_find(span_of(&second), "g 1") == second.size);
	kt_fold_restart(&fold);
	CHECK(kt_fold_slabinfo(&fold, span_of(&text), &third));
	CHECK(kt_span_find(span_of(&third), "g 1") < third.size);
	kt_fold_fini(&fold);
}

/* Whoever reads it has to see that it is cut, so no line end may be added. */
TEST(a_cut_text_stays_as_it_is)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, folded = { 0 };
	struct kt_fold fold = { .caches_max = 1, .zone_bytes_max = 1 };

	kt_buf_puts(&text, "a 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\n"
			   "b 1 1 8 1 1 : tunables 0 0 0 : slabdata 2 2 0\n"
			   "c 1 1 8 1 1 : tunables 0 0 0 : slabdata 3 3 0\n"
			   "d 1 1 8 1 1 : tunables 0 0 0 : slabdata 4 4");
	CHECK(!kt_fold_slabinfo(&fold, span_of(&text), &folded));
	CHECK_INT(folded.size, 0);
	text.size = 0;
	kt_buf_puts(&text, "Node 0, zone Normal\n  pages free 5\n        present 10\n    cpu: 0\n"
			   "              count: 12");
	CHECK(!kt_fold_zoneinfo(&fold, span_of(&text), &folded));
	CHECK_INT(folded.size, 0);
	kt_fold_fini(&fold);
}

TEST(the_lists_of_many_cpus_become_their_sum)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 }, folded = { 0 };
	struct kt_fold fold = { 0 };
	struct kt_snapshot *before, *after;

	for (int node = 0; node < 64; node++) {
		kt_buf_printf(&text,
			"Node %d, zone   Normal\n  pages free %d\n        high     77\n"
			"        present  1000\n        managed  900\n  pagesets\n",
			node, 100 + node);
		for (int cpu = 0; cpu < 512; cpu++)
			kt_buf_printf(&text,
				"    cpu: %d\n              count: %d\n              high:  9\n"
				"              batch: 1\n  vm stats threshold: %d\n",
				cpu, cpu % 7 + node, 100 + cpu % 26);
		kt_buf_puts(&text, "  node_unreclaimable:  0\n  start_pfn:           1\n");
	}
	CHECK(kt_fold_zoneinfo(&fold, span_of(&text), &folded));
	CHECK(folded.size * 100 < text.size);
	CHECK_INT(fold.nr_cpus, 512);
	before = read_text(&kt_source_zoneinfo, &text);
	after = read_text(&kt_source_zoneinfo, &folded);
	CHECK_INT(before->zones.count, 64);
	CHECK_INT(after->zones.count, 64);
	for (size_t i = 0; i < after->zones.count; i++) {
		const struct kt_zone *x = &before->zones.items[i], *y = &after->zones.items[i];

		CHECK_INT(x->pcp, y->pcp);
		CHECK_INT(x->free, y->free);
		CHECK_INT(x->high, y->high);
		CHECK_INT(x->nr_cpus, y->nr_cpus);
		CHECK_INT(x->threshold, y->threshold);
	}
	kt_snapshot_free(before);
	kt_snapshot_free(after);
	kt_fold_fini(&fold);
}
