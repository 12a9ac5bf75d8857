// SPDX-License-Identifier: GPL-2.0-or-later
//
// SLUB as it is with CPU slabs: each CPU takes objects from one slab, which is its own, and keeps a
// few partial slabs. Follows ___slab_alloc(), get_partial_node(), __slab_free() and
// put_cpu_partial() of mm/slub.c. Interrupts and the moves of a task between CPUs are as in the
// events, which have the CPU of each.

#include "simulate/models/slub_node.h"

#include "base/attr.h"

#include <stdlib.h>

/* The slab of a CPU and its partial slabs, a list of records by `next`. */
struct slub_cpu {
	uint32_t slab;	/* KT_SIM_NONE: none */
	uint32_t ready; /* free objects of the slab that only the CPU takes */
	uint32_t partial;
	uint32_t nr_partial;
	/*
	 * Free objects of the partial slabs as each of them came. The kernel keeps the sum so far
	 * in each slab, here as `prev`: what is below a slab that is taken counts as it did then.
	 */
	uint32_t partial_objs;
};

struct kt_sim_model {
	struct slub_node node;
	struct slub_cpu *cpus; /* nr_cpus for each cache */
	uint32_t nr_cpus;
	bool by_objects;
	uint64_t nr_flushes;
};

static void slub_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	slub_node_fini(&model->node);
	free(model->cpus);
	free(model);
}

/* ---- partial slabs of a CPU ---- */

/* Puts all of them on the list of the node, and gives back empty ones that it does not keep. */
static void flush(struct kt_sim_model *model, struct slub_cpu *cpu)
{
	struct slub_node *node = &model->node;

	for (uint32_t next, slab = cpu->partial; slab != KT_SIM_NONE; slab = next) {
		next = node->slabs.items[slab].next;
		if (slub_is_spare(node, slab))
			slub_slab_discard(node, slab);
		else
			slub_partial_add(node, slab);
	}
	cpu->partial = KT_SIM_NONE;
	cpu->nr_partial = 0;
	cpu->partial_objs = 0;
	model->nr_flushes++;
}

static bool has_many(const struct kt_sim_model *model, const struct slub_cache *cache,
	const struct slub_cpu *cpu)
{
	if (model->by_objects)
		return cpu->partial_objs > cache->cpu_partial_objs;
	return cpu->nr_partial >= cache->cpu_partial_slabs;
}

static void put_partial(struct kt_sim_model *model, struct slub_cpu *cpu, uint32_t slab)
{
	struct kt_sim_slab_record *record = &model->node.slabs.items[slab];

	record->state = SLAB_CPU_PARTIAL;
	record->next = cpu->partial;
	cpu->partial = slab;
	cpu->nr_partial++;
	cpu->partial_objs += record->nr_free;
	record->prev = cpu->partial_objs;
}

static uint32_t take_partial(struct kt_sim_model *model, struct slub_cpu *cpu)
{
	uint32_t slab = cpu->partial;

	cpu->partial = model->node.slabs.items[slab].next;
	cpu->nr_partial--;
	cpu->partial_objs = cpu->nr_partial ? model->node.slabs.items[cpu->partial].prev : 0;
	return slab;
}

/* ---- the start ---- */

/* Gives the CPUs their slabs; a chain comes with its first slab first. */
static void start_cpus(struct kt_sim_model *model, const struct kt_sim_start *start)
{
	for (size_t i = start->nr_slabs; i-- > 0;) {
		const struct kt_events_slab *from = &start->slabs[i];
		struct slub_cpu *cpu =
			&model->cpus[(size_t)from->cache * model->nr_cpus + from->cpu];

		if (from->where == KT_EVENTS_CPU_PARTIAL) {
			put_partial(model, cpu, (uint32_t)i);
		} else if (from->where == KT_EVENTS_CPU_SLAB) {
			cpu->slab = (uint32_t)i;
			cpu->ready = from->nr_ready;
			model->node.slabs.items[i].state = SLAB_CPU;
		}
	}
	/* here no sheaf keeps a free object */
	for (size_t i = 0; i < start->nr_sheaves; i++) {
		uint32_t slab = start->sheaves[i].slab;

		model->node.slabs.items[slab].nr_free++;
		if (model->node.slabs.items[slab].state == SLAB_FULL)
			slub_partial_add(&model->node, slab);
	}
}

