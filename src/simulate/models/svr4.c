// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lazy buddy system of SVr4 (Barkley and Lee 1989): powers of two in pools. A freed block is
// not joined with its buddy as long as its class has more blocks in use than lazily free ones.
// Small requests share pools of a page, large ones pools of four, larger ones than a page are
// pages.

#include "simulate/allocator.h"

#include <stdlib.h>

#define BLOCK_MIN   16u	 /* bytes */
#define SMALL_MAX   256u /* bytes of a request from the small pools */
#define ORDERS	    32u
#define LARGE_PAGES 4u /* of a pool */

enum block_state { BLOCK_INSIDE, BLOCK_USED, BLOCK_LOCAL, BLOCK_GLOBAL };

/* The least block that memory is cut into; the first one of a larger block stands for it. */
struct unit {
	uint32_t next, prev; /* in a list */
	uint8_t order, state;
};

struct block_list {
	uint32_t first, count;
};

/* The pools of one size. */
struct arena {
	struct unit *units;
	uint32_t nr_units, room;
	uint32_t pool_units, pool_pages;
	uint32_t top; /* order of a pool */
	uint32_t unit_bytes;
	uint32_t pools_unused; /* first unit of a pool that was given back, plus 1; 0: none */
	uint64_t nr_pools;
	uint64_t nr_used[ORDERS];
	struct block_list local[ORDERS], global[ORDERS];
};

struct kt_sim_model {
	struct arena small, large;
	struct kt_sim_places places; /* units by object */
	uint32_t page_bytes;
	uint64_t large_pages, nr_joined;
};

static void init_arena(
	struct arena *arena, uint32_t unit_bytes, uint32_t page_bytes, uint32_t pages)
{
	arena->unit_bytes = unit_bytes;
	arena->pool_pages = pages;
	arena->pool_units = page_bytes * pages / unit_bytes;
	while (1u << arena->top < arena->pool_units)
		arena->top++;
	for (uint32_t i = 0; i < ORDERS; i++) {
		arena->local[i].first = KT_SIM_NONE;
		arena->global[i].first = KT_SIM_NONE;
	}
}

static struct kt_sim_model *svr4_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->page_bytes = stream->machine.page_bytes;
	init_arena(&model->small, BLOCK_MIN, model->page_bytes, 1);
	init_arena(&model->large, 2 * SMALL_MAX, model->page_bytes, LARGE_PAGES);
	return model;
}

static void svr4_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	free(model->small.units);
	free(model->large.units);
	free(model->places.items);
	free(model);
}

/* ---- lists of free blocks ---- */

static void push(struct arena *arena, uint32_t at, uint32_t order, enum block_state state)
{
	struct block_list *list =
		state == BLOCK_LOCAL ? &arena->local[order] : &arena->global[order];
	struct unit *unit = &arena->units[at];

	unit->order = (uint8_t)order;
	unit->state = (uint8_t)state;
	unit->prev = KT_SIM_NONE;
	unit->next = list->first;
	if (list->first != KT_SIM_NONE)
		arena->units[list->first].prev = at;
	list->first = at;
	list->count++;
}

static void take_out(struct arena *arena, uint32_t at)
{
	struct unit *unit = &arena->units[at];
	struct block_list *list = unit->state == BLOCK_LOCAL ? &arena->local[unit->order]
							     : &arena->global[unit->order];

	if (unit->prev != KT_SIM_NONE)
		arena->units[unit->prev].next = unit->next;
	else
		list->first = unit->next;
	if (unit->next != KT_SIM_NONE)
		arena->units[unit->next].prev = unit->prev;
	list->count--;
	unit->state = BLOCK_INSIDE;
}

/* ---- blocks ---- */

/* Returns the first unit of a new pool, KT_SIM_NONE when out of memory. */
static uint32_t new_pool(struct arena *arena)
{
	uint32_t at = arena->pools_unused - 1;

	if (arena->pools_unused) {
		arena->pools_unused = arena->units[at].next;
	} else {
		at = arena->nr_units;
		while (arena->room - at < arena->pool_units) {
			struct unit *grown = kt_sim_more(
				arena->units, arena->room, &arena->room, sizeof(*grown));

			if (!grown)
				return KT_SIM_NONE;
			arena->units = grown;
		}
		arena->nr_units += arena->pool_units;
	}
	arena->nr_pools++;
	return at;
}

