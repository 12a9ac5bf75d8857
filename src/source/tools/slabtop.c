// SPDX-License-Identifier: GPL-2.0-or-later
//
// slabtop: "  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME". CACHE SIZE is slabs x
// pages per slab x page size in whole KiB, so that it is exact, but with -h. OBJ SIZE is rounded to
// 0.01 KiB. A slab has a power of two pages. So the columns check each other, and a line that lost
// digits on its way contradicts itself.

#include "source/tools/tool.h"

#include <stdlib.h>

#define SLAB_MIN 4096
#define SLAB_MAX (1ll << 32)

struct line {
	struct kt_span name;
	int64_t objs, active, use, slabs, per_slab;
	struct kt_amount object, size;
};

static bool number_of(struct kt_span *rest, int64_t *ret_number)
{
	struct kt_span word;

	return kt_span_word(rest, &word) && kt_span_i64(word, ret_number) && *ret_number >= 0 &&
	       *ret_number <= KT_AMOUNT_MAX;
}

static bool take_line(struct kt_span rest, struct line *ret)
{
	struct kt_span word;

	if (!number_of(&rest, &ret->objs) || !number_of(&rest, &ret->active) ||
		!kt_span_word(&rest, &word) || !kt_span_ends(word, "%"))
		return false;
	word.n--;
	if (!kt_span_i64(word, &ret->use) || !kt_span_word(&rest, &word) ||
		!kt_span_ends(word, "K") || !kt_amount_sized(word, 0, &ret->object) ||
		!number_of(&rest, &ret->slabs) || !number_of(&rest, &ret->per_slab) ||
		!kt_span_word(&rest, &word) || !kt_amount_sized(word, 0, &ret->size))
		return false;
	ret->name = kt_span_trim(rest);
	return ret->name.n > 0;
}

/* The size of a slab is a power of two: the only one that gives CACHE SIZE; KT_UNKNOWN: none. */
static int64_t slab_bytes_of(const struct line *line)
{
	for (int64_t bytes = SLAB_MIN; bytes <= SLAB_MAX; bytes *= 2) {
		int64_t all;

		if (__builtin_mul_overflow(bytes, line->slabs, &all))
			return KT_UNKNOWN;
		if (llabs(all - line->size.bytes) <= line->size.error)
			return bytes;
	}
	return KT_UNKNOWN;
}

/* Objects do not exceed their slabs; USE is active / objects in per cent, without a fraction. */
static bool is_consistent(const struct line *line, int64_t slab_bytes)
{
	int64_t places, use;

	if (line->active > line->objs ||
		__builtin_mul_overflow(line->slabs, line->per_slab, &places) || line->objs > places)
		return false;
	use = line->objs ? line->active * 100 / line->objs : 0;
	if (line->use && llabs(use - line->use) > 1)
		return false; /* some versions print 0 for all that is below 100 */
	if (!line->slabs)
		return !line->objs && !line->size.bytes;
	return slab_bytes > 0 &&
	       kt_tool_fills(line->object.bytes - line->object.error,
		       line->object.bytes + line->object.error, line->per_slab, slab_bytes);
}

/*
 * The size of an object as a range. All objects of a slab fit into it, which lowers the upper end.
 * Most sizes are multiples of 8, so the one next to the middle is the best guess.
 */
static void put_size(struct kt_cache *cache, const struct line *line)
{
	int64_t low = line->object.bytes - line->object.error;
	int64_t high = line->object.bytes + line->object.error;

	if (low < 0)
		low = 0;
	if (cache->slab_bytes > 0 && line->per_slab > 0 &&
		high > cache->slab_bytes / line->per_slab)
		high = cache->slab_bytes / line->per_slab;
	if (high < low)
		high = low;
	cache->slot_bytes = (low + high + 8) / 16 * 8; /* the multiple of 8 next to the middle */
	if (cache->slot_bytes < low)
		cache->slot_bytes += 8;
	else if (cache->slot_bytes > high)
		cache->slot_bytes -= 8;
	if (cache->slot_bytes < low || cache->slot_bytes > high)
		cache->slot_bytes = (low + high) / 2;
	cache->slot_error = cache->slot_bytes - low > high - cache->slot_bytes
				    ? cache->slot_bytes - low
				    : high - cache->slot_bytes;
}

/*
 * " Active / Total Caches (% used)     : 129 / 235 (54.9%)": the second number. The totals are read
 * before the list, so that numbers of slabs may differ a little.
 */
static int64_t total_of(struct kt_span line, const char *label)
{
	struct kt_span part, word;
	int64_t number;

	line = kt_span_trim(line);
	if (!kt_span_skip(&line, label) || !kt_span_until(&line, ':', &part) ||
		!kt_span_until(&line, '/', &part) || !kt_span_word(&line, &word) ||
		!kt_span_i64(word, &number))
		return KT_UNKNOWN;
	return number;
}

struct kt_err *kt_read_slabtop(struct kt_reading *reading)
{
	struct kt_span rest = reading->text, text;
	struct kt_tool_caches caches = { 0 };
	int64_t nr_caches = KT_UNKNOWN, nr_lines = 0;

	if (reading->snap->caches.count)
		return NULL;
	while (kt_span_line(&rest, &text)) {
		struct kt_cache cache = kt_cache_unknown(NULL);
		int64_t total = total_of(text, "Active / Total Caches");
		struct line line;
		bool ok;

		nr_caches = kt_known(total) ? total : nr_caches;
		if (!take_line(text, &line))
			continue;
		nr_lines++;
		cache.active_objs = line.active;
		cache.nr_objs = line.objs;
		cache.objs_per_slab = line.per_slab;
		cache.nr_slabs = line.slabs;
		cache.slab_bytes = line.slabs ? slab_bytes_of(&line) : KT_UNKNOWN;
		ok = is_consistent(&line, cache.slab_bytes);
		put_size(&cache, &line);
		kt_tool_cache(reading, &caches, line.name, cache, ok);
	}
	return kt_tool_caches_end(reading, &caches, nr_lines == nr_caches);
}