static struct kt_sim_model *slub_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));
	size_t nr_cpus;

	if (!model || !slub_node_init(&model->node, stream)) {
		slub_close(model);
		return NULL;
	}
	model->nr_cpus = stream->machine.nr_cpus;
	model->by_objects = stream->machine.partial_by_objects;
	nr_cpus = (size_t)model->node.nr_caches * model->nr_cpus;
	model->cpus = calloc(nr_cpus, sizeof(*model->cpus));
	if (!model->cpus) {
		slub_close(model);
		return NULL;
	}
	for (size_t i = 0; i < nr_cpus; i++)
		model->cpus[i] = (struct slub_cpu){ .slab = KT_SIM_NONE, .partial = KT_SIM_NONE };
	if (!slub_node_start(&model->node, &stream->start)) {
		slub_close(model);
		return NULL;
	}
	start_cpus(model, &stream->start);
	return model;
}

static bool slub_old(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	return kt_sim_place(&model->node.places, event->object, event->bytes);
}

/* ---- allocation ---- */

/*
 * Takes partial slabs of the node: the first becomes the slab of the CPU, more of them its partial
 * slabs, up to half of what it may have.
 */
static uint32_t take_from_node(
	struct kt_sim_model *model, struct slub_cache *cache, struct slub_cpu *cpu)
{
	struct slub_node *node = &model->node;
	uint32_t first = cache->partial.first, taken = 0;
	uint32_t most =
		(model->by_objects ? cache->cpu_partial_objs : cache->cpu_partial_slabs) / 2;

	if (first == KT_SIM_NONE)
		return first;
	slub_partial_remove(node, first);
	if (model->by_objects)
		taken = node->slabs.items[first].nr_free;
	while (cache->cpu_partial_objs && taken <= most && cache->partial.first != KT_SIM_NONE) {
		uint32_t slab = cache->partial.first;

		slub_partial_remove(node, slab);
		taken += model->by_objects ? node->slabs.items[slab].nr_free : 1;
		put_partial(model, cpu, slab);
	}
	return first;
}

/* Gives the CPU a slab with free objects. False when out of memory. */
static bool refill(struct kt_sim_model *model, uint32_t cache, struct slub_cpu *cpu)
{
	struct slub_node *node = &model->node;
	uint32_t slab = cpu->slab;

	if (slab != KT_SIM_NONE && !node->slabs.items[slab].nr_free) {
		node->slabs.items[slab].state = SLAB_FULL;
		slab = KT_SIM_NONE;
	}
	if (slab == KT_SIM_NONE && cpu->partial != KT_SIM_NONE)
		slab = take_partial(model, cpu);
	if (slab == KT_SIM_NONE)
		slab = take_from_node(model, &node->caches[cache], cpu);
	if (slab == KT_SIM_NONE)
		slab = slub_slab_new(node, cache);
	cpu->slab = slab;
	if (slab == KT_SIM_NONE)
		return false;
	node->slabs.items[slab].state = SLAB_CPU;
	cpu->ready = node->slabs.items[slab].nr_free;
	node->slabs.items[slab].nr_free = 0;
	return true;
}

static bool slub_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t cache = slub_cache_of(&model->node, event);
	struct slub_cpu *cpu;

	if (cache == KT_SIM_NONE)
		return slub_large_take(&model->node, event);
	cpu = &model->cpus[(size_t)cache * model->nr_cpus + event->cpu];
	if (!cpu->ready && !refill(model, cache, cpu))
		return false;
	cpu->ready--;
	return kt_sim_place(&model->node.places, event->object, cpu->slab);
}

