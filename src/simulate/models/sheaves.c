// SPDX-License-Identifier: GPL-2.0-or-later
//
// SLUB as it is with sheaves: each CPU has two arrays of free objects, and a node keeps full and
// empty ones in its barn. Follows __pcs_replace_empty_main(), __pcs_replace_full_main() and
// refill_objects() of mm/slub.c. Objects in sheaves keep their slabs in use.

#include "simulate/models/slub_node.h"

#include "base/attr.h"

#include <stdlib.h>

#define BARN_FULL_MAX 10u /* MAX_FULL_SHEAVES */

/* An array of slabs, one for each free object. */
struct sheaf {
	uint32_t nr_objs;
	struct sheaf *next; /* in the barn */
	uint32_t slabs[];
};

struct sheaf_cpu {
	struct sheaf *main, *spare, *rcu; /* NULL: none */
};

struct barn {
	struct sheaf *full, *empty;
	uint32_t nr_full, nr_empty;
};

struct kt_sim_model {
	struct slub_node node;
	struct sheaf_cpu *cpus; /* nr_cpus for each cache */
	struct barn *barns;	/* one for each cache */
	uint32_t nr_cpus;
	uint64_t nr_refills, nr_flushes;
};

static void free_list(struct sheaf *sheaf)
{
	while (sheaf) {
		struct sheaf *next = sheaf->next;

		free(sheaf);
		sheaf = next;
	}
}

static void sheaves_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	for (size_t i = 0; model->cpus && i < (size_t)model->node.nr_caches * model->nr_cpus; i++) {
		free(model->cpus[i].main);
		free(model->cpus[i].spare);
		free(model->cpus[i].rcu);
	}
	for (uint32_t i = 0; model->barns && i < model->node.nr_caches; i++) {
		free_list(model->barns[i].full);
		free_list(model->barns[i].empty);
	}
	slub_node_fini(&model->node);
	free(model->cpus);
	free(model->barns);
	free(model);
}

/* ---- the barn ---- */

static struct sheaf *take(struct sheaf **list, uint32_t *count)
{
	struct sheaf *sheaf = *list;

	if (sheaf) {
		*list = sheaf->next;
		(*count)--;
	}
	return sheaf;
}

static void put(struct sheaf **list, uint32_t *count, struct sheaf *sheaf)
{
	sheaf->next = *list;
	*list = sheaf;
	(*count)++;
}

static struct sheaf *new_sheaf(const struct slub_cache *cache)
{
	return calloc(1, sizeof(struct sheaf) + cache->sheaf_capacity * sizeof(uint32_t));
}

static struct sheaf *empty_sheaf(struct barn *barn, const struct slub_cache *cache)
{
	struct sheaf *sheaf = take(&barn->empty, &barn->nr_empty);

	return sheaf ? sheaf : new_sheaf(cache);
}

/* ---- objects between sheaves and slabs ---- */

/* Takes free objects of a slab that is on no list, and puts it where it belongs then. */
static void fill_from(
	struct kt_sim_model *model, struct sheaf *sheaf, uint32_t slab, uint32_t capacity)
{
	struct kt_sim_slab_record *record = &model->node.slabs.items[slab];

	while (record->nr_free && sheaf->nr_objs < capacity) {
		sheaf->slabs[sheaf->nr_objs++] = slab;
		record->nr_free--;
	}
	if (record->nr_free)
		slub_partial_add(&model->node, slab);
	else
		record->state = SLAB_FULL;
}

/* Fills a sheaf from partial slabs, then from new ones. False when out of memory. */
static bool refill(struct kt_sim_model *model, uint32_t cache, struct sheaf *sheaf)
{
	struct slub_node *node = &model->node;
	struct slub_cache *info = &node->caches[cache];

	model->nr_refills++;
	while (sheaf->nr_objs < info->sheaf_capacity) {
		uint32_t slab = info->partial.first;

		if (slab != KT_SIM_NONE)
			slub_partial_remove(node, slab);
		else
			slab = slub_slab_new(node, cache);
		if (slab == KT_SIM_NONE)
			return false;
		fill_from(model, sheaf, slab, info->sheaf_capacity);
	}
	return true;
}

