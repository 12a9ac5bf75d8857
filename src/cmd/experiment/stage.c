// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/experiment/stage.h"

#include "analysis/slab.h"
#include "machine/machine.h"
#include "whatif/slab/slab_reclaim.h"
#include "whatif/whatif.h"

#include <stdlib.h>
#include <string.h>

#define FORECASTS 2

#define FILES                                                                     \
	&kt_source_host, &kt_source_meta, &kt_source_vmstat, &kt_source_zoneinfo, \
		&kt_source_meminfo, &kt_source_slabinfo

static const struct kt_needs needs_of_stage = { .only = KT_SOURCES(FILES, &kt_source_slab_names,
							&kt_source_slub, &kt_source_iomem) };
static const struct kt_needs needs_of_forecast = {
	.only = KT_SOURCES(FILES, &kt_source_slab_names, &kt_source_iomem, &kt_source_occupancy)
};

/* ---- caches ---- */

/* Dentries and inodes, by the names that file systems give to their caches. */
static bool is_of_files(const char *name)
{
	return strcmp(name, "dentry") == 0 || strstr(name, "inode") != NULL;
}

static void add_cache(struct kt_arena *arena, const struct kt_slab_use *use, struct kt_stage *stage)
{
	struct kt_stage_cache *slot = kt_list_push(arena, &stage->caches);
	const struct kt_cache *cache = use->cache;
	bool exact = use->memory && kt_known(use->memory->used_objs);

	if (!slot)
		return;
	*slot = (struct kt_stage_cache){ .name = kt_arena_name(arena, kt_span_str(cache->name)),
		.objects = exact ? use->memory->used_objs : cache->active_objs,
		.pages = KT_UNKNOWN,
		.bytes = use->held_bytes >= 0 ? use->held_bytes : KT_UNKNOWN,
		.files = is_of_files(cache->name) };
	if (kt_known(cache->nr_slabs) && kt_known(cache->pages_per_slab))
		slot->pages = cache->nr_slabs * cache->pages_per_slab;
	stage->exact |= exact;
	if (slot->files && kt_known(slot->bytes))
		stage->files_bytes += slot->bytes;
}

static int64_t known(struct kt_val val)
{
	return kt_ok(val) ? val.value : KT_UNKNOWN;
}

static void take(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct kt_slab_uses *uses, struct kt_stage *stage)
{
	stage->slab_bytes = uses->slab_bytes >= 0 ? uses->slab_bytes : uses->held_bytes;
	stage->in_use_bytes = uses->in_use_bytes;
	stage->waste_bytes = KT_UNKNOWN;
	if (uses->held_bytes >= 0 && uses->in_use_bytes >= 0 && stage->slab_bytes >= 0)
		stage->waste_bytes = stage->slab_bytes - uses->in_use_bytes;
	stage->total_bytes = known(kt_snapshot_get(snap, KT_MEM_TOTAL, KT_NO_NODE));
	stage->free_bytes = known(kt_snapshot_get(snap, KT_MEM_FREE, KT_NO_NODE));
	stage->available_bytes = known(kt_snapshot_get(snap, KT_MEM_AVAILABLE, KT_NO_NODE));
	for (size_t i = 0; i < uses->items.count; i++)
		add_cache(arena, &uses->items.items[i], stage);
}

struct kt_err *kt_stage_measure(const struct kt_machine_opts *opts, struct kt_arena *arena,
	const char *label, struct kt_stage *ret_stage)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	struct kt_err *err;

	*ret_stage = (struct kt_stage){ .label = label };
	err = kt_machine_read(opts, &machine, 0, &needs_of_stage);
	if (!err)
		err = kt_slab_analyse(machine.snap, &uses);
	if (!err)
		take(arena, machine.snap, &uses, ret_stage);
	return err;
}

const struct kt_stage_cache *kt_stage_find(const struct kt_stage *stage, const char *name)
{
	for (size_t i = 0; i < stage->caches.count; i++) {
		if (strcmp(stage->caches.items[i].name, name) == 0)
			return &stage->caches.items[i];
	}
	return NULL;
}