/* ---- free ---- */

/* A slab that was full has a free object again. */
static void leave_full(
	struct kt_sim_model *model, struct slub_cache *cache, struct slub_cpu *cpu, uint32_t slab)
{
	if (cache->cpu_partial_objs) {
		if (has_many(model, cache, cpu))
			flush(model, cpu);
		put_partial(model, cpu, slab);
	} else if (slub_is_spare(&model->node, slab)) {
		slub_slab_discard(&model->node, slab);
	} else {
		slub_partial_add(&model->node, slab);
	}
}

static bool slub_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct slub_node *node = &model->node;
	uint32_t cache = slub_cache_of(node, event), slab;
	struct slub_cpu *cpu;

	if (cache == KT_SIM_NONE) {
		slub_large_give(node, event);
		return true;
	}
	cpu = &model->cpus[(size_t)cache * model->nr_cpus + event->cpu];
	slab = node->places.items[event->object];
	if (cpu->slab == slab) {
		cpu->ready++;
		return true;
	}
	node->slabs.items[slab].nr_free++;
	if (node->slabs.items[slab].state == SLAB_FULL) {
		leave_full(model, &node->caches[cache], cpu, slab);
	} else if (node->slabs.items[slab].state == SLAB_NODE && slub_is_spare(node, slab)) {
		slub_partial_remove(node, slab);
		slub_slab_discard(node, slab);
	}
	return true;
}

static void slub_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	slub_node_measure(&model->node, ret, ret_pages);
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "flushes of partial slabs of a CPU", model->nr_flushes };
}

/* ---- drawings ---- */

static bool slub_form(
	const struct kt_sim_model *model, uint32_t cache, struct kt_sim_slab_form *ret)
{
	return slub_form_of(&model->node, cache, ret);
}

static uint32_t slub_nr_slabs(const struct kt_sim_model *model)
{
	return model->node.slabs.count;
}

static uint32_t slub_slab_of(const struct kt_sim_model *model, uint32_t object)
{
	return object < model->node.places.room ? model->node.places.items[object] : KT_SIM_NONE;
}

/* The CPU that has a slab; KT_SIM_NONE: none. */
static uint32_t cpu_of(const struct kt_sim_model *model, uint32_t cache, uint32_t slab)
{
	const struct slub_cpu *cpus = &model->cpus[(size_t)cache * model->nr_cpus];

	for (uint32_t i = 0; i < model->nr_cpus; i++) {
		if (cpus[i].slab == slab)
			return i;
		for (uint32_t at = cpus[i].partial; at != KT_SIM_NONE;
			at = model->node.slabs.items[at].next) {
			if (at == slab)
				return i;
		}
	}
	return KT_SIM_NONE;
}

static bool slub_look(const struct kt_sim_model *model, uint32_t slab, struct kt_sim_slab_view *ret)
{
	uint32_t state;

	if (!kt_sim_slab_look(&model->node.slabs, slab, ret))
		return false;
	state = model->node.slabs.items[slab].state;
	if (state != SLAB_CPU && state != SLAB_CPU_PARTIAL)
		return true;
	ret->cpu = cpu_of(model, ret->cache, slab);
	ret->state = state == SLAB_CPU ? KT_SLAB_CPU : KT_SLAB_WAITING;
	if (state == SLAB_CPU && ret->cpu != KT_SIM_NONE)
		ret->nr_ready = model->cpus[(size_t)ret->cache * model->nr_cpus + ret->cpu].ready;
	return true;
}

const struct kt_sim_allocator kt_sim_slub = {
	.name = "slub",
	.title = "SLUB with CPU slabs",
	.by_cache = true,
	.by_blocks = true,
	.open = slub_open,
	.close = slub_close,
	.alloc = slub_alloc,
	.old = slub_old,
	.free = slub_free,
	.measure = slub_measure,
	.form = slub_form,
	.nr_slabs = slub_nr_slabs,
	.look = slub_look,
	.slab_of = slub_slab_of,
};
