// SPDX-License-Identifier: GPL-2.0-or-later
//
// Decides which files belong together. /proc/meminfo, /proc/vmstat and /proc/zoneinfo have the same
// counters, so each file checks the other two. A file contradicts the other two if it was cut off,
// or is of another machine, a container or another page size; it is left out as a whole. Where two
// files contradict each other and no third file decides, neither is trusted: values computed from
// them are estimates.

#include "account/derive.h"

#include "base/kernel_files.h"

#include <stdlib.h>
#include <string.h>

#define MIB (1ll << 20)

enum file { MEMINFO, VMSTAT, ZONEINFO, NR_FILES };

static const char *const paths[NR_FILES] = { KT_FILE_MEMINFO, KT_FILE_VMSTAT, KT_FILE_ZONEINFO };

/* Each quantity as the three files name it. */
static const struct {
	enum kt_metric meminfo, counter;
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
	{ KT_METRIC_NONE, KT_NR_FREE }, /* MemFree includes memory that is not in a zone yet */
	{ KT_METRIC_NONE, KT_FILE_PAGES },
};

static struct kt_val of_machine(const struct kt_snapshot *snap, enum kt_metric metric)
{
	return kt_snapshot_get(snap, metric, KT_NO_NODE);
}

static struct kt_val value_in(const struct kt_snapshot *snap, enum file file, size_t index)
{
	enum kt_metric counter = shared[index].counter;

	if (file == VMSTAT)
		return kt_snapshot_get_rank(snap, counter, KT_NO_NODE, KT_RANK_VMSTAT);
	if (file == ZONEINFO && counter == KT_NR_FREE)
		return kt_snapshot_get_rank(snap, counter, KT_NO_NODE, KT_RANK_FIRST);
	if (file == ZONEINFO)
		return kt_snapshot_sum_rank(snap, counter, KT_RANK_ZONEINFO);
	if (shared[index].meminfo == KT_METRIC_NONE)
		return kt_val_lack(KT_ABSENT, "meminfo counts it differently");
	return kt_snapshot_get_rank(snap, shared[index].meminfo, KT_NO_NODE, KT_RANK_MEMINFO);
}

/* Bytes by which two files differ in the counters that both have; KT_UNKNOWN: too few in common. */
static int64_t distance(const struct kt_snapshot *snap, enum file a, enum file b)
{
	int64_t sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < KT_LEN(shared); i++) {
		struct kt_val gap = kt_val_sub(value_in(snap, a, i), value_in(snap, b, i));

		if (!kt_ok(gap))
			continue;
		count++;
		if (__builtin_add_overflow(sum, llabs(gap.value), &sum))
			return INT64_MAX;
	}
	return count >= 3 ? sum : KT_UNKNOWN;
}

static void degrade(struct kt_snapshot *snap, const char *why)
{
	const char **slot = kt_list_push(&snap->arena, &snap->degraded);

	if (slot)
		*slot = why;
}

void kt_derive_reject(struct kt_snapshot *snap, const char *path, const char *why)
{
	kt_snapshot_forget(snap, path, why);
	if (strcmp(path, paths[ZONEINFO]) == 0)
		snap->zones.count = 0;
	if (strcmp(path, paths[VMSTAT]) == 0)
		snap->drift_bytes = KT_UNKNOWN;
	degrade(snap, why);
}

static bool is_total(enum kt_metric metric)
{
	return metric == KT_PRESENT || metric == KT_ZONE_MANAGED || metric == KT_MEM_TOTAL;
}

void kt_derive_distrust(struct kt_snapshot *snap, const char *path, const char *why, bool totals)
{
	for (size_t i = 0; i < snap->entries.count; i++) {
		struct kt_entry *entry = &snap->entries.items[i];

		if (entry->path && strcmp(entry->path, path) == 0 &&
			(totals || !is_total(entry->metric)))
			entry->quality = KT_ESTIMATE;
	}
	if (strcmp(path, paths[ZONEINFO]) == 0)
		snap->zones_doubted = true;
	if (why)
		degrade(snap, why);
}

/* A container without a limit has the machine's total: then only the page cache shows it. */
static void note_foreign_meminfo(struct kt_snapshot *snap)
{
	struct kt_val total = of_machine(snap, KT_MEM_TOTAL),
		      zones = of_machine(snap, KT_ZONE_MANAGED);

	if (kt_ok(total) && kt_ok(zones) && llabs(total.value - zones.value) > MIB)
		kt_snapshot_note(snap,
			KT_FILE_MEMINFO
			" (MemTotal %lld MiB) is not of the machine of proc/zoneinfo (%lld MiB): a "
			"container's view, or another machine's; it is left out",
			(long long)(total.value / MIB), (long long)(zones.value / MIB));
	else
		kt_snapshot_note(snap,
			KT_FILE_MEMINFO " contradicts the other counters of memory: a container's "
					"view, or of another machine or time; it is left out");
}

static void leave_out(struct kt_snapshot *snap, enum file file)
{
	if (file == MEMINFO)
		note_foreign_meminfo(snap);
	else
		kt_snapshot_note(snap,
			"%s contradicts the other counters of memory: it is cut off, or of another "
			"machine or time; it is left out",
			paths[file]);
	kt_derive_reject(snap, paths[file],
		file == MEMINFO	 ? KT_FILE_MEMINFO " is not of this machine"
		: file == VMSTAT ? KT_FILE_VMSTAT " is not of this machine"
				 : KT_FILE_ZONEINFO " is incomplete, or not of this machine");
}