static void free_object(struct kt_sim_model *model, uint32_t slab)
{
	struct slub_node *node = &model->node;
	struct kt_sim_slab_record *record = &node->slabs.items[slab];
	bool listed = record->state == SLAB_NODE;

	record->nr_free++;
	if (slub_is_spare(node, slab)) {
		if (listed)
			slub_partial_remove(node, slab);
		slub_slab_discard(node, slab);
	} else if (!listed) {
		slub_partial_add(node, slab);
	}
}

static void flush(struct kt_sim_model *model, struct sheaf *sheaf)
{
	model->nr_flushes++;
	while (sheaf->nr_objs)
		free_object(model, sheaf->slabs[--sheaf->nr_objs]);
}

/* ---- the start ---- */

/* The sheaf that a free object of the start is in. NULL: out of memory, or no sheaf has room. */
static struct sheaf *sheaf_at_start(struct kt_sim_model *model, const struct kt_events_sheaf *from,
	const struct kt_events_sheaf *before)
{
	const struct slub_cache *cache = &model->node.caches[from->cache];
	struct barn *barn = &model->barns[from->cache];
	struct sheaf_cpu *cpu = &model->cpus[(size_t)from->cache * model->nr_cpus];
	bool same = before && before->cache == from->cache && before->where == from->where &&
		    before->of == from->of;
	struct sheaf **at;

	if (from->where == KT_EVENTS_BARN) {
		struct sheaf *sheaf = same ? barn->full : new_sheaf(cache);

		if (!same && sheaf)
			put(&barn->full, &barn->nr_full, sheaf);
		return sheaf;
	}
	at = from->where == KT_EVENTS_MAIN    ? &cpu[from->of].main
	     : from->where == KT_EVENTS_SPARE ? &cpu[from->of].spare
					      : &cpu[from->of].rcu;
	if (!*at)
		*at = new_sheaf(cache);
	return *at;
}

/* The barn's first sheaf is last in the start's order reversed, as each is put first. */
static void reverse_barns(struct kt_sim_model *model)
{
	for (uint32_t i = 0; i < model->node.nr_caches; i++) {
		struct sheaf *list = model->barns[i].full, *next;

		model->barns[i].full = NULL;
		for (; list; list = next) {
			next = list->next;
			list->next = model->barns[i].full;
			model->barns[i].full = list;
		}
	}
}

/* False when out of memory. An object that no sheaf has room for stays in use for good. */
static bool start_sheaves(struct kt_sim_model *model, const struct kt_sim_start *start)
{
	for (size_t i = 0; i < start->nr_sheaves; i++) {
		const struct kt_events_sheaf *from = &start->sheaves[i];
		struct sheaf *sheaf =
			sheaf_at_start(model, from, i ? &start->sheaves[i - 1] : NULL);

		if (!sheaf)
			return false;
		if (sheaf->nr_objs < model->node.caches[from->cache].sheaf_capacity)
			sheaf->slabs[sheaf->nr_objs++] = from->slab;
	}
	reverse_barns(model);
	return true;
}

/* Slabs that a CPU had where CPUs have slabs, of a kernel of the other kind: partial ones here. */
static void settle_slabs(struct kt_sim_model *model, const struct kt_sim_start *start)
{
	struct slub_node *node = &model->node;

	for (uint32_t i = 0; i < start->nr_slabs; i++) {
		const struct kt_events_slab *from = &start->slabs[i];

		if (from->where != KT_EVENTS_CPU_SLAB && from->where != KT_EVENTS_CPU_PARTIAL)
			continue;
		node->slabs.items[i].nr_free += from->nr_ready;
		if (node->slabs.items[i].nr_free)
			slub_partial_add(node, i);
	}
}

static struct kt_sim_model *sheaves_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (!model || !slub_node_init(&model->node, stream)) {
		sheaves_close(model);
		return NULL;
	}
	model->nr_cpus = stream->machine.nr_cpus;
	model->cpus = calloc((size_t)model->node.nr_caches * model->nr_cpus, sizeof(*model->cpus));
	model->barns = calloc(model->node.nr_caches, sizeof(*model->barns));
	if (!model->cpus || !model->barns) {
		sheaves_close(model);
		return NULL;
	}
	if (!slub_node_start(&model->node, &stream->start) ||
		!start_sheaves(model, &stream->start)) {
		sheaves_close(model);
		return NULL;
	}
	settle_slabs(model, &stream->start);
	return model;
}

