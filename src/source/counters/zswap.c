// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the allocator in which zswap keeps its compressed pages. zsmalloc has a counter, which
// includes zram; no counter has the pages of zbud and z3fold. Kernels that have only zsmalloc have
// no such setting.
//
// The size of the pool is a line of /proc/meminfo since f6498b776d28 (fs/proc/meminfo.c:
// meminfo_proc_show). Kernels without that line have it in debugfs only, in bytes (mm/zswap.c:
// zswap_debugfs_init, zswap_update_total_size).

#include "source/source.h"

#include <string.h>

#define POOL_SIZE "sys/kernel/debug/zswap/pool_total_size"

static struct kt_err *parse_size(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_span_trim(kt_text_span(text));
	uint64_t bytes;

	if (!kt_span_u64(rest, &bytes) || bytes > (uint64_t)KT_AMOUNT_MAX)
		return kt_err_new(KT_ERR_PARSE, "%s: not a number of bytes", text->path);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_ZSWAP,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .rank = KT_RANK_NODE,
				      .raw = (int64_t)bytes,
				      .path = text->path,
				      .field = "pool_total_size" });
	return NULL;
}

static struct kt_err *parse_name(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span name = kt_span_trim(kt_text_span(text));

	if (!name.n)
		return kt_err_new(KT_ERR_PARSE, "%s: no name of an allocator", text->path);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_ZSWAP_IN_ZSMALLOC,
				      .node = KT_NO_NODE,
				      .unit = KT_COUNT,
				      .raw = kt_span_eq(name, "zsmalloc"),
				      .path = text->path,
				      .field = "zpool" });
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	return strcmp(text->path, POOL_SIZE) == 0 ? parse_size(snap, text) : parse_name(snap, text);
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val pool = kt_snapshot_get(snap, KT_ZSWAP, KT_NO_NODE);

	return (want & KT_WANT_ALL) || !kt_ok(pool) || pool.value;
}

const struct kt_source kt_source_zswap = {
	.name = "zswap",
	.summary = "the compressed pool of zswap and the allocator it is in",
	.paths = { POOL_SIZE, "sys/module/zswap/parameters/zpool" },
	.cost = KT_COST_CHEAP,
	.lack = "pages that zswap holds outside zsmalloc are in unattributed, or are assumed to be "
		"in zsmalloc",
	.gives = "a mounted /sys; root and debugfs where /proc/meminfo has no Zswap",
	.provides = { KT_ZSWAP_IN_ZSMALLOC },
	.nr_provides = 1,
	.unwanted = "zswap holds nothing",
	.wanted = wanted,
	.parse = parse,
};
