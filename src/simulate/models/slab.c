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
};