/* ---- the sheaves of a CPU ---- */

/* Gives the CPU a main sheaf with objects. */
static bool replace_empty(struct kt_sim_model *model, uint32_t cache, struct sheaf_cpu *cpu)
{
	struct slub_cache *info = &model->node.caches[cache];
	struct barn *barn = &model->barns[cache];
	struct sheaf *full;

	if (cpu->spare && cpu->spare->nr_objs) {
		full = cpu->spare;
		cpu->spare = cpu->main;
		cpu->main = full;
		return true;
	}
	full = take(&barn->full, &barn->nr_full);
	if (full) {
		if (cpu->main)
			put(&barn->empty, &barn->nr_empty, cpu->main);
		cpu->main = full;
		return true;
	}
	full = cpu->spare ? cpu->spare : empty_sheaf(barn, info);
	cpu->spare = cpu->main;
	cpu->main = full;
	return full && refill(model, cache, full);
}

/* Gives the CPU a main sheaf with room. */
static bool replace_full(struct kt_sim_model *model, uint32_t cache, struct sheaf_cpu *cpu)
{
	struct slub_cache *info = &model->node.caches[cache];
	struct barn *barn = &model->barns[cache];
	struct sheaf *full = cpu->main;

	if (!cpu->spare) {
		cpu->main = empty_sheaf(barn, info);
		cpu->spare = full;
		return cpu->main;
	}
	if (cpu->spare->nr_objs < info->sheaf_capacity) {
		cpu->main = cpu->spare;
		cpu->spare = full;
		return true;
	}
	if (barn->nr_full < BARN_FULL_MAX) {
		cpu->main = empty_sheaf(barn, info);
		put(&barn->full, &barn->nr_full, full);
		return cpu->main;
	}
	flush(model, cpu->spare);
	cpu->main = cpu->spare;
	cpu->spare = full;
	return true;
}

/* ---- events ---- */

/* Caches without sheaves: debugging, and the caches of SLUB itself. */
static bool alloc_without(struct kt_sim_model *model, uint32_t cache, uint32_t object)
{
	struct slub_node *node = &model->node;
	uint32_t slab = node->caches[cache].partial.first;

	if (slab == KT_SIM_NONE) {
		slab = slub_slab_new(node, cache);
		if (slab == KT_SIM_NONE)
			return false;
		slub_partial_add(node, slab);
	}
	if (!--node->slabs.items[slab].nr_free) {
		slub_partial_remove(node, slab);
		node->slabs.items[slab].state = SLAB_FULL;
	}
	return kt_sim_place(&node->places, object, slab);
}

static bool sheaves_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t cache = slub_cache_of(&model->node, event);
	struct sheaf_cpu *cpu;

	if (cache == KT_SIM_NONE)
		return slub_large_take(&model->node, event);
	if (!model->node.caches[cache].sheaf_capacity)
		return alloc_without(model, cache, event->object);
	cpu = &model->cpus[(size_t)cache * model->nr_cpus + event->cpu];
	if ((!cpu->main || !cpu->main->nr_objs) && !replace_empty(model, cache, cpu))
		return false;
	return kt_sim_place(
		&model->node.places, event->object, cpu->main->slabs[--cpu->main->nr_objs]);
}

/* Hands a full sheaf over after its grace period: the barn takes it, or its objects are freed. */
static void end_grace(struct kt_sim_model *model, uint32_t cache, struct sheaf *sheaf)
{
	struct barn *barn = &model->barns[cache];

	if (barn->nr_full < BARN_FULL_MAX) {
		put(&barn->full, &barn->nr_full, sheaf);
		return;
	}
	flush(model, sheaf);
	put(&barn->empty, &barn->nr_empty, sheaf);
}

/* kfree_rcu(): the CPU collects objects in a sheaf of their own. Grace periods take no time. */
static bool free_later(
	struct kt_sim_model *model, uint32_t cache, struct sheaf_cpu *cpu, uint32_t object)
{
	struct slub_cache *info = &model->node.caches[cache];

