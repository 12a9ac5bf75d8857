// SPDX-License-Identifier: GPL-2.0-or-later
//
// Metrics of node_exporter as the files that it read: meminfo_linux.go, vmstat_linux.go and
// slabinfo.go of its collectors. Its numbers are real numbers of up to 17 digits. A number that is
// no whole number of kB or slabs is left out.

#include "base/attr.h"
#include "base/map.h"
#include "import/kind.h"

#include <string.h>

#define CACHES_MAX 8192u

/* Numbers of a slab cache, in the order of slabinfo. */
enum { ACTIVE, OBJECTS, SIZE, PER_SLAB, PAGES, NR_COLUMNS };

struct cache {
	struct kt_span name;
	int64_t values[NR_COLUMNS];
	unsigned known; /* bits */
};

struct caches {
	struct kt_arena arena;
	struct kt_map map;
	KT_LIST(struct cache) list;
};

/* Parses "123", "1.5e+09" and "2.4689012736e+10"; false: no whole number that fits. */
static bool take_whole(struct kt_span text, int64_t *ret_value)
{
	int64_t value = 0;
	uint64_t exponent = 0;
	int nr_after = 0, nr_digits = 0;
	bool after = false;

	for (; text.n && ((text.p[0] >= '0' && text.p[0] <= '9') || text.p[0] == '.');
		text = kt_span_from(text, 1)) {
		if (text.p[0] == '.') {
			if (after)
				return false;
			after = true;
			continue;
		}
		if (++nr_digits > 17)
			return false;
		value = value * 10 + (text.p[0] - '0');
		nr_after += after;
	}
	if (!nr_digits)
		return false;
	if (text.n && (text.p[0] == 'e' || text.p[0] == 'E')) {
		text = kt_span_from(text, 1);
		if (!kt_span_skip(&text, "+"))
			return false;
		if (!kt_span_take_u64(&text, &exponent) || exponent > 18)
			return false;
	}
	if (text.n)
		return false;
	for (; exponent && nr_after; exponent--)
		nr_after--;
	for (; exponent; exponent--) {
		if (__builtin_mul_overflow(value, 10, &value))
			return false;
	}
	for (; nr_after; nr_after--) {
		if (value % 10)
			return false;
		value /= 10;
	}
	*ret_value = value;
	return true;
}

/* "MemTotal_bytes", "Active_anon_bytes", "HugePages_Total" */
static void put_meminfo(struct kt_span name, int64_t value, struct kt_buf *meminfo)
{
	static const struct {
		const char *metric, *field;
	} others[] = { { "Active_anon", "Active(anon)" }, { "Inactive_anon", "Inactive(anon)" },
		{ "Active_file", "Active(file)" }, { "Inactive_file", "Inactive(file)" } };
	bool bytes = kt_span_ends(name, "_bytes");

	if (bytes)
		name.n -= sizeof("_bytes") - 1;
	if (bytes && value % 1024)
		return;
	for (size_t i = 0; i < KT_LEN(others); i++) {
		if (kt_span_eq(name, others[i].metric))
			name = kt_span_str(others[i].field);
	}
	kt_buf_printf(meminfo, "%.*s: %lld%s\n", (int)name.n, name.p,
		(long long)(bytes ? value / 1024 : value), bytes ? " kB" : "");
}

/* "active_objects{slab=\"dentry\"}" */
static bool put_cache(
	struct caches *caches, struct kt_span name, struct kt_span label, int64_t value)
{
	static const char *const columns[] = { [ACTIVE] = "active_objects",
		[OBJECTS] = "objects",
		[SIZE] = "object_size_bytes",
		[PER_SLAB] = "objects_per_slab",
		[PAGES] = "pages_per_slab" };
	struct kt_span cache;
	uint32_t *index;
	bool added;

