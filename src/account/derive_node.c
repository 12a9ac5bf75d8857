// SPDX-License-Identifier: GPL-2.0-or-later
//
// Checks the files of NUMA nodes against the files of the machine, and derives a node's missing
// values from the machine's. A node has the pages of its zones and the counters that /proc/zoneinfo
// has below the node, so a file of another machine contradicts them.

#include "account/derive.h"

#include "account/row.h"
#include "base/kernel_files.h"

#include <stdlib.h>

#define MIB (1ll << 20)

typedef KT_LIST(const char *) kt_paths;

/* Pairs of a node file's counter and the counter that /proc/zoneinfo has for the node. */
static const struct {
	enum kt_metric file, zones;
} shared[] = {
	{ KT_SLAB_R, KT_SLAB_R },
	{ KT_SLAB_U, KT_SLAB_U },
	{ KT_PAGE_TABLES, KT_PAGE_TABLES },
	{ KT_MAPPED, KT_MAPPED },
	{ KT_SHMEM, KT_SHMEM_BASE },
	{ KT_ACTIVE_ANON, KT_ACTIVE_ANON },
	{ KT_INACTIVE_ANON, KT_INACTIVE_ANON },
	{ KT_ACTIVE_FILE, KT_ACTIVE_FILE },
	{ KT_INACTIVE_FILE, KT_INACTIVE_FILE },
	{ KT_UNEVICTABLE, KT_UNEVICTABLE },
	{ KT_FILE_PAGES, KT_FILE_PAGES },
};

/* Bytes by which two files differ in the counters that both files have. */
static int64_t distance(const struct kt_snapshot *snap, int node)
{
	int64_t sum = 0;

	for (size_t i = 0; i < KT_LEN(shared); i++) {
		struct kt_val file, other;

		if (node == KT_NO_NODE) {
			file = kt_snapshot_sum_rank(snap, shared[i].file, KT_RANK_NODE);
			other = kt_snapshot_get_rank(
				snap, shared[i].file, KT_NO_NODE, KT_RANK_MEMINFO);
		} else {
			file = kt_snapshot_get_rank(snap, shared[i].file, node, KT_RANK_NODE);
			other = kt_snapshot_get_rank(snap, shared[i].zones, node, KT_RANK_ZONEINFO);
		}
		file = kt_val_sub(file, other);
		if (kt_ok(file) && __builtin_add_overflow(sum, llabs(file.value), &sum))
			return INT64_MAX;
	}
	return sum;
}

/*
 * Whether the counters differ by more than load explains. A running machine gives all files within
 * milliseconds: there only load moves counters.
 */
static bool counters_disagree(const struct kt_snapshot *snap, int node, int64_t total)
{
	int64_t tolerance = 4 * MIB + 4 * kt_known_of(snap->drift_bytes, 0) + total / 256;

	return !snap->host.live && distance(snap, node) > 4 * tolerance;
}

static bool has_zones(const struct kt_snapshot *snap, int node)
{
	for (size_t i = 0; i < snap->zones.count; i++) {
		if (snap->zones.items[i].node == node)
			return true;
	}
	return false;
}

static bool is_near(struct kt_val val, int64_t bytes)
{
	return kt_ok(val) && llabs(val.value - bytes) <= MIB;
}

/*
 * Checks a node file against the zones of the node. A different total means another machine. With
 * the right total, counters that are far off are of another time, or of a machine of the same size.
 */
static void check_node(struct kt_snapshot *snap, int64_t total, const char *path, int node)
{
	struct kt_val zones = kt_snapshot_get_rank(snap, KT_ZONE_MANAGED, node, KT_RANK_FIRST);
	struct kt_val present = kt_snapshot_get_rank(snap, KT_PRESENT, node, KT_RANK_FIRST);
	const char *why;

	if (!kt_ok(zones) && (has_zones(snap, node) || total <= MIB))
		return;
	if (!is_near(zones, total) && !is_near(present, total)) {
		why = kt_arena_printf(&snap->arena,
			"%s (MemTotal %lld MiB) contradicts " KT_FILE_ZONEINFO " (%lld MiB)", path,
			(long long)(total / MIB), (long long)(zones.value / MIB));
		kt_snapshot_note(snap, "%s: the file is of another machine, and is left out", why);
		kt_derive_reject(snap, path, why);
	} else if (counters_disagree(snap, node, total)) {
		why = kt_arena_printf(&snap->arena, "%s contradicts " KT_FILE_ZONEINFO, path);
		kt_snapshot_note(snap,
			"%s: the file is of another machine or time; values computed from it are "
			"estimates",
			why);
		kt_derive_distrust(snap, path, why, false);
	}
}

