// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/fold.h"

#include <stdlib.h>
#include <string.h>

void kt_fold_restart(struct kt_fold *fold)
{
	kt_map_fini(&fold->kept);
	kt_arena_fini(&fold->arena);
	*fold = (struct kt_fold){ .caches_max = fold->caches_max,
		.zone_bytes_max = fold->zone_bytes_max };
}

void kt_fold_fini(struct kt_fold *fold)
{
	kt_fold_restart(fold);
}

static uint32_t caches_max(const struct kt_fold *fold)
{
	return fold->caches_max ? fold->caches_max : KT_FOLD_CACHES;
}

static uint32_t count_lines(struct kt_span text)
{
	uint32_t count = 0;

	for (const char *p = text.p; (p = memchr(p, '\n', text.n - (size_t)(p - text.p))); p++)
		count++;
	return count;
}

/* A text whose last line does not end stays as it is, so that its reader sees that it is cut. */
static bool is_cut(struct kt_span text)
{
	return text.n && text.p[text.n - 1] != '\n';
}

/* ---- slab caches ---- */

/*
 * Fields of "name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : … slabdata
 * <active_slabs> <num_slabs> <shared>".
 */
struct cache {
	struct kt_span name;
	int64_t active_objs, nr_objs, obj_bytes, pages_per_slab, active_slabs, nr_slabs;
};

static bool take_i64(struct kt_span *rest, int64_t *ret_value)
{
	struct kt_span word;

	return kt_span_word(rest, &word) && kt_span_i64(word, ret_value) && *ret_value >= 0 &&
	       *ret_value < 1ll << 40;
}

/* A line of another form is kept unchanged, and so is a name with blanks. */
static bool parse_cache(struct kt_span line, struct cache *cache)
{
	struct kt_span word, data;
	int64_t objs_per_slab;

	/* the parser of the list takes such a line for the heading */
	if (kt_span_starts(line, "#"))
		return false;
	if (!kt_span_word(&line, &cache->name) || !take_i64(&line, &cache->active_objs) ||
		!take_i64(&line, &cache->nr_objs) || !take_i64(&line, &cache->obj_bytes) ||
		!take_i64(&line, &objs_per_slab) || !take_i64(&line, &cache->pages_per_slab) ||
		cache->pages_per_slab >= 1 << 20 || !kt_span_word(&line, &word) ||
		!kt_span_eq(word, ":") || !kt_span_word(&line, &word) ||
		!kt_span_eq(word, "tunables") || kt_span_find(line, ": tunables") < line.n)
		return false;
	data = kt_span_from(line, kt_span_find(line, ": slabdata"));
	return kt_span_skip(&data, ": slabdata") && take_i64(&data, &cache->active_slabs) &&
	       take_i64(&data, &cache->nr_slabs);
}

struct rank {
	struct kt_span name;
	int64_t pages;
};

static int by_pages(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	return (x->pages < y->pages) - (x->pages > y->pages);
}

static bool choose_caches(struct kt_fold *fold, struct kt_span text, uint32_t nr_lines)
{
	struct rank *ranks = malloc(((size_t)nr_lines + 1) * sizeof(*ranks));
	struct kt_span line;
	uint32_t count = 0;

	while (ranks && count < nr_lines && kt_span_line(&text, &line)) {
		struct cache cache;

		if (parse_cache(line, &cache))
			ranks[count++] =
				(struct rank){ cache.name, cache.nr_slabs * cache.pages_per_slab };
	}
	if (count)
		qsort(ranks, count, sizeof(*ranks), by_pages);
	for (uint32_t i = 0; i < count && i < caches_max(fold); i++)
		kt_map_add(&fold->kept, ranks[i].name, &fold->arena, NULL);
	free(ranks);
	fold->chosen = ranks && !fold->kept.failed && !fold->arena.failed;
	return fold->chosen;
}

/*
 * Writes the other caches as one cache of objects of eight bytes, 512 in a slab of one page. So the
 * sums stay the same: bytes of objects, free and in use, and pages.
 */
static void put_others(const struct cache *sum, struct kt_buf *text)
{
	kt_buf_printf(text,
		KT_FOLD_OTHERS " %lld %lld 8 512 1 : tunables 0 0 0 : slabdata %lld %lld 0\n",
		(long long)sum->active_objs, (long long)sum->nr_objs, (long long)sum->active_slabs,
		(long long)sum->nr_slabs);
}

