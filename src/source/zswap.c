// SPDX-License-Identifier: GPL-2.0-or-later
//
// The allocator in which zswap keeps its compressed pages. zsmalloc has a counter of its own,
// which zram is in too; the pages of zbud and z3fold are in none. From Linux 6.18 on there is
// only zsmalloc, and nothing to choose.

#include "source/source.h"

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
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

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val pool = kt_snapshot_get(snap, KT_ZSWAP, KT_NO_NODE);

	return (want & KT_WANT_ALL) || (kt_ok(pool) && pool.value);
}

const struct kt_source kt_source_zswap = {
	.name = "zswap",
	.summary = "the allocator that zswap keeps compressed pages in",
	.paths = { "sys/module/zswap/parameters/zpool" },
	.cost = KT_COST_CHEAP,
	.lack = "beside zram, what zswap holds outside zsmalloc may be taken for part of it",
	.gives = "a mounted /sys and a kernel with a choice of allocators",
	.provides = { KT_ZSWAP_IN_ZSMALLOC },
	.nr_provides = 1,
	.unwanted = "zswap holds nothing",
	.wanted = wanted,
	.parse = parse,
};
