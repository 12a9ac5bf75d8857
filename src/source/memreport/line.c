// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parsers for single lines, without state, so that each can be tested and fuzzed alone. Spans that
// they return point into the line. A line that does not fit exactly is not recognized: a console
// mixes lines, and half a match would be a wrong number.

#include "source/memreport/line.h"

#include "base/attr.h"

#include <string.h>

#define NODE_MAX  1024u
#define PAGES_MAX (KT_AMOUNT_MAX / 4096)
#define KB_MAX	  (KT_AMOUNT_MAX / 1024)

#define KEY(name, metric)         \
	{                         \
		name, KT_##metric \
	}
#define IGNORE(name)                 \
	{                            \
		name, KT_METRIC_NONE \
	}

const struct kt_memline_key kt_memline_heads[KT_MEMLINE_HEADS] = {
	KEY("active_anon", ACTIVE_ANON),
	KEY("inactive_anon", INACTIVE_ANON),
	KEY("isolated_anon", ISOLATED_ANON),
	KEY("active_file", ACTIVE_FILE),
	KEY("inactive_file", INACTIVE_FILE),
	KEY("isolated_file", ISOLATED_FILE),
	KEY("unevictable", UNEVICTABLE),
	KEY("dirty", DIRTY),
	KEY("writeback", WRITEBACK),
	KEY("unstable", NFS_UNSTABLE),
	KEY("slab_reclaimable", SLAB_R),
	KEY("slab_unreclaimable", SLAB_U),
	KEY("mapped", MAPPED),
	KEY("shmem", SHMEM),
	KEY("pagetables", PAGE_TABLES),
	KEY("sec_pagetables", SEC_PAGE_TABLES),
	KEY("bounce", BOUNCE),
	KEY("kernel_misc_reclaimable", MISC_RECLAIMABLE),
	KEY("zspages", ZSPAGES),
	KEY("free", NR_FREE),
	KEY("free_pcp", PCP),
	KEY("free_cma", CMA_FREE),
	IGNORE("buffer"),
	/* until Linux 2.6.28 (commit 4f98a2fee8ac), which splits the LRU lists */
	KEY("Active", LRU_ACTIVE),
	KEY("inactive", LRU_INACTIVE),
	KEY("slab", SLAB),
};

/* isolated(anon) is a node's name for isolated_anon */
const struct kt_memline_key kt_memline_keys[KT_MEMLINE_KEYS] = {
	[KT_ZKEY_FREE] = KEY("free", NR_FREE),
	[KT_ZKEY_MIN] = IGNORE("min"),
	[KT_ZKEY_LOW] = IGNORE("low"),
	[KT_ZKEY_HIGH] = IGNORE("high"),
	[KT_ZKEY_BOOST] = IGNORE("boost"),
	[KT_ZKEY_PRESENT] = IGNORE("present"),
	[KT_ZKEY_MANAGED] = IGNORE("managed"),
	[KT_ZKEY_RESERVED_ATOMIC] = IGNORE("reserved_highatomic"),
	[KT_ZKEY_FREE_ATOMIC] = IGNORE("free_highatomic"),
	[KT_ZKEY_PCP] = KEY("free_pcp", PCP),
	[KT_ZKEY_CMA] = KEY("free_cma", CMA_FREE),
	KEY("active_anon", ACTIVE_ANON),
	KEY("inactive_anon", INACTIVE_ANON),
	KEY("active_file", ACTIVE_FILE),
	KEY("inactive_file", INACTIVE_FILE),
	KEY("unevictable", UNEVICTABLE),
	KEY("isolated(anon)", ISOLATED_ANON),
	KEY("isolated(file)", ISOLATED_FILE),
	KEY("mlocked", MLOCKED),
	KEY("dirty", DIRTY),
	KEY("writeback", WRITEBACK),
	KEY("mapped", MAPPED),
	KEY("shmem", SHMEM),
	KEY("shmem_thp", SHMEM_HUGE),
	KEY("file_thp", FILE_HUGE),
	KEY("anon_thp", ANON_HUGE),
	KEY("slab_reclaimable", SLAB_R),
	KEY("slab_unreclaimable", SLAB_U),
	KEY("kernel_stack", KERNEL_STACK),
	KEY("shadow_call_stack", SHADOW_STACK),
	KEY("pagetables", PAGE_TABLES),
	KEY("sec_pagetables", SEC_PAGE_TABLES),
	KEY("unstable", NFS_UNSTABLE),
	KEY("bounce", BOUNCE),
	KEY("writeback_tmp", WRITEBACK_TMP),
	KEY("zspages", ZSPAGES),
	KEY("Balloon", BALLOON),
	KEY("gpu_active", GPU_ACTIVE),
	KEY("gpu_reclaim", GPU_RECLAIM),
	IGNORE("promo"),
	IGNORE("writepending"),
	IGNORE("local_pcp"),
	IGNORE("shmem_pmdmapped"),
	IGNORE("file_pmdmapped"),
	IGNORE("pages_scanned"),
};