static void doubt(struct kt_snapshot *snap, enum file a, enum file b)
{
	const char *why = kt_arena_printf(
		&snap->arena, "%s and %s contradict each other", paths[a], paths[b]);

	kt_snapshot_note(snap,
		"%s: they are of different machines or times, or one is cut off; values computed "
		"from them are estimates",
		why);
	kt_derive_distrust(snap, paths[a], why, true);
	kt_derive_distrust(snap, paths[b], NULL, true);
}

/* The totals are this machine's, so only the counters may be of another time. */
static void doubt_one(struct kt_snapshot *snap, enum file file)
{
	const char *why = kt_arena_printf(
		&snap->arena, "%s contradicts the other counters of memory", paths[file]);

	kt_snapshot_note(
		snap, "%s: it is of another time; values computed from it are estimates", why);
	kt_derive_distrust(snap, paths[file], why, false);
}

/*
 * MemTotal is the sum of the managed pages plus memory not yet initialised, which MemFree has too.
 * Balloons and hotplug change MemTotal and the managed pages together.
 */
static bool totals_agree(const struct kt_snapshot *snap)
{
	struct kt_val gap =
		kt_val_sub(kt_snapshot_get_rank(snap, KT_MEM_TOTAL, KT_NO_NODE, KT_RANK_MEMINFO),
			of_machine(snap, KT_ZONE_MANAGED));
	struct kt_val free_gap = kt_val_sub(of_machine(snap, KT_MEM_FREE),
		kt_snapshot_get_rank(snap, KT_NR_FREE, KT_NO_NODE, KT_RANK_FIRST));

	if (!kt_ok(gap) || llabs(gap.value) <= MIB)
		return true;
	return gap.value > 16 * MIB && kt_ok(free_gap) &&
	       llabs(free_gap.value - gap.value) <= gap.value / 100 + 16 * MIB;
}

/* A container without a limit has the machine's MemTotal, but its own page cache. */
static bool foreign_cache(const struct kt_snapshot *snap)
{
	struct kt_val file = of_machine(snap, KT_FILE_PAGES), sum = of_machine(snap, KT_CACHED);

	sum = kt_val_add(sum, kt_val_or_some(of_machine(snap, KT_BUFFERS)));
	sum = kt_val_sub(kt_val_add(sum, kt_val_or_some(of_machine(snap, KT_SWAP_CACHED))), file);
	return kt_ok(sum) && llabs(sum.value) > 256 * MIB + file.value / 4;
}

/* lxcfs shows less memory than the machine has, or less cache. */
static bool looks_like_a_container(const struct kt_snapshot *snap)
{
	struct kt_val total = of_machine(snap, KT_MEM_TOTAL),
		      zones = of_machine(snap, KT_ZONE_MANAGED);

	return kt_ok(total) && kt_ok(zones) &&
	       (total.value < zones.value / 10 * 9 || foreign_cache(snap));
}

/* Whether `odd` is far from two other files that are near each other. */
static bool stands_apart(int64_t from_a, int64_t from_b, int64_t between, int64_t tolerance)
{
	return kt_known(from_a) && kt_known(from_b) && kt_known(between) && from_a > tolerance &&
	       from_b > tolerance && between <= from_a / 4 && between <= from_b / 4;
}

/*
 * Names in the log of another boot or machine are still useful, but its sizes become estimates.
 * Memory taken offline later is the only reason for fewer present pages.
 */
static void doubt_log(struct kt_snapshot *snap)
{
	struct kt_val log = of_machine(snap, KT_BOOT_PRESENT);
	struct kt_val more = kt_val_sub(log, of_machine(snap, KT_PRESENT));
	bool foreign = snap->log_foreign || (kt_ok(more) && more.value > 64 * MIB);

	if (!foreign || !snap->log_path)
		return;
	snap->log_foreign = true;
	snap->log_whole = false;
	kt_snapshot_note(snap, "%s is of another boot, kernel or machine: its values are estimates",
		snap->log_path);
	for (size_t i = 0; i < snap->entries.count; i++) {
		struct kt_entry *entry = &snap->entries.items[i];

		if (entry->path && strcmp(entry->path, snap->log_path) == 0)
			entry->quality = KT_ESTIMATE;
	}
}

void kt_derive_trust(struct kt_snapshot *snap)
{
	int64_t mv = distance(snap, MEMINFO, VMSTAT), mz = distance(snap, MEMINFO, ZONEINFO);
	int64_t vz = distance(snap, VMSTAT, ZONEINFO);
	struct kt_val total = of_machine(snap, KT_MEM_TOTAL);
	int64_t tolerance = 4 * MIB + 4 * kt_known_of(snap->drift_bytes, 0);
	bool agree = totals_agree(snap);

	if (kt_ok(total) && total.value / 256 > tolerance)
		tolerance = total.value / 256;
	if (looks_like_a_container(snap) ||
		(!agree && kt_known(vz) && vz <= tolerance && mv > 4 * vz))
		leave_out(snap, MEMINFO);
	else if (agree && stands_apart(mv, vz, mz, tolerance))
		leave_out(snap, VMSTAT);
	else if (!agree && kt_known(mv) && mv <= tolerance && kt_known(vz) && vz > 4 * mv)
		leave_out(snap, ZONEINFO);
	else if (stands_apart(mv, mz, vz, tolerance))
		doubt_one(snap, MEMINFO);
	else if (stands_apart(mz, vz, mv, tolerance))
		doubt_one(snap, ZONEINFO);
	else if (!agree)
		doubt(snap, MEMINFO, ZONEINFO);
	else if (kt_known(mv) && mv > 4 * tolerance)
		doubt(snap, MEMINFO, VMSTAT);
	else if (!kt_known(mv) && kt_known(vz) && vz > 4 * tolerance)
		doubt(snap, VMSTAT, ZONEINFO);
	doubt_log(snap);
}