/* Takes a free block of an order that is free for joining, or half of a larger block. */
static uint32_t take_global(struct arena *arena, uint32_t order)
{
	uint32_t larger = order, at;

	while (larger < arena->top && arena->global[larger].first == KT_SIM_NONE &&
		arena->local[larger].first == KT_SIM_NONE)
		larger++;
	at = arena->global[larger].first;
	if (at == KT_SIM_NONE)
		at = arena->local[larger].first;
	if (at != KT_SIM_NONE)
		take_out(arena, at);
	else
		at = new_pool(arena);
	while (at != KT_SIM_NONE && larger > order) {
		larger--;
		push(arena, at + (1u << larger), larger, BLOCK_GLOBAL);
	}
	return at;
}

static uint32_t take_block(struct arena *arena, uint32_t order)
{
	uint32_t at = arena->local[order].first;

	if (at != KT_SIM_NONE)
		take_out(arena, at);
	else
		at = take_global(arena, order);
	if (at == KT_SIM_NONE)
		return at;
	arena->units[at].order = (uint8_t)order;
	arena->units[at].state = BLOCK_USED;
	arena->nr_used[order]++;
	return at;
}

/* Joins a block with its buddy as often as the buddy is free for it. */
static void join(struct kt_sim_model *model, struct arena *arena, uint32_t at, uint32_t order)
{
	uint32_t pool = at - at % arena->pool_units;

	for (; order < arena->top; order++) {
		uint32_t buddy = pool + ((at - pool) ^ (1u << order));

		if (arena->units[buddy].state != BLOCK_GLOBAL || arena->units[buddy].order != order)
			break;
		take_out(arena, buddy);
		at = at < buddy ? at : buddy;
		model->nr_joined++;
	}
	push(arena, at, order, BLOCK_GLOBAL);
}

/* The slack of a class decides: its blocks in use minus its lazily free ones. */
static void give_block(struct kt_sim_model *model, struct arena *arena, uint32_t at)
{
	uint32_t order = arena->units[at].order, other = arena->local[order].first;
	uint64_t slack = arena->nr_used[order] - arena->local[order].count;

	arena->nr_used[order]--;
	arena->units[at].state = BLOCK_INSIDE;
	if (slack >= 2) {
		push(arena, at, order, BLOCK_LOCAL);
		return;
	}
	join(model, arena, at, order);
	if (slack == 0 && other != KT_SIM_NONE) {
		take_out(arena, other);
		join(model, arena, other, order);
	}
}

/* ---- events ---- */

static struct arena *arena_of(struct kt_sim_model *model, uint32_t bytes)
{
	if (bytes > model->page_bytes)
		return NULL;
	return bytes <= SMALL_MAX ? &model->small : &model->large;
}

static bool svr4_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct arena *arena = arena_of(model, event->bytes);
	uint32_t order = 0, at;

	if (!arena) {
		model->large_pages += kt_sim_pages(event->bytes, model->page_bytes);
		return true;
	}
	while (arena->unit_bytes << order < event->bytes)
		order++;
	at = take_block(arena, order);
	return at != KT_SIM_NONE && kt_sim_place(&model->places, event->object, at);
}

static bool svr4_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct arena *arena = arena_of(model, event->bytes);

	if (arena)
		give_block(model, arena, model->places.items[event->object]);
	else
		model->large_pages -= kt_sim_pages(event->bytes, model->page_bytes);
	return true;
}

/* The daemon of the allocator gives back pools that are free and joined. */
static void reap_arena(struct arena *arena)
{
	while (arena->global[arena->top].first != KT_SIM_NONE) {
		uint32_t at = arena->global[arena->top].first;

		take_out(arena, at);
		arena->units[at].next = arena->pools_unused;
		arena->pools_unused = at + 1;
		arena->nr_pools--;
	}
}

static void svr4_reap(struct kt_sim_model *model)
{
	reap_arena(&model->small);
	reap_arena(&model->large);
}

static void svr4_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	(void)ret_pages;
	ret->pages = model->small.nr_pools * model->small.pool_pages +
		     model->large.nr_pools * model->large.pool_pages + model->large_pages;
	ret->counts[ret->nr_counts++] = (struct kt_sim_count){ "joined buddies", model->nr_joined };
}

const struct kt_sim_allocator kt_sim_svr4 = {
	.name = "svr4",
	.title = "lazy buddies of SVr4 (Barkley and Lee 1989)",
	.open = svr4_open,
	.close = svr4_close,
	.alloc = svr4_alloc,
	.free = svr4_free,
	.reap = svr4_reap,
	.measure = svr4_measure,
};
