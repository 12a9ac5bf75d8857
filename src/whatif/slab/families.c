// SPDX-License-Identifier: GPL-2.0-or-later
//
// kmalloc has several caches for each size: kmalloc-cg-64 for what is charged to cgroups, -rcl- for
// what can be reclaimed, 15 of -rnd- (CONFIG_RANDOM_KMALLOC_CACHES), and a bucket for some callers,
// such as msg_msg-64 (CONFIG_SLAB_BUCKETS; kmem_buckets_create() in mm/slab_common.c). Each has
// slabs of its own that are only partly filled.
//
// dma-kmalloc-64 is left out: it is in another zone, so it cannot share slabs.

#include "analysis/slab.h"
#include "whatif/slab/counts.h"

#include <string.h>

#define SIZES_MAX   32u
#define KINDS_MAX   32u
#define BUCKETS_MIN 6u /* sizes of kmalloc that a bucket has: kernels have 8 to 13 */

enum { PLAIN, CGROUP, RECLAIMABLE, RANDOM, FIRST_BUCKET };

struct size {
	const char *name; /* "kmalloc-64" */
	int64_t slot_bytes;
	struct kt_slab_pool kinds[KINDS_MAX]; /* by kind */
	struct kt_slab_pool pairs[KINDS_MAX]; /* plain kmalloc, and one kind */
	struct kt_slab_pool all;
};

struct kind {
	const char *name;
	size_t nr_sizes;
};

struct families {
	struct size sizes[SIZES_MAX];
	struct kind kinds[KINDS_MAX];
	size_t nr_sizes, nr_kinds, nr_left_out;
	bool exact;
};

/* ---- kinds of caches ---- */

static struct size *size_named(struct families *families, struct kt_span suffix)
{
	for (size_t i = 0; i < families->nr_sizes; i++) {
		if (kt_span_eq(suffix, families->sizes[i].name + strlen("kmalloc-")))
			return &families->sizes[i];
	}
	return NULL;
}

/* The kind of a bucket, by what is before the size in its name; KINDS_MAX: too many. */
static size_t bucket(struct kt_arena *arena, struct families *families, struct kt_span name)
{
	for (size_t i = FIRST_BUCKET; i < families->nr_kinds; i++) {
		if (kt_span_eq(name, families->kinds[i].name))
			return i;
	}
	if (families->nr_kinds == KINDS_MAX)
		return KINDS_MAX;
	families->kinds[families->nr_kinds].name =
		kt_arena_printf(arena, "%.*s", (int)name.n, name.p);
	return families->kinds[families->nr_kinds].name ? families->nr_kinds++ : KINDS_MAX;
}

/* The size and kind of a cache; NULL: it is no kmalloc. */
static struct size *size_of(struct kt_arena *arena, struct families *families,
	const struct kt_slab_counts *counts, size_t *ret_kind)
{
	const char *dash = strrchr(counts->name, '-');
	struct kt_span kind = { counts->name, dash ? (size_t)(dash - counts->name) : 0 };
	struct size *size = dash ? size_named(families, kt_span_str(dash + 1)) : NULL;

	if (!size || size->slot_bytes != counts->slot_bytes || kt_span_eq(kind, "dma-kmalloc"))
		return NULL;
	if (kt_span_eq(kind, "kmalloc"))
		*ret_kind = PLAIN;
	else if (kt_span_eq(kind, "kmalloc-cg"))
		*ret_kind = CGROUP;
	else if (kt_span_eq(kind, "kmalloc-rcl"))
		*ret_kind = RECLAIMABLE;
	else if (kt_span_starts(kind, "kmalloc-rnd-"))
		*ret_kind = RANDOM;
	else
		*ret_kind = bucket(arena, families, kind);
	return *ret_kind < KINDS_MAX ? size : NULL;
}

/* Lists the sizes that plain kmalloc has. */
static void list_sizes(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct families *families)
{
	for (size_t i = 0; i < snap->caches.count && families->nr_sizes < SIZES_MAX; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];
		const char *family = cache->name ? kt_slab_family(cache->name, arena) : NULL;

		if (family && strncmp(family, "kmalloc-", 8) == 0 &&
			strcmp(family, cache->name) == 0 &&
			!size_named(families, kt_span_str(family + 8)))
			families->sizes[families->nr_sizes++] =
				(struct size){ .name = family, .slot_bytes = cache->slot_bytes };
	}
}

