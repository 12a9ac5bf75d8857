// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/models/slab_layer.h"

#include "base/attr.h"

#include <stdlib.h>

#define ALIGN	     8u /* bytes */
#define SMALL_PART   8u /* objects up to this part of a page are in small slabs */
#define WASTE_PART   8u /* of a large slab, at most */
#define HASH_ENTRIES 64u
#define WORDS_SLAB   7u /* of struct kmem_slab */
#define WORDS_BUFCTL 3u /* of struct kmem_bufctl */

/* The sizes of kmem_alloc(): the size of a page is as in the original. */
static const uint32_t sizes[] = { 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224,
	256, 320, 384, 448, 512, 640, 768, 896, 1152, 1344, 1600, 2048, 2688, 4096, 8192, 12288,
	16384 };

static void lay_out(struct layer_cache *ret, uint32_t bytes, const struct slab_layer *layer)
{
	uint64_t pages, page = layer->page_bytes;

	*ret = (struct layer_cache){ .partial = KT_SIM_EMPTY_LIST, .empty = KT_SIM_EMPTY_LIST };
	ret->chunk_bytes = (uint32_t)kt_sim_round_up(bytes ? bytes : 1, ALIGN);
	if (ret->chunk_bytes <= page / SMALL_PART) {
		uint32_t room = (uint32_t)page - WORDS_SLAB * layer->word_bytes;

		ret->pages_per_slab = 1;
		ret->objs_per_slab = room / ret->chunk_bytes;
		ret->waste_bytes = room % ret->chunk_bytes;
		return;
	}
	pages = kt_sim_pages(ret->chunk_bytes, layer->page_bytes);
	while (pages * page % ret->chunk_bytes > pages * page / WASTE_PART)
		pages++;
	ret->off_slab = true;
	ret->hash_entries = HASH_ENTRIES;
	ret->pages_per_slab = (uint32_t)pages;
	ret->objs_per_slab = (uint32_t)(pages * page / ret->chunk_bytes);
	ret->waste_bytes = (uint32_t)(pages * page % ret->chunk_bytes);
}

/* The link of a free object is inside it; a constructed object must stay whole and has one more. */
static void init_cache(
	struct layer_cache *ret, const struct kt_sim_cache *cache, const struct slab_layer *layer)
{
	uint32_t bytes = cache->bytes, align = cache->align > ALIGN ? cache->align : ALIGN;

	if (cache->constructed && bytes <= layer->page_bytes / SMALL_PART)
		bytes += layer->word_bytes;
	lay_out(ret, (uint32_t)kt_sim_round_up(bytes, align), layer);
	ret->constructed = cache->constructed;
	ret->by_size = !cache->bytes || cache->generic;
}

bool layer_init(struct slab_layer *layer, const struct kt_sim_stream *stream)
{
	uint32_t own = (uint32_t)stream->nr_caches;

	*layer = (struct slab_layer){ .nr_of_stream = own,
		.page_bytes = stream->machine.page_bytes,
		.slabs.buddy = stream->buddy,
		.word_bytes = stream->machine.word_bytes,
		.of_slabs = own,
		.of_bufctls = own + 1,
		.nr_caches = own + 2 + (uint32_t)KT_LEN(sizes) + LAYER_MAGAZINES };
	layer->caches = calloc(layer->nr_caches, sizeof(*layer->caches));
	if (!layer->caches)
		return false;
	for (uint32_t i = 0; i < own; i++)
		init_cache(&layer->caches[i], &stream->caches[i], layer);
	lay_out(&layer->caches[own], WORDS_SLAB * layer->word_bytes, layer);
	lay_out(&layer->caches[own + 1], WORDS_BUFCTL * layer->word_bytes, layer);
	for (uint32_t i = 0; i < KT_LEN(sizes); i++)
		lay_out(&layer->caches[own + 2 + i], sizes[i], layer);
	return true;
}

void layer_fini(struct slab_layer *layer)
{
	for (uint32_t i = 0; i < layer->nr_bufctls; i++)
		free(layer->bufctls[i]);
	free(layer->bufctls);
	kt_sim_slabs_fini(&layer->slabs);
	free(layer->caches);
}