static void add_cache(struct cache *sum, const struct cache *cache)
{
	sum->active_objs += cache->active_objs * cache->obj_bytes / 8;
	sum->nr_objs += cache->nr_objs * cache->obj_bytes / 8;
	sum->active_slabs += cache->active_slabs * cache->pages_per_slab;
	sum->nr_slabs += cache->nr_slabs * cache->pages_per_slab;
}

bool kt_fold_slabinfo(struct kt_fold *fold, struct kt_span text, struct kt_buf *ret_text)
{
	struct cache cache, sum = { 0 };
	uint32_t nr_lines = count_lines(text);
	struct kt_span line;

	fold->nr_folded = 0;
	if (nr_lines <= caches_max(fold) + 2 || is_cut(text) ||
		(!fold->chosen && !choose_caches(fold, text, nr_lines)))
		return false;
	while (kt_span_line(&text, &line)) {
		if (parse_cache(line, &cache) && !kt_map_find(&fold->kept, cache.name)) {
			add_cache(&sum, &cache);
			fold->nr_folded++;
			continue;
		}
		kt_buf_add(ret_text, line.p, line.n);
		kt_buf_puts(ret_text, "\n");
	}
	put_others(&sum, ret_text);
	return !ret_text->failed;
}

/* ---- per-CPU lists ---- */

struct pagesets {
	int64_t pages, threshold;
	uint32_t nr_cpus, nr_counts, nr_thresholds;
	bool bad; /* a count cannot be read */
};

static void put_pagesets(struct pagesets *sets, struct kt_buf *text)
{
	if (sets->nr_thresholds)
		kt_buf_printf(text, "    cpus: %u\n", sets->nr_thresholds);
	if (sets->nr_counts && sets->bad)
		kt_buf_puts(text, "              count: -\n");
	else if (sets->nr_counts)
		kt_buf_printf(text, "              count: %lld\n", (long long)sets->pages);
	if (sets->nr_thresholds)
		kt_buf_printf(text, "  vm stats threshold: %lld\n", (long long)sets->threshold);
	*sets = (struct pagesets){ 0 };
}

static void add_count(struct pagesets *sets, struct kt_span rest)
{
	int64_t value;

	sets->nr_counts++;
	if (take_i64(&rest, &value))
		sets->pages += value;
	else
		sets->bad = true;
}

static bool add_threshold(struct pagesets *sets, struct kt_span rest)
{
	struct kt_span word;
	int64_t value;

	if (!kt_span_word(&rest, &word) || !kt_span_eq(word, "stats") ||
		!kt_span_word(&rest, &word) || !kt_span_eq(word, "threshold:") ||
		!take_i64(&rest, &value))
		return false;
	sets->nr_thresholds++;
	sets->threshold = value > sets->threshold ? value : sets->threshold;
	return true;
}

/* Adds up the line if it belongs to a CPU's list; false: it does not. */
static bool add_pageset_line(struct pagesets *sets, struct kt_span line)
{
	struct kt_span word;

	if (!kt_span_word(&line, &word))
		return false;
	if (kt_span_eq(word, "cpu:")) {
		sets->nr_cpus++;
		return true;
	}
	if (!sets->nr_cpus)
		return false;
	if (kt_span_eq(word, "vm"))
		return add_threshold(sets, line);
	if (kt_span_eq(word, "count:")) {
		add_count(sets, line);
		return true;
	}
	return kt_span_ends(word, ":") &&
	       (kt_span_starts(word, "high") || kt_span_starts(word, "batch"));
}

bool kt_fold_zoneinfo(struct kt_fold *fold, struct kt_span text, struct kt_buf *ret_text)
{
	struct pagesets sets = { 0 };
	struct kt_span line;

	fold->nr_cpus = 0;
	if (text.n <= (fold->zone_bytes_max ? fold->zone_bytes_max : KT_FOLD_ZONE_BYTES) ||
		is_cut(text))
		return false;
	while (kt_span_line(&text, &line)) {
		if (add_pageset_line(&sets, line)) {
			fold->nr_cpus = sets.nr_cpus > fold->nr_cpus ? sets.nr_cpus : fold->nr_cpus;
			continue;
		}
		put_pagesets(&sets, ret_text);
		kt_buf_add(ret_text, line.p, line.n);
		kt_buf_puts(ret_text, "\n");
	}
	put_pagesets(&sets, ret_text);
	return !ret_text->failed;
}
