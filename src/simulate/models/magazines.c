// SPDX-License-Identifier: GPL-2.0-or-later
//
// The slab allocator with magazines (Bonwick and Adams 2001): each CPU has a loaded and a previous
// magazine, a depot for each cache exchanges full and empty ones. Magazines keep their first size.

#include "simulate/models/slab_layer.h"

#include <stdlib.h>

/* An array of slabs, one for each free object. The magazine itself is an object of a slab. */
struct magazine {
	uint32_t nr_rounds;
	uint32_t own_slab;
	struct magazine *next; /* in the depot */
	uint32_t slabs[];
};

struct pile {
	struct magazine *first;
	uint32_t count, least; /* least: since memory was short */
};

struct cache_magazines {
	uint32_t most; /* rounds */
	uint32_t from; /* cache of the magazines themselves */
	struct pile full, empty;
};

struct cpu_magazines {
	struct magazine *loaded, *previous; /* NULL: none */
};

struct kt_sim_model {
	struct slab_layer layer;
	struct kt_sim_places places;	/* slabs by object */
	struct cache_magazines *caches; /* of the layer's */
	struct cpu_magazines *cpus;	/* nr_cpus for each cache */
	uint32_t nr_cpus;
	uint64_t nr_exchanges;
};

/* The smaller the objects, the more rounds: kmem_magtype[]. */
static const struct {
	uint32_t above_bytes, rounds;
} kinds[LAYER_MAGAZINES] = { { 3200, 1 }, { 256, 3 }, { 64, 7 }, { 0, 15 } };

static void free_pile(struct pile *pile)
{
	while (pile->first) {
		struct magazine *next = pile->first->next;

		free(pile->first);
		pile->first = next;
	}
}

static void magazines_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	for (uint32_t i = 0; model->caches && i < model->layer.nr_caches; i++) {
		free_pile(&model->caches[i].full);
		free_pile(&model->caches[i].empty);
	}
	for (size_t i = 0; model->cpus && i < (size_t)model->layer.nr_caches * model->nr_cpus;
		i++) {
		free(model->cpus[i].loaded);
		free(model->cpus[i].previous);
	}
	layer_fini(&model->layer);
	free(model->places.items);
	free(model->caches);
	free(model->cpus);
	free(model);
}

static void choose_rounds(struct kt_sim_model *model, uint32_t cache)
{
	uint32_t kind = 0;

	while (model->layer.caches[cache].chunk_bytes <= kinds[kind].above_bytes)
		kind++;
	model->caches[cache].most = kinds[kind].rounds;
	model->caches[cache].from = layer_magazine_cache(&model->layer, kind, kinds[kind].rounds);
}

static struct kt_sim_model *magazines_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));
	uint32_t nr_caches;

	if (!model || !layer_init(&model->layer, stream)) {
		magazines_close(model);
		return NULL;
	}
	model->layer.eager = true;
	nr_caches = model->layer.nr_caches;
	model->nr_cpus = stream->machine.nr_cpus;
	model->caches = calloc(nr_caches, sizeof(*model->caches));
	model->cpus = calloc((size_t)nr_caches * model->nr_cpus, sizeof(*model->cpus));
	if (!model->caches || !model->cpus) {
		magazines_close(model);
		return NULL;
	}
	for (uint32_t i = 0; i < nr_caches - LAYER_MAGAZINES; i++)
		choose_rounds(model, i);
	return model;
}

/* ---- the depot ---- */

static struct magazine *take(struct pile *pile)
{
	struct magazine *magazine = pile->first;

	if (!magazine)
		return NULL;
	pile->first = magazine->next;
	pile->count--;
	if (pile->count < pile->least)
		pile->least = pile->count;
	return magazine;
}

static void put(struct pile *pile, struct magazine *magazine)
{
	if (!magazine)
		return;
	magazine->next = pile->first;
	pile->first = magazine;
	pile->count++;
}

static struct magazine *new_magazine(
	struct kt_sim_model *model, const struct cache_magazines *cache)
{
	struct magazine *magazine =
		calloc(1, sizeof(*magazine) + cache->most * sizeof(magazine->slabs[0]));

	if (!magazine)
		return NULL;
	magazine->own_slab = layer_take(&model->layer, cache->from);
	if (magazine->own_slab != KT_SIM_NONE)
		return magazine;
	free(magazine);
	return NULL;
}

static void destroy(struct kt_sim_model *model, struct magazine *magazine)
{
	while (magazine->nr_rounds)
		layer_give(&model->layer, magazine->slabs[--magazine->nr_rounds]);
	layer_give(&model->layer, magazine->own_slab);
	free(magazine);
}

/* ---- events ---- */

/* Makes the loaded magazine one with rounds. False: the depot has none. */
static bool load_full(
	struct kt_sim_model *model, struct cache_magazines *cache, struct cpu_magazines *cpu)
{
	struct magazine *full = cpu->previous;