uint32_t layer_magazine_cache(struct slab_layer *layer, uint32_t number, uint32_t rounds)
{
	uint32_t cache = layer->nr_caches - LAYER_MAGAZINES + number;

	if (!layer->caches[cache].objs_per_slab)
		lay_out(&layer->caches[cache], (rounds + 1) * layer->word_bytes, layer);
	return cache;
}

uint32_t layer_cache_of(const struct slab_layer *layer, const struct kt_sim_event *event)
{
	uint32_t least = 0, most = KT_LEN(sizes);

	if (!layer->caches[event->cache].by_size)
		return event->cache;
	while (least < most) {
		uint32_t middle = (least + most) / 2;

		if (sizes[middle] < event->bytes)
			least = middle + 1;
		else
			most = middle;
	}
	return least < KT_LEN(sizes) ? layer->of_bufctls + 1 + least : KT_SIM_NONE;
}

bool layer_large_take(
	struct slab_layer *layer, struct kt_sim_places *places, const struct kt_sim_event *event)
{
	uint64_t pages = kt_sim_pages(event->bytes, layer->page_bytes);

	layer->large_pages += pages;
	return kt_sim_large_take(&layer->slabs, places, event->object, pages);
}

void layer_large_give(struct slab_layer *layer, const struct kt_sim_places *places,
	const struct kt_sim_event *event)
{
	layer->large_pages -= kt_sim_pages(event->bytes, layer->page_bytes);
	kt_sim_large_give(&layer->slabs, places, event->object);
}

bool layer_form(const struct slab_layer *layer, uint32_t cache, struct kt_sim_slab_form *ret)
{
	const struct layer_cache *info = &layer->caches[cache];

	*ret = (struct kt_sim_slab_form){ info->pages_per_slab, info->objs_per_slab,
		info->chunk_bytes };
	return !info->by_size && info->objs_per_slab <= KT_SIM_DRAWN_OBJS_MAX;
}

bool layer_look(const struct slab_layer *layer, uint32_t slab, struct kt_sim_slab_view *ret)
{
	if (!kt_sim_slab_look(&layer->slabs, slab, ret))
		return false;
	ret->colour_bytes = layer->slabs.items[slab].state;
	return true;
}

/* ---- slabs ---- */

/* Takes the struct kmem_slab and the bufctls of a large slab. */
static bool take_bufctls(struct slab_layer *layer, uint32_t slab, uint32_t count)
{
	uint32_t *taken;

	while (layer->nr_bufctls <= slab) {
		uint32_t room = layer->nr_bufctls;
		uint32_t **grown = kt_sim_more(layer->bufctls, room, &room, sizeof(*grown));

		if (!grown)
			return false;
		layer->bufctls = grown;
		layer->nr_bufctls = room;
	}
	taken = calloc(count + 1, sizeof(*taken));
	layer->bufctls[slab] = taken;
	if (!taken)
		return false;
	taken[0] = layer_take(layer, layer->of_slabs);
	for (uint32_t i = 1; i <= count && taken[i - 1] != KT_SIM_NONE; i++)
		taken[i] = layer_take(layer, layer->of_bufctls);
	return taken[count] != KT_SIM_NONE;
}

static void give_bufctls(struct slab_layer *layer, uint32_t slab, uint32_t count)
{
	uint32_t *taken = layer->bufctls[slab];

	layer->bufctls[slab] = NULL;
	for (uint32_t i = 0; i <= count; i++)
		layer_give(layer, taken[i]);
	free(taken);
}

/* Makes a slab, whose objects begin at its colour, and puts it on the list of partial ones. */
static uint32_t grow(struct slab_layer *layer, uint32_t cache)
{
	struct layer_cache *info = &layer->caches[cache];
	uint32_t slab =
		kt_sim_slab_new(&layer->slabs, cache, info->objs_per_slab, info->pages_per_slab);

	if (slab == KT_SIM_NONE)
		return slab;
	if (info->off_slab && !take_bufctls(layer, slab, info->objs_per_slab))
		return KT_SIM_NONE;
	layer->slabs.items[slab].state = info->next_colour;
	layer->nr_coloured += info->next_colour > 0;
	info->next_colour += ALIGN;
	if (info->next_colour > info->waste_bytes)
		info->next_colour = 0;
	if (info->constructed)
		layer->nr_constructed += info->objs_per_slab;
	info->nr_slabs++;
	kt_sim_list_tail(&layer->slabs, &info->partial, slab);
	return slab;
}

