// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /sys/devices/system/node/nodeN: the summary of one NUMA node and its huge page pools.

#include "source/counters/keyed.h"
#include "source/source.h"

#include <string.h>

#define NODES_MAX 1024u /* the kernel's limit: MAX_NUMNODES */

static bool node_of(const char *path, uint64_t *ret_node)
{
	struct kt_span rest = kt_span_str(path);

	return kt_span_skip(&rest, "sys/devices/system/node/node") &&
	       kt_span_take_u64(&rest, ret_node) && *ret_node < NODES_MAX;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_keys keys = kt_meminfo_keys;
	uint64_t node;

	if (!node_of(text->path, &node))
		return kt_err_new(KT_ERR_PARSE, "%s: not a node", text->path);
	if (strstr(text->path, "/hugepages/"))
		return kt_source_hugepages.parse(snap, text);
	keys.rank = KT_RANK_NODE;
	keys.node = (int)node;
	keys.skip = kt_arena_printf(&snap->arena, "Node %llu ", (unsigned long long)node);
	return kt_keyed_parse(snap, text, &keys);
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return (want & (KT_WANT_NODES | KT_WANT_ALL)) ||
	       !kt_ok(kt_snapshot_get(snap, KT_MEM_TOTAL, KT_NO_NODE));
}

const struct kt_source kt_source_node = {
	.name = "node",
	.summary = "the summary of each NUMA node",
	.paths = { "sys/devices/system/node/*/meminfo",
		"sys/devices/system/node/*/hugepages/*/nr_hugepages",
		"sys/devices/system/node/*/hugepages/*/free_hugepages",
		"sys/devices/system/node/*/hugepages/*/surplus_hugepages" },
	.still_paths = true,
	.cost = KT_COST_CHEAP,
	.lack = "--node shows less",
	.gives = "a mounted /sys",
	.unwanted = "only --node needs it",
	.wanted = wanted,
	.parse = parse,
};