/*
 * Counts the sizes of each kind first: a cache whose name ends like a size of kmalloc is a bucket
 * only if others of its name have most sizes too.
 */
static void count_kinds(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct families *families)
{
	static const char *const names[] = { "kmalloc", "kmalloc-cg", "kmalloc-rcl",
		"kmalloc-rnd" };

	families->nr_kinds = FIRST_BUCKET;
	for (size_t i = 0; i < KT_LEN(names); i++)
		families->kinds[i].name = names[i];
	for (size_t i = 0; i < snap->caches.count; i++) {
		struct kt_slab_counts counts = { .name = snap->caches.items[i].name,
			.slot_bytes = snap->caches.items[i].slot_bytes };
		size_t kind;

		if (counts.name && size_of(arena, families, &counts, &kind))
			families->kinds[kind].nr_sizes++;
	}
}

static bool is_kmalloc(const struct families *families, size_t kind)
{
	return kind < FIRST_BUCKET ||
	       (kind < KINDS_MAX && families->kinds[kind].nr_sizes >= BUCKETS_MIN);
}

static void add_caches(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct families *families)
{
	for (size_t i = 0; i < snap->caches.count; i++) {
		struct kt_slab_counts counts;
		struct size *size;
		size_t kind;
		bool known;

		known = kt_slab_counts(snap, &snap->caches.items[i], &counts);
		size = counts.name ? size_of(arena, families, &counts, &kind) : NULL;
		if (!size || !is_kmalloc(families, kind))
			continue;
		if (!known || !kt_slab_pool_add(&size->all, &counts) ||
			!kt_slab_pool_add(&size->kinds[kind], &counts)) {
			families->nr_left_out++;
			continue;
		}
		families->exact |= counts.is_exact;
		for (size_t k = 0; k < families->nr_kinds; k++) {
			if (kind == PLAIN || kind == k)
				kt_slab_pool_add(&size->pairs[k], &counts);
		}
	}
}

/* ---- the result ---- */

static int64_t bytes_of(const struct kt_slab_pool *pool, int64_t nr_slabs, int64_t page_bytes)
{
	return kt_known_times(kt_known_times(nr_slabs, pool->pages_per_slab), page_bytes);
}

struct sums {
	int64_t now, likely, most; /* slabs of all; what one family saves, likely and at most */
	int64_t nr_sizes;	   /* with slabs */
};

/* False: a sum is impossible. */
static bool put_sizes(struct kt_arena *arena, const struct families *families, int64_t page,
	struct kt_whatif_result *ret, struct sums *sums)
{
	for (size_t i = 0; i < families->nr_sizes; i++) {
		const struct kt_slab_pool *all = &families->sizes[i].all;
		int64_t now = bytes_of(all, all->nr_slabs, page);
		int64_t then = bytes_of(all, kt_slab_pool_likely(all), page);

		if (!all->nr_caches)
			continue;
		if (!kt_known(now) || now > KT_AMOUNT_MAX / 64)
			return false;
		sums->now += now;
		sums->likely += now - then;
		sums->most += now - bytes_of(all, kt_slab_pool_least(all), page);
		sums->nr_sizes++;
		if (all->nr_caches == 1)
			continue;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = families->sizes[i].name,
				.count = (int64_t)all->nr_caches,
				.now_bytes = now,
				.then_bytes = then,
				.saves_bytes = now - then });
	}
	return true;
}

/* Puts the savings of one kind alone, in the slabs of plain kmalloc. */
static void put_kind(struct kt_arena *arena, const struct families *families, size_t kind,
	int64_t page, const struct sums *sums, struct kt_whatif_result *ret)
{
	int64_t saves = 0, nr_caches = 0, nr_left = 0;

	for (size_t i = 0; i < families->nr_sizes; i++) {
		const struct kt_slab_pool *pair = &families->sizes[i].pairs[kind];

		nr_caches += (int64_t)families->sizes[i].kinds[kind].nr_caches;
		nr_left += (int64_t)(families->sizes[i].all.nr_caches - pair->nr_caches);
		nr_left += pair->nr_caches > 0;
		saves += bytes_of(pair, pair->nr_slabs - kt_slab_pool_likely(pair), page);
	}
	if (nr_caches)
		kt_whatif_point(arena, ret,
			(struct kt_whatif_point){ .choice = kt_arena_printf(arena, "%s in kmalloc",
							  families->kinds[kind].name),
				.count = nr_left,
				.bytes = sums->now - saves,
				.saves_bytes = saves });
}