/* Returns a slab with free objects, which is on the list of partial ones. */
static uint32_t with_free(struct slab_layer *layer, uint32_t cache)
{
	struct layer_cache *info = &layer->caches[cache];
	uint32_t slab = info->partial.first;

	if (slab != KT_SIM_NONE)
		return slab;
	slab = info->empty.first;
	if (slab == KT_SIM_NONE)
		return grow(layer, cache);
	kt_sim_list_remove(&layer->slabs, &info->empty, slab);
	if (info->empty.count < info->least_empty)
		info->least_empty = info->empty.count;
	kt_sim_list_tail(&layer->slabs, &info->partial, slab);
	return slab;
}

/* The hash of buffers in use doubles when its chains are longer than two buffers. */
static void count_object(struct layer_cache *info)
{
	info->nr_objs++;
	if (info->off_slab && info->nr_objs > 2ull * info->hash_entries)
		info->hash_entries *= 2;
}

uint32_t layer_take(struct slab_layer *layer, uint32_t cache)
{
	struct layer_cache *info = &layer->caches[cache];
	uint32_t slab = with_free(layer, cache);

	if (slab == KT_SIM_NONE)
		return slab;
	count_object(info);
	if (!--layer->slabs.items[slab].nr_free)
		kt_sim_list_remove(&layer->slabs, &info->partial, slab);
	return slab;
}

/* Gives back an empty slab. */
static void discard(struct slab_layer *layer, struct layer_cache *info, uint32_t slab)
{
	kt_sim_list_remove(&layer->slabs, &info->empty, slab);
	if (info->off_slab)
		give_bufctls(layer, slab, info->objs_per_slab);
	kt_sim_slab_free(&layer->slabs, slab);
	info->nr_slabs--;
	layer->nr_reaped++;
}

void layer_give(struct slab_layer *layer, uint32_t slab)
{
	struct kt_sim_slab_record *record = &layer->slabs.items[slab];
	struct layer_cache *info = &layer->caches[record->cache];

	info->nr_objs--;
	if (!record->nr_free++)
		kt_sim_list_head(&layer->slabs, &info->partial, slab);
	if (record->nr_free < info->objs_per_slab)
		return;
	kt_sim_list_remove(&layer->slabs, &info->partial, slab);
	kt_sim_list_tail(&layer->slabs, &info->empty, slab);
	if (layer->eager)
		discard(layer, info, slab);
}

void layer_reap(struct slab_layer *layer)
{
	for (uint32_t i = 0; i < layer->nr_caches; i++) {
		struct layer_cache *info = &layer->caches[i];

		for (; info->least_empty; info->least_empty--)
			discard(layer, info, info->empty.first);
		info->least_empty = info->empty.count;
	}
}

/* Index of the cache of the stream that requests of any size are from. */
static uint32_t sizes_of_stream(const struct slab_layer *layer)
{
	for (uint32_t i = 0; i < layer->nr_of_stream; i++) {
		if (layer->caches[i].by_size)
			return i;
	}
	return KT_SIM_NONE;
}

void layer_measure(const struct slab_layer *layer, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	uint32_t by_size = sizes_of_stream(layer);

	for (uint32_t i = 0; i < layer->nr_caches; i++) {
		const struct layer_cache *info = &layer->caches[i];
		uint64_t pages = info->nr_slabs * info->pages_per_slab;

		ret->pages += pages;
		if (info->off_slab && info->nr_slabs)
			ret->table_bytes += (uint64_t)info->hash_entries * layer->word_bytes;
		if (i < layer->nr_of_stream)
			ret_pages[i] += pages;
		else if (i > layer->of_bufctls && i < layer->nr_caches - LAYER_MAGAZINES &&
			 by_size != KT_SIM_NONE)
			ret_pages[by_size] += pages;
	}
	ret->pages += layer->large_pages;
	if (by_size != KT_SIM_NONE)
		ret_pages[by_size] += layer->large_pages;
	ret->counts[ret->nr_counts++] = (struct kt_sim_count){ "slabs made", layer->slabs.nr_made };
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "slabs given back", layer->nr_reaped };
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "slabs with a colour", layer->nr_coloured };
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "objects constructed", layer->nr_constructed };
}
