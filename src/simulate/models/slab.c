// SPDX-License-Identifier: GPL-2.0-or-later
//
// The slab allocator as of 1994, on one CPU or with a lock for all of them.

#include "simulate/models/slab_layer.h"

#include <stdlib.h>

struct kt_sim_model {
	struct slab_layer layer;
	struct kt_sim_places places; /* slabs by object */
};

static void slab_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	layer_fini(&model->layer);
	free(model->places.items);
	free(model);
}

static struct kt_sim_model *slab_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (!model || !layer_init(&model->layer, stream)) {
		slab_close(model);
		return NULL;
	}
	return model;
}

static bool slab_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t cache = layer_cache_of(&model->layer, event), slab;

	if (cache == KT_SIM_NONE)
		return layer_large_take(&model->layer, &model->places, event);
	slab = layer_take(&model->layer, cache);
	return slab != KT_SIM_NONE && kt_sim_place(&model->places, event->object, slab);
}

static bool slab_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	if (layer_cache_of(&model->layer, event) == KT_SIM_NONE)
		layer_large_give(&model->layer, &model->places, event);
	else
		layer_give(&model->layer, model->places.items[event->object]);
	return true;
}

static void slab_reap(struct kt_sim_model *model)
{
	layer_reap(&model->layer);
}

static void slab_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	layer_measure(&model->layer, ret, ret_pages);
}

/* ---- drawings ---- */

static bool slab_form(
	const struct kt_sim_model *model, uint32_t cache, struct kt_sim_slab_form *ret)
{
	return layer_form(&model->layer, cache, ret);
}

static uint32_t slab_nr_slabs(const struct kt_sim_model *model)
{
	return model->layer.slabs.count;
}

static uint32_t slab_slab_of(const struct kt_sim_model *model, uint32_t object)
{
	return object < model->places.room ? model->places.items[object] : KT_SIM_NONE;
}

static bool slab_look(const struct kt_sim_model *model, uint32_t slab, struct kt_sim_slab_view *ret)
{
	return layer_look(&model->layer, slab, ret);
}

const struct kt_sim_allocator kt_sim_slab = {
	.name = "slab",
	.title = "slab allocator of SunOS 5.4 (Bonwick 1994)",
	.by_cache = true,
	.by_blocks = true,
	.open = slab_open,
	.close = slab_close,
	.alloc = slab_alloc,
	.free = slab_free,
	.reap = slab_reap,
	.measure = slab_measure,
	.form = slab_form,
	.nr_slabs = slab_nr_slabs,
	.look = slab_look,
	.slab_of = slab_slab_of,
};
