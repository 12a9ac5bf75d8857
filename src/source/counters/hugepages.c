// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads huge page pools of every size, for the machine and per node. /proc/meminfo splits only the
// default size into used and free.

#include "source/source.h"

#define POOLS_MAX 4096u /* pools: sizes times nodes */

/* Parses "…/hugepages-2048kB/nr_hugepages", below node12 or not, into node, size and field. */
static bool parse_path(
	const char *path, int *ret_node, int64_t *ret_page_bytes, struct kt_span *ret_field)
{
	struct kt_span rest = kt_span_str(path), part;
	uint64_t node = 0, size_kb = 0;
	bool has_node = false;

	while (kt_span_until(&rest, '/', &part)) {
		if (kt_span_skip(&part, "node") && part.n) {
			has_node = kt_span_u64(part, &node);
			continue;
		}
		if (kt_span_skip(&part, "hugepages-") && kt_span_ends(part, "kB")) {
			part.n -= 2;
			if (!kt_span_u64(part, &size_kb))
				return false;
		}
	}
	if (!size_kb || size_kb > 1ull << 40 || node >= 1024)
		return false;
	*ret_node = has_node ? (int)node : KT_NO_NODE;
	*ret_page_bytes = (int64_t)size_kb * 1024;
	*ret_field = rest;
	return true;
}

static struct kt_hugepool *pool_for(struct kt_snapshot *snap, int node, int64_t page_bytes)
{
	struct kt_hugepool *pool;

	for (size_t i = 0; i < snap->hugepools.count; i++) {
		pool = &snap->hugepools.items[i];
		if (pool->node == node && pool->page_bytes == page_bytes)
			return pool;
	}
	pool = snap->hugepools.count < POOLS_MAX ? kt_list_push(&snap->arena, &snap->hugepools)
						 : NULL;
	if (pool)
		*pool = kt_hugepool_unknown(node, page_bytes);
	return pool;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_hugepool *pool;
	struct kt_span field;
	int64_t page_bytes, value, total;
	int node;

	if (!parse_path(text->path, &node, &page_bytes, &field))
		return NULL;
	if (!kt_span_i64(kt_span_trim(kt_text_span(text)), &value) || value < 0 ||
		__builtin_mul_overflow(value, page_bytes, &total))
		return kt_err_new(KT_ERR_PARSE, "%s: not a number of pages", text->path);
	pool = pool_for(snap, node, page_bytes);
	if (!pool)
		return NULL;
	if (kt_span_eq(field, "nr_hugepages"))
		pool->total = value;
	else if (kt_span_eq(field, "free_hugepages"))
		pool->free = value;
	else if (kt_span_eq(field, "resv_hugepages"))
		pool->reserved = value;
	else if (kt_span_eq(field, "surplus_hugepages"))
		pool->surplus = value;
	return NULL;
}

const struct kt_source kt_source_hugepages = {
	.name = "hugepages",
	.summary = "huge page pools of every size, used and free",
	.paths = { "sys/kernel/mm/hugepages/*/nr_hugepages",
		"sys/kernel/mm/hugepages/*/free_hugepages",
		"sys/kernel/mm/hugepages/*/resv_hugepages",
		"sys/kernel/mm/hugepages/*/surplus_hugepages" },
	/* hugetlb_init() in mm/hugetlb.c makes the directories at boot, one a page size */
	.still_paths = true,
	.cost = KT_COST_CHEAP,
	.lack = "only the default size of huge pages is split into used and free",
	.gives = "a mounted /sys and CONFIG_HUGETLBFS",
	.parse = parse,
};