/* ---- forecasts ---- */

static struct kt_forecast_point *point_of(
	struct kt_arena *arena, struct kt_forecast *forecast, int64_t evicted)
{
	struct kt_forecast_point *slot;

	for (size_t i = 0; i < forecast->points.count; i++) {
		if (forecast->points.items[i].evicted == evicted)
			return &forecast->points.items[i];
	}
	slot = kt_list_push(arena, &forecast->points);
	if (slot)
		*slot = (struct kt_forecast_point){ .evicted = evicted };
	return slot;
}

static int by_evicted(const void *a, const void *b)
{
	const struct kt_forecast_point *x = a, *y = b;

	return (x->evicted > y->evicted) - (x->evicted < y->evicted);
}

/* Takes from the curve of the what-if the least and the most that some evictions give back. */
static void take_points(
	struct kt_arena *arena, const struct kt_whatif_result *result, struct kt_forecast *forecast)
{
	for (size_t i = 0; i < result->points.count; i++) {
		const struct kt_whatif_point *from = &result->points.items[i];
		bool low = strcmp(from->choice, KT_RECLAIM_RANDOM_LEAST) == 0;
		bool high = strcmp(from->choice, KT_RECLAIM_EMPTIEST) == 0;
		struct kt_forecast_point *point =
			low || high ? point_of(arena, forecast, from->count) : NULL;

		if (point && low)
			point->low_bytes = from->saves_bytes;
		if (point && high)
			point->high_bytes = from->saves_bytes;
	}
	for (size_t i = 0; i < result->inputs.count; i++) {
		if (strcmp(result->inputs.items[i].name, KT_RECLAIM_USED_OBJS) == 0)
			forecast->objects = result->inputs.items[i].count;
	}
	forecast->bytes = result->now_bytes;
	if (forecast->points.count)
		qsort(forecast->points.items, forecast->points.count,
			sizeof(*forecast->points.items), by_evicted);
}

static struct kt_err *forecast_cache(const struct kt_machine_opts *opts, struct kt_arena *arena,
	const char *cache, struct kt_stage *stage)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_forecast *slot = kt_list_push(arena, &stage->forecasts);
	struct kt_whatif_result result;
	struct kt_err *err = kt_machine_open(opts, &machine);

	if (err || !slot)
		return err;
	*slot = (struct kt_forecast){ .cache = cache, .objects = KT_UNKNOWN };
	machine.snap->asked_cache = kt_arena_name(&machine.snap->arena, kt_span_str(cache));
	err = kt_machine_collect(&machine, 0, &needs_of_forecast);
	if (err)
		return err;
	if (!kt_whatif_compute(kt_whatif_find("slab-reclaim"), arena, machine.snap, &result))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (result.state == KT_OK)
		take_points(arena, &result, slot);
	else
		slot->why = result.why ? result.why
				       : kt_arena_printf(arena, "%s",
						 kt_machine_why(&machine, &kt_source_occupancy));
	return NULL;
}

struct kt_err *kt_stage_forecast(
	const struct kt_machine_opts *opts, struct kt_arena *arena, struct kt_stage *stage)
{
	const struct kt_stage_cache *last = NULL;
	struct kt_err *err = NULL;

	for (unsigned n = 0; n < FORECASTS && !err; n++) {
		/* dentries, which each file system has, then the largest cache of inodes */
		const struct kt_stage_cache *largest = n ? NULL : kt_stage_find(stage, "dentry");

		for (size_t i = 0; (n || !largest) && i < stage->caches.count; i++) {
			const struct kt_stage_cache *cache = &stage->caches.items[i];

			if (cache->files && cache != last && kt_known(cache->bytes) &&
				(!largest || cache->bytes > largest->bytes))
				largest = cache;
		}
		if (!largest)
			return NULL;
		err = forecast_cache(opts, arena, largest->name, stage);
		last = largest;
	}
	return err;
}