static int64_t nr_caches_of(const struct families *families)
{
	int64_t nr_caches = 0;

	for (size_t i = 0; i < families->nr_sizes; i++)
		nr_caches += (int64_t)families->sizes[i].all.nr_caches;
	return nr_caches;
}

static void put_points(struct kt_arena *arena, const struct families *families, int64_t page,
	const struct sums *sums, struct kt_whatif_result *ret)
{
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){
			"today's families", nr_caches_of(families), sums->now, 0 });
	for (size_t kind = PLAIN + 1; kind < families->nr_kinds; kind++) {
		if (is_kmalloc(families, kind))
			put_kind(arena, families, kind, page, sums, ret);
	}
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){
			"one family", sums->nr_sizes, sums->now - sums->likely, sums->likely });
}

static void put_notes(
	struct kt_arena *arena, const struct families *families, struct kt_whatif_result *ret)
{
	kt_whatif_note(arena, ret,
		"families are there for security, for cgroups and for reclaim: what they save or "
		"protect is not in these numbers");
	if (!families->exact)
		kt_whatif_note(arena, ret,
			"objects that CPUs keep ready count as in use; --exact counts them");
	if (families->nr_left_out)
		kt_whatif_note(arena, ret,
			"%zu caches are left out: a count is missing, or their slabs differ",
			families->nr_left_out);
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct families *families = kt_arena_alloc(arena, sizeof(*families));
	int64_t page = snap->host.page_bytes;
	struct sums sums = { 0 };

	if (!families)
		return;
	list_sizes(arena, snap, families);
	if (!families->nr_sizes) {
		kt_whatif_lacks(ret, &kt_source_slabinfo);
		return;
	}
	if (kt_slabs_are_too_many(snap)) {
		kt_whatif_unknown(ret, KT_SLABS_TOO_MANY);
		return;
	}
	if (snap->caches_partial) {
		kt_whatif_unknown(ret, "some slab caches are missing in the list");
		return;
	}
	count_kinds(arena, snap, families);
	add_caches(arena, snap, families);
	if (!nr_caches_of(families)) {
		kt_whatif_unknown(ret, "no cache of kmalloc has all of its counts");
		return;
	}
	if (!put_sizes(arena, families, page, ret, &sums)) {
		kt_whatif_unknown(ret, "the counts of a kmalloc cache are impossible");
		return;
	}
	ret->now_bytes = sums.now;
	kt_whatif_input_count(
		arena, ret, "caches with slabs", nr_caches_of(families), "slab caches");
	kt_whatif_input_bytes(arena, ret, "their slabs", sums.now, "slab caches");
	kt_whatif_saves(ret, 0, KT_EXACT, page);
	if (sums.nr_sizes == nr_caches_of(families)) {
		kt_whatif_note(arena, ret, "kmalloc has one cache for each size already");
		return;
	}
	kt_whatif_saves(ret, sums.likely, KT_ESTIMATE, page);
	kt_whatif_interval(ret, 0, sums.most > sums.likely ? sums.most : sums.likely, page);
	put_points(arena, families, page, &sums, ret);
	put_notes(arena, families, ret);
	kt_whatif_cut(arena, ret, "sizes");
}

const struct kt_whatif kt_whatif_kmalloc_families = {
	.name = "kmalloc-families",
	.title = "one family of kmalloc caches instead of several",
	.needs = KT_WHATIF_KERNEL,
	.how = "cgroup.memory=nokmem at boot (cg), or a kernel without such caches",
	.algorithm =
		"For each size of kmalloc: the slabs of all its caches, except for DMA, against "
		"the slabs for the sum of their objects in use and as many free slots as the "
		"cache with most of them has. At least nothing is saved, if all free slots stay; "
		"at most all that no object needs.",
	.counted = "caches with slabs",
	.parts_counted = "caches with slabs",
	.sources = KT_SOURCES(&kt_source_slabinfo, &kt_source_slabs),
	.exact = KT_SOURCES(&kt_source_slub),
	.compute = compute,
};
