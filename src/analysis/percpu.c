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

/* One CPU's bytes for all CPUs; false where no machine has so much. */
static bool on_all(const struct kt_percpu_view *view, int64_t bytes, int64_t *ret_bytes)
{
	return is_sane(bytes) && !__builtin_mul_overflow(bytes, view->nr_cpus, ret_bytes) &&
	       is_sane(*ret_bytes);
}

/*
 * The CPUs that the account multiplied with: those of the first chunk's units that are
 * possible. Where no boot log tells the first chunk, the possible ones.
 */
static int64_t count_cpus(const struct kt_snapshot *snap)
{
	struct kt_val first = kt_snapshot_get(snap, KT_PERCPU_FIRST, KT_NO_NODE);
	struct kt_val unit = kt_snapshot_get(snap, KT_PERCPU_FIRST_UNIT, KT_NO_NODE);

	if (kt_ok(first) && kt_ok(unit) && unit.value > 0)
		return first.value / unit.value;
	return snap->host.nr_cpus_possible ? snap->host.nr_cpus_possible : snap->host.nr_cpus;
}

/* Free in the first chunk's dynamic part, and used in the later chunks, for one CPU. */
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

/* The first chunk by the allocator itself, where there is no boot log: in whole pages. */
static void guess_first(const struct kt_snapshot *snap, struct kt_percpu_view *view)
{
	const struct kt_percpu *percpu = &snap->percpu;
	int64_t page = snap->host.page_bytes, unit, first;

	if (view->first.known || !view->total.known || page <= 0 ||
		!is_sane(percpu->static_bytes + percpu->reserved_bytes + percpu->dynamic_bytes))
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

	if (!percpu->unit_bytes || !view->nr_cpus || !add_up_chunks(percpu, &free, &used) ||
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
 * Of the structs that every memory cgroup has for each CPU, the two large ones, the second
 * for each node: a lower bound, because the counts of other controllers come on top.
 */
static void estimate_cgroups(const struct kt_snapshot *snap, struct kt_percpu_view *view)
{
	const struct kt_cgroups *cgroups = &snap->cgroups;
	int64_t nr_nodes = snap->host.nr_nodes ? snap->host.nr_nodes : 1, each;

	view->nr_cgroups = view->nr_dying = view->cgroup_bytes = view->dying_bytes = -1;
	view->at_least = cgroups->nr_counted || !cgroups->counted_all;
	if (cgroups->nr_counted)
		view->nr_cgroups = cgroups->nr_counted;
	else if (is_sane(cgroups->nr_live) && is_sane(cgroups->nr_dying)) {
		view->nr_dying = cgroups->nr_dying;
		view->nr_cgroups = cgroups->nr_live + cgroups->nr_dying;
	}
	if (!snap->percpu.cgroup_bytes || nr_nodes > 1024)
		return;
	view->bytes_per_cgroup =
		snap->percpu.cgroup_bytes + nr_nodes * snap->percpu.cgroup_node_bytes;
	if (view->nr_cgroups < 0 || !on_all(view, view->bytes_per_cgroup, &each) ||
		__builtin_mul_overflow(each, view->nr_cgroups, &view->cgroup_bytes) ||
		!is_sane(view->cgroup_bytes)) {
		view->cgroup_bytes = -1;
		return;
	}
	if (view->nr_dying >= 0)
		view->dying_bytes = each * view->nr_dying;
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