/* The tables are short and a report has few lines, so a linear search is enough. */
static int find_key(const struct kt_memline_key *keys, int count, struct kt_span name)
{
	for (int i = 0; i < count && keys[i].name; i++) {
		if (kt_span_eq(name, keys[i].name))
			return i;
	}
	return -1;
}

int kt_memline_head(struct kt_span name)
{
	return find_key(kt_memline_heads, KT_MEMLINE_HEADS, name);
}

int kt_memline_key(struct kt_span name)
{
	return find_key(kt_memline_keys, KT_MEMLINE_KEYS, name);
}

/*
 * Takes an amount. A counter below zero is printed as a number near 2^64, so it is impossible too.
 */
static int64_t take_amount(struct kt_span *rest, int64_t max)
{
	uint64_t value;

	return kt_span_take_u64(rest, &value) && value <= (uint64_t)max ? (int64_t)value : -1;
}

/*
 * Accepts a blank between name and number, as older lines have it. A number with any other unit is
 * returned as -1, so that its name is known and its value is missing.
 */
bool kt_memline_pair(struct kt_span *rest, struct kt_memline_pair *ret_pair)
{
	struct kt_span word, value;
	size_t at;

	while (kt_span_word(rest, &word)) {
		at = kt_span_find(word, ":");
		if (at == word.n || !at)
			continue;
		value = kt_span_from(word, at + 1);
		if (!value.n && !kt_span_word(rest, &value))
			return false;
		*ret_pair = (struct kt_memline_pair){ .name = { word.p, at } };
		ret_pair->value = take_amount(&value, KB_MAX);
		ret_pair->kb = kt_span_eq(value, "kB") || kt_span_eq(value, "KB");
		if (value.n && !ret_pair->kb)
			ret_pair->value = -1;
		return true;
	}
	return false;
}

bool kt_memline_node(struct kt_span *rest, int *ret_node)
{
	struct kt_span text = *rest;
	uint64_t node;

	if (!kt_span_skip(&text, "Node ") || !kt_span_take_u64(&text, &node) || node >= NODE_MAX ||
		(text.n && text.p[0] != ' '))
		return false;
	*ret_node = (int)node;
	*rest = kt_span_trim(text);
	return true;
}

/*
 * Zones are a closed list, and the longer name comes first: "DMA" begins "DMA32". The returned text
 * is static.
 */
const char *kt_memline_zone(struct kt_span *rest)
{
	static const char *const names[] = { "DMA32", "DMA", "Normal", "HighMem", "Movable",
		"Device" };

	for (size_t i = 0; i < KT_LEN(names); i++) {
		struct kt_span text = *rest;

		if (!kt_span_skip(&text, names[i]) ||
			(text.n && text.p[0] != ' ' && text.p[0] != ':'))
			continue;
		*rest = text;
		return names[i];
	}
	return NULL;
}

/*
 * Whether an ordinary request may use blocks of these types, letters of show_migration_types(). H
 * is kept for atomic requests, C for movable requests, I is being isolated. All other types lend
 * blocks to each other.
 */