	if (!full || !full->nr_rounds) {
		full = take(&cache->full);
		if (!full)
			return false;
		put(&cache->empty, cpu->previous);
		model->nr_exchanges++;
	}
	cpu->previous = cpu->loaded;
	cpu->loaded = full;
	return true;
}

/* Makes the loaded magazine an empty one. False when out of memory. */
static bool load_empty(
	struct kt_sim_model *model, struct cache_magazines *cache, struct cpu_magazines *cpu)
{
	struct magazine *empty = cpu->previous;

	if (!empty || empty->nr_rounds) {
		empty = take(&cache->empty);
		if (!empty)
			empty = new_magazine(model, cache);
		if (!empty)
			return false;
		put(&cache->full, cpu->previous);
		model->nr_exchanges++;
	}
	cpu->previous = cpu->loaded;
	cpu->loaded = empty;
	return true;
}

static bool magazines_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t cache = layer_cache_of(&model->layer, event), slab;
	struct cpu_magazines *cpu;

	if (cache == KT_SIM_NONE)
		return layer_large_take(&model->layer, &model->places, event);
	cpu = &model->cpus[(size_t)cache * model->nr_cpus + event->cpu];
	if ((cpu->loaded && cpu->loaded->nr_rounds) || load_full(model, &model->caches[cache], cpu))
		slab = cpu->loaded->slabs[--cpu->loaded->nr_rounds];
	else
		slab = layer_take(&model->layer, cache);
	return slab != KT_SIM_NONE && kt_sim_place(&model->places, event->object, slab);
}

static bool magazines_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t cache = layer_cache_of(&model->layer, event);
	struct cpu_magazines *cpu;

	if (cache == KT_SIM_NONE) {
		layer_large_give(&model->layer, &model->places, event);
		return true;
	}
	cpu = &model->cpus[(size_t)cache * model->nr_cpus + event->cpu];
	if ((!cpu->loaded || cpu->loaded->nr_rounds == model->caches[cache].most) &&
		!load_empty(model, &model->caches[cache], cpu))
		return false;
	cpu->loaded->slabs[cpu->loaded->nr_rounds++] = model->places.items[event->object];
	return true;
}

static void reap_pile(struct kt_sim_model *model, struct pile *pile)
{
	for (uint32_t left = pile->least; left; left--)
		destroy(model, take(pile));
	pile->least = pile->count;
}

static void magazines_reap(struct kt_sim_model *model)
{
	for (uint32_t i = 0; i < model->layer.nr_caches; i++) {
		reap_pile(model, &model->caches[i].full);
		reap_pile(model, &model->caches[i].empty);
	}
	layer_reap(&model->layer);
}

static void magazines_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	layer_measure(&model->layer, ret, ret_pages);
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "exchanges of magazines", model->nr_exchanges };
}

/* ---- drawings ---- */

static bool magazines_form(
	const struct kt_sim_model *model, uint32_t cache, struct kt_sim_slab_form *ret)
{
	return layer_form(&model->layer, cache, ret);
}

static uint32_t magazines_nr_slabs(const struct kt_sim_model *model)
{
	return model->layer.slabs.count;
}

static uint32_t magazines_slab_of(const struct kt_sim_model *model, uint32_t object)
{
	return object < model->places.room ? model->places.items[object] : KT_SIM_NONE;
}

static bool magazines_look(
	const struct kt_sim_model *model, uint32_t slab, struct kt_sim_slab_view *ret)
{
	return layer_look(&model->layer, slab, ret);
}

static void count_rounds(const struct magazine *magazine, struct kt_sim_away *ret_by_slab)
{
	for (uint32_t i = 0; magazine && i < magazine->nr_rounds; i++)
		ret_by_slab[magazine->slabs[i]].nr_magazine++;
}

static void magazines_count_away(
	const struct kt_sim_model *model, uint32_t cache, struct kt_sim_away *ret_by_slab)
{
	const struct cpu_magazines *cpus = &model->cpus[(size_t)cache * model->nr_cpus];
	const struct magazine *full = model->caches[cache].full.first;

	for (uint32_t i = 0; i < model->nr_cpus; i++) {
		count_rounds(cpus[i].loaded, ret_by_slab);
		count_rounds(cpus[i].previous, ret_by_slab);
	}
	for (; full; full = full->next)
		count_rounds(full, ret_by_slab);
}

const struct kt_sim_allocator kt_sim_magazines = {
	.name = "magazines",
	.title = "slab allocator with magazines (Bonwick and Adams 2001)",
	.by_cache = true,
	.by_blocks = true,
	.open = magazines_open,
	.close = magazines_close,
	.alloc = magazines_alloc,
	.free = magazines_free,
	.reap = magazines_reap,
	.measure = magazines_measure,
	.form = magazines_form,
	.nr_slabs = magazines_nr_slabs,
	.look = magazines_look,
	.slab_of = magazines_slab_of,
	.count_away = magazines_count_away,
};
