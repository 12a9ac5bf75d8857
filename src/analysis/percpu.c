// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/percpu.h"

static bool is_sane(int64_t value)
{
	return value >= 0 && value <= KT_AMOUNT_MAX;
}

static void put(struct kt_percpu_view *view, enum kt_percpu_part_id id, int64_t bytes)
{
	view->parts[id] = (struct kt_percpu_part){ true, bytes };
}

static struct kt_percpu_part part_of(struct kt_val val)
{
	return (struct kt_percpu_part){ kt_ok(val), val.value };
}

/* Multiplies one CPU's bytes by the number of CPUs; false if the result is impossibly large. */
static bool on_all(const struct kt_percpu_view *view, int64_t bytes, int64_t *ret_bytes)
{
	*ret_bytes = kt_known_times(bytes, view->nr_cpus);
	return kt_known(*ret_bytes);
}

/*
 * Number of CPUs that the account used: possible CPUs with a unit in the first chunk. Without a
 * boot log of the first chunk, all possible CPUs.
 */
static int64_t count_cpus(const struct kt_snapshot *snap)
{
	struct kt_val first = kt_snapshot_get(snap, KT_PERCPU_FIRST, KT_NO_NODE);
	struct kt_val unit = kt_snapshot_get(snap, KT_PERCPU_FIRST_UNIT, KT_NO_NODE);

	if (kt_ok(first) && kt_ok(unit) && unit.value > 0)
		return first.value / unit.value;
	return kt_known_of(snap->host.nr_cpus_possible, snap->host.nr_cpus);
}

/* Adds up bytes of one CPU: free in the first chunk's dynamic part, used in the later chunks. */
static bool add_up_chunks(const struct kt_percpu *percpu, int64_t *ret_free, int64_t *ret_used)
{
	bool any = false;

	*ret_free = *ret_used = 0;
	for (size_t i = 0; i < percpu->chunks.count; i++) {
		const struct kt_percpu_chunk *chunk = &percpu->chunks.items[i];

		if (chunk->reserved)
			continue;
		if (chunk->free_bytes < 0 || chunk->free_bytes > percpu->unit_bytes)
			return false;
		any = true;
		if (chunk->first)
			*ret_free += chunk->free_bytes;
		else if (__builtin_add_overflow(
				 *ret_used, percpu->unit_bytes - chunk->free_bytes, ret_used))
			return false;
	}
	return any;
}

/*
 * Estimates the first chunk from the allocator's statistics, in complete pages, if no boot log has
 * it.
 */
static void guess_first(const struct kt_snapshot *snap, struct kt_percpu_view *view)
{
	const struct kt_percpu *percpu = &snap->percpu;
	int64_t page = snap->host.page_bytes, unit, first;

	if (view->first.known || !view->total.known || page <= 0 ||
		!is_sane(percpu->static_bytes) || !is_sane(percpu->reserved_bytes) ||
		!is_sane(percpu->dynamic_bytes))
		return;
	unit = percpu->static_bytes + percpu->reserved_bytes + percpu->dynamic_bytes;
	unit = (unit + page - 1) / page * page;
	if (!on_all(view, unit, &first) || first > view->total.bytes)
		return;
	view->first = (struct kt_percpu_part){ true, first };
	view->later = (struct kt_percpu_part){ true, view->total.bytes - first };
}

static void split(const struct kt_snapshot *snap, struct kt_percpu_view *view)
{
	const struct kt_percpu *percpu = &snap->percpu;
	int64_t fixed, modules, dynamic, free, used;

	if (!kt_known(percpu->unit_bytes) || !add_up_chunks(percpu, &free, &used) ||
		!on_all(view, percpu->static_bytes, &fixed) ||
		!on_all(view, percpu->reserved_bytes, &modules) ||
		!on_all(view, percpu->dynamic_bytes, &dynamic) || !on_all(view, free, &free) ||
		!on_all(view, used, &used))
		return;
	guess_first(snap, view);
	if (!view->first.known || !view->later.known)
		return;
	view->split = true;
	put(view, KT_PERCPU_STATIC, fixed);
	put(view, KT_PERCPU_MODULES, modules);
	put(view, KT_PERCPU_FIRST_USED, dynamic - free);
	put(view, KT_PERCPU_FIRST_FREE, free);
	put(view, KT_PERCPU_FIRST_REST, view->first.bytes - fixed - modules - dynamic);
	put(view, KT_PERCPU_LATER_USED, used);
	put(view, KT_PERCPU_LATER_FREE, view->later.bytes - used);
}

/*
 * Estimates the per-CPU memory of memory cgroups from the two largest structs that each has for
 * each CPU (the second also for each node). It is a lower bound, because counters of other
 * controllers are added.
 */
static void estimate_cgroups(const struct kt_snapshot *snap, struct kt_percpu_view *view)
{
	const struct kt_cgroups *cgroups = &snap->cgroups;
	const struct kt_percpu *percpu = &snap->percpu;
	int64_t nr_nodes = kt_known_of(snap->host.nr_nodes, 1), each;

	view->nr_cgroups = view->nr_dying = KT_UNKNOWN;
	view->cgroup_bytes = view->dying_bytes = view->bytes_per_cgroup = KT_UNKNOWN;
	view->at_least = kt_known(cgroups->nr_counted) || !cgroups->counted_all ||
			 !kt_known(percpu->cgroup_node_bytes);
	if (kt_known(cgroups->nr_counted))
		view->nr_cgroups = cgroups->nr_counted;
	else if (is_sane(cgroups->nr_live) && is_sane(cgroups->nr_dying)) {
		view->nr_dying = cgroups->nr_dying;
		view->nr_cgroups = cgroups->nr_live + cgroups->nr_dying;
	}
	if (!kt_known(snap->percpu.cgroup_bytes) || nr_nodes > 1024)
		return;
	view->bytes_per_cgroup = percpu->cgroup_bytes * (percpu->cgroup_twice ? 2 : 1) +
				 nr_nodes * kt_known_of(percpu->cgroup_node_bytes, 0) *
					 (percpu->cgroup_node_twice ? 2 : 1);
	if (view->nr_cgroups < 0 || !on_all(view, view->bytes_per_cgroup, &each))
		return;
	view->cgroup_bytes = kt_known_times(each, view->nr_cgroups);
	view->dying_bytes = kt_known_times(each, view->nr_dying);
}

void kt_percpu_view(const struct kt_snapshot *snap, struct kt_percpu_view *ret_view)
{
	struct kt_val first = kt_snapshot_get(snap, KT_PERCPU_FIRST, KT_NO_NODE);
	struct kt_val later = kt_snapshot_get(snap, KT_PERCPU_DYNAMIC, KT_NO_NODE);

	*ret_view = (struct kt_percpu_view){ .nr_cpus = count_cpus(snap) };
	ret_view->total = part_of(later);
	if (kt_ok(first)) {
		ret_view->first = part_of(first);
		ret_view->later = part_of(later);
		ret_view->total.bytes += first.value;
	}
	split(snap, ret_view);
	if (!ret_view->split && ret_view->total.known) {
		if (ret_view->first.known)
			put(ret_view, KT_PERCPU_FIRST_REST, ret_view->first.bytes);
		put(ret_view, KT_PERCPU_LATER_FREE, ret_view->total.bytes - ret_view->first.bytes);
	}
	estimate_cgroups(snap, ret_view);
}