	/* a full one is only there at the start */
	if (cpu->rcu && cpu->rcu->nr_objs == info->sheaf_capacity) {
		end_grace(model, cache, cpu->rcu);
		cpu->rcu = NULL;
	}
	if (!cpu->rcu)
		cpu->rcu = empty_sheaf(&model->barns[cache], info);
	if (!cpu->rcu)
		return false;
	cpu->rcu->slabs[cpu->rcu->nr_objs++] = model->node.places.items[object];
	if (cpu->rcu->nr_objs == info->sheaf_capacity) {
		end_grace(model, cache, cpu->rcu);
		cpu->rcu = NULL;
	}
	return true;
}

static bool sheaves_old(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	return kt_sim_place(&model->node.places, event->object, event->bytes);
}

static bool sheaves_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct slub_node *node = &model->node;
	uint32_t cache = slub_cache_of(node, event);
	struct sheaf_cpu *cpu;

	if (cache == KT_SIM_NONE) {
		slub_large_give(node, event);
		return true;
	}
	if (!node->caches[cache].sheaf_capacity) {
		free_object(model, node->places.items[event->object]);
		return true;
	}
	cpu = &model->cpus[(size_t)cache * model->nr_cpus + event->cpu];
	if (event->later)
		return free_later(model, cache, cpu, event->object);
	if (!cpu->main)
		cpu->main = empty_sheaf(&model->barns[cache], &node->caches[cache]);
	if (!cpu->main)
		return false;
	if (cpu->main->nr_objs == node->caches[cache].sheaf_capacity &&
		!replace_full(model, cache, cpu))
		return false;
	cpu->main->slabs[cpu->main->nr_objs++] = node->places.items[event->object];
	return true;
}

static void sheaves_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	slub_node_measure(&model->node, ret, ret_pages);
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "sheaves filled", model->nr_refills };
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "sheaves emptied", model->nr_flushes };
}

/* ---- drawings ---- */

static bool sheaves_form(
	const struct kt_sim_model *model, uint32_t cache, struct kt_sim_slab_form *ret)
{
	return slub_form_of(&model->node, cache, ret);
}

static uint32_t sheaves_nr_slabs(const struct kt_sim_model *model)
{
	return model->node.slabs.count;
}

static uint32_t sheaves_slab_of(const struct kt_sim_model *model, uint32_t object)
{
	return object < model->node.places.room ? model->node.places.items[object] : KT_SIM_NONE;
}

static bool sheaves_look(
	const struct kt_sim_model *model, uint32_t slab, struct kt_sim_slab_view *ret)
{
	return kt_sim_slab_look(&model->node.slabs, slab, ret);
}

static void sheaves_count_away(
	const struct kt_sim_model *model, uint32_t cache, struct kt_sim_away *ret_by_slab)
{
	const struct sheaf_cpu *cpus = &model->cpus[(size_t)cache * model->nr_cpus];

	for (uint32_t i = 0; i < model->nr_cpus; i++) {
		const struct sheaf *const sheaves[] = { cpus[i].main, cpus[i].spare };

		for (size_t k = 0; k < KT_LEN(sheaves); k++) {
			for (uint32_t n = 0; sheaves[k] && n < sheaves[k]->nr_objs; n++)
				ret_by_slab[sheaves[k]->slabs[n]].nr_sheaf++;
		}
		for (uint32_t n = 0; cpus[i].rcu && n < cpus[i].rcu->nr_objs; n++)
			ret_by_slab[cpus[i].rcu->slabs[n]].nr_rcu++;
	}
	for (const struct sheaf *full = model->barns[cache].full; full; full = full->next) {
		for (uint32_t n = 0; n < full->nr_objs; n++)
			ret_by_slab[full->slabs[n]].nr_node++;
	}
}

const struct kt_sim_allocator kt_sim_sheaves = {
	.name = "sheaves",
	.title = "SLUB with sheaves",
	.by_cache = true,
	.by_blocks = true,
	.open = sheaves_open,
	.close = sheaves_close,
	.alloc = sheaves_alloc,
	.old = sheaves_old,
	.free = sheaves_free,
	.measure = sheaves_measure,
	.form = sheaves_form,
	.nr_slabs = sheaves_nr_slabs,
	.look = sheaves_look,
	.slab_of = sheaves_slab_of,
	.count_away = sheaves_count_away,
};