	if (caches->arena.failed || !kt_span_skip(&label, "slab=\"") ||
		!kt_span_until(&label, '"', &cache) || !cache.n || cache.n > 128 ||
		memchr(cache.p, ' ', cache.n) ||
		(caches->list.count >= CACHES_MAX && !kt_map_find(&caches->map, cache)))
		return false;
	index = kt_map_add(&caches->map, cache, NULL, &added);
	if (index && added) {
		struct cache *slot = kt_list_push(&caches->arena, &caches->list);

		if (!slot)
			return false;
		*slot = (struct cache){ .name = cache };
		*index = (uint32_t)caches->list.count - 1;
	}
	for (size_t i = 0; index && i < NR_COLUMNS; i++) {
		if (kt_span_eq(name, columns[i])) {
			caches->list.items[*index].values[i] = value;
			caches->list.items[*index].known |= 1u << i;
			return true;
		}
	}
	return false;
}

/* The collector drops the number of slabs; whole slabs of objects give it. */
static void write_caches(const struct caches *caches, struct kt_buf *slabinfo)
{
	if (caches->list.count)
		kt_buf_puts(slabinfo, "slabinfo - version: 2.1\n");
	for (size_t i = 0; i < caches->list.count; i++) {
		const struct cache *cache = &caches->list.items[i];
		const int64_t *v = cache->values;

		if (cache->known != (1u << NR_COLUMNS) - 1 || v[PER_SLAB] <= 0 ||
			v[OBJECTS] % v[PER_SLAB])
			continue;
		kt_buf_printf(slabinfo,
			"%.*s %lld %lld %lld %lld %lld : tunables 0 0 0 : slabdata %lld %lld 0\n",
			(int)cache->name.n, cache->name.p, (long long)v[ACTIVE],
			(long long)v[OBJECTS], (long long)v[SIZE], (long long)v[PER_SLAB],
			(long long)v[PAGES], (long long)(v[OBJECTS] / v[PER_SLAB]),
			(long long)(v[OBJECTS] / v[PER_SLAB]));
	}
}

static bool take_line(
	struct caches *caches, struct kt_span line, struct kt_buf *meminfo, struct kt_buf *vmstat)
{
	struct kt_span word, name, label = { 0 };
	int64_t value;

	if (!kt_span_skip(&line, "node_") || !kt_span_word(&line, &name))
		return false;
	if (kt_span_find(name, "{") < name.n) {
		label = name;
		kt_span_until(&label, '{', &name);
	}
	if (!kt_span_word(&line, &word) || !take_whole(word, &value))
		return false;
	if (kt_span_skip(&name, "memory_"))
		put_meminfo(name, value, meminfo);
	else if (kt_span_skip(&name, "vmstat_"))
		kt_buf_printf(vmstat, "%.*s %lld\n", (int)name.n, name.p, (long long)value);
	else if (kt_span_skip(&name, "slabinfo_"))
		return put_cache(caches, name, label, value);
	else
		return false;
	return true;
}

bool kt_exporter_take(struct kt_span text, struct kt_buf *meminfo, struct kt_buf *vmstat,
	struct kt_buf *slabinfo, uint64_t *ret_nr_lines)
{
	struct caches caches = { 0 };
	struct kt_span line;

	*ret_nr_lines = 0;
	if (kt_span_find(text, "node_memory_") == text.n &&
		kt_span_find(text, "node_slabinfo_") == text.n)
		return false;
	while (kt_span_line(&text, &line)) {
		line = kt_span_trim(line);
		if (kt_span_starts(line, "# HELP ") || kt_span_starts(line, "# TYPE ") ||
			take_line(&caches, line, meminfo, vmstat))
			++*ret_nr_lines;
	}
	write_caches(&caches, slabinfo);
	meminfo->failed |= caches.arena.failed || caches.map.failed;
	kt_map_fini(&caches.map);
	kt_arena_fini(&caches.arena);
	return meminfo->size || vmstat->size || slabinfo->size || meminfo->failed ||
	       vmstat->failed || slabinfo->failed;
}