/*
 * Without zones only the sum can be checked. The sum may exceed MemTotal by the memory reserved at
 * boot. Memory not yet initialised is in MemTotal and in MemFree, and in no node.
 */
static bool sum_agrees(const struct kt_snapshot *snap, int64_t nr_nodes)
{
	struct kt_val sum = kt_snapshot_sum_rank(snap, KT_MEM_TOTAL, KT_RANK_NODE);
	struct kt_val gap = kt_val_sub(
		kt_snapshot_get_rank(snap, KT_MEM_TOTAL, KT_NO_NODE, KT_RANK_MEMINFO), sum);
	struct kt_val free_gap =
		kt_val_sub(kt_snapshot_get_rank(snap, KT_MEM_FREE, KT_NO_NODE, KT_RANK_MEMINFO),
			kt_snapshot_sum_rank(snap, KT_MEM_FREE, KT_RANK_NODE));
	bool whole = nr_nodes == snap->host.nr_nodes;
	bool deferred = kt_ok(gap) && kt_ok(free_gap) && gap.value > 16 * MIB &&
			llabs(free_gap.value - gap.value) <= gap.value / 100 + 16 * MIB;

	if (!kt_ok(gap) || deferred)
		return true;
	if (gap.value < -(MIB + sum.value / 16) || (whole && gap.value > MIB))
		return false;
	return !whole || !counters_disagree(snap, KT_NO_NODE, sum.value);
}

/* MemTotal of a node is the managed pages of its zones, on old kernels the present pages. */
void kt_derive_node_trust(struct kt_snapshot *snap)
{
	bool by_zone =
		kt_ok(kt_snapshot_get(snap, KT_ZONE_MANAGED, KT_NO_NODE)) && !snap->zones_doubted;
	const char *why = "the files of the NUMA nodes contradict " KT_FILE_MEMINFO;
	kt_paths paths = { 0 };

	for (size_t i = 0; i < snap->entries.count; i++) {
		const struct kt_entry *entry = &snap->entries.items[i];
		struct kt_val total;
		const char **slot;

		if (entry->metric != KT_MEM_TOTAL || entry->node == KT_NO_NODE)
			continue;
		total = kt_snapshot_get_rank(snap, KT_MEM_TOTAL, entry->node, KT_RANK_NODE);
		if (!kt_ok(total) || total.entry != entry)
			continue;
		slot = by_zone ? NULL : kt_list_push(&snap->arena, &paths);
		if (by_zone)
			check_node(snap, total.value, entry->path, entry->node);
		else if (slot)
			*slot = entry->path;
	}
	if (!paths.count || sum_agrees(snap, (int64_t)paths.count))
		return;
	kt_snapshot_note(snap,
		"%s: one of them is of another machine or time; values computed for a node are "
		"estimates",
		why);
	for (size_t i = 0; i < paths.count; i++)
		kt_derive_distrust(snap, paths.items[i], i ? NULL : why, true);
}

/*
 * Some amounts are counted for the machine and not by node. Where the machine has none, each node
 * has none; otherwise the share of the node is unknown.
 */
void kt_derive_node_rest(struct kt_snapshot *snap, int node)
{
	for (size_t i = 0; i < (size_t)KT_ROW_COUNT * KT_ROW_TERMS; i++) {
		const struct kt_term *term = &kt_rows[i / KT_ROW_TERMS].terms[i % KT_ROW_TERMS];
		enum kt_metric metric = term->metric;
		struct kt_val here, all;

		if (!term->sign)
			continue;
		here = kt_snapshot_get(snap, metric, node);
		all = kt_snapshot_get(snap, metric, KT_NO_NODE);
		if (kt_ok(here) || here.none || !all.entry || all.entry->node != KT_NO_NODE)
			continue;
		if (all.none)
			kt_snapshot_none(snap, metric, node, all.reason);
		else if (kt_ok(all) && !all.value && all.quality == KT_EXACT)
			kt_snapshot_derive(
				snap, metric, node, 0, KT_EXACT, "the machine has none of it");
		else if (kt_ok(all) && here.state == KT_ABSENT)
			kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
						      .node = node,
						      .state = KT_UNSUPPORTED,
						      .rank = UINT8_MAX - 1,
						      .field = "the kernel does not count it by "
							       "node" });
	}
}