static bool is_usable(struct kt_span types)
{
	for (size_t i = 0; i < types.n; i++) {
		if (strchr("UMER", types.p[i]))
			return true;
	}
	return false;
}

enum kt_memline_token kt_memline_list(struct kt_span *rest, struct kt_memline_list *ret_list)
{
	struct kt_span word, text = *rest;
	bool total;

	if (!kt_span_word(&text, &word))
		return KT_TOKEN_NONE;
	*ret_list = (struct kt_memline_list){ 0 };
	if (kt_span_starts(word, "(") && kt_span_ends(word, ")")) {
		ret_list->usable = is_usable(word);
		*rest = text;
		return KT_TOKEN_TYPES;
	}
	total = kt_span_eq(word, "=");
	if (total && !kt_span_word(&text, &word))
		return KT_TOKEN_NONE;
	if (!total) {
		ret_list->blocks = take_amount(&word, PAGES_MAX);
		if (ret_list->blocks < 0 || !kt_span_skip(&word, "*"))
			return KT_TOKEN_NONE;
	}
	ret_list->kb = take_amount(&word, KB_MAX);
	if (ret_list->kb < 0 || !kt_span_eq(word, "kB"))
		return KT_TOKEN_NONE;
	*rest = text;
	return total ? KT_TOKEN_TOTAL : KT_TOKEN_BLOCKS;
}

static bool take_pool_value(struct kt_span *rest, const char *name, int64_t *ret_value)
{
	*rest = kt_span_trim(*rest);
	if (!kt_span_skip(rest, name))
		return false;
	*ret_value = take_amount(rest, PAGES_MAX);
	return *ret_value >= 0;
}

/*
 * All four counters are required, since a pool without its page size cannot be converted to bytes.
 */
bool kt_memline_pool(struct kt_span line, struct kt_memline_pool *ret_pool)
{
	struct kt_memline_pool pool = { 0 };

	kt_memline_node(&line, &pool.node);
	if (!take_pool_value(&line, "hugepages_total=", &pool.total) ||
		!take_pool_value(&line, "hugepages_free=", &pool.free) ||
		!take_pool_value(&line, "hugepages_surp=", &pool.surplus) ||
		!take_pool_value(&line, "hugepages_size=", &pool.size_kb) ||
		!kt_span_eq(line, "kB"))
		return false;
	*ret_pool = pool;
	return true;
}

/* Names of zones. The second names are used by 32-bit ARM before 4.1. */
static const struct {
	const char *name;
	enum kt_memline_sum sum;
} sums[] = {
	{ "total pagecache pages", KT_SUM_CACHE },
	{ "pages in swap cache", KT_SUM_SWAP },
	{ "pages RAM", KT_SUM_RAM },
	{ "pages HighMem/MovableOnly", KT_SUM_MOVABLE },
	{ "pages reserved", KT_SUM_RESERVED },
	{ "pages cma reserved", KT_SUM_CMA },
	{ "pages hwpoisoned", KT_SUM_POISON },
	{ "pages of RAM", KT_SUM_RAM },
	{ "reserved pages", KT_SUM_RESERVED },
};

const char *kt_memline_sum_name(enum kt_memline_sum sum)
{
	for (size_t i = 0; i < KT_LEN(sums); i++) {
		if (sums[i].sum == sum)
			return sums[i].name;
	}
	return "?";
}

/* Only a whole line counts: these words also occur in other messages. */
enum kt_memline_sum kt_memline_sum(struct kt_span line, int64_t *ret_pages)
{
	struct kt_span number;

	if (!kt_span_word(&line, &number) || number.p[0] < '0' || number.p[0] > '9')
		return KT_SUM_COUNT;
	line = kt_span_trim(line);
	for (size_t i = 0; i < KT_LEN(sums); i++) {
		if (!kt_span_eq(line, sums[i].name))
			continue;
		*ret_pages = take_amount(&number, PAGES_MAX);
		if (number.n)
			*ret_pages = -1;
		return sums[i].sum;
	}
	return KT_SUM_COUNT;
}
