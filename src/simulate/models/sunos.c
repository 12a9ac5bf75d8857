// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fast Fits of SunOS 4.1.3 (Stephenson 1983): one heap, in which a request takes the front of the
// first free run that is large enough, by address. Free neighbours are joined at once. The heap
// grows by pages and never shrinks.
//
// The original keeps its free runs in a Cartesian tree by address and size. This tree is by address
// too, but balanced by random priorities, so that no trace can make it slow; each run knows the
// largest one below it.

#include "simulate/allocator.h"

#include "base/map.h"

#include <stdlib.h>

#define ALIGN 8u /* bytes of a granule, in which the heap is measured */

/* A free run. */
struct run {
	uint32_t left, right; /* index of runs; 0: none */
	uint32_t priority;
	uint32_t start, length; /* granules */
	uint32_t most;		/* length of the longest run here and below */
};

struct kt_sim_model {
	struct run *runs; /* the first one is not used */
	uint32_t count, room;
	uint32_t unused; /* first of the runs that may be taken again; 0: none */
	uint32_t root;
	uint64_t random;
	struct kt_sim_places places; /* granules by object */
	uint32_t page_granules;
	uint32_t heap_granules;
};

static struct kt_sim_model *sunos_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->runs = kt_sim_more(NULL, 0, &model->room, sizeof(*model->runs));
	if (!model->runs) {
		free(model);
		return NULL;
	}
	model->page_granules = stream->machine.page_bytes / ALIGN;
	model->count = 1;
	/* decides about the shape of the tree, not about the results */
	model->random = kt_map_hash(KT_SPAN("runs")) | 1;
	return model;
}

static void sunos_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	free(model->runs);
	free(model->places.items);
	free(model);
}

/* ---- the tree ---- */

static uint32_t draw(struct kt_sim_model *model)
{
	model->random ^= model->random << 13;
	model->random ^= model->random >> 7;
	model->random ^= model->random << 17;
	return (uint32_t)(model->random >> 32);
}

static void note_most(struct run *runs, uint32_t at)
{
	struct run *run = &runs[at];

	run->most = run->length;
	if (run->left && runs[run->left].most > run->most)
		run->most = runs[run->left].most;
	if (run->right && runs[run->right].most > run->most)
		run->most = runs[run->right].most;
}

/* Splits a tree into runs before and after `start`. */
static void split(
	struct run *runs, uint32_t at, uint32_t start, uint32_t *ret_left, uint32_t *ret_right)
{
	if (!at) {
		*ret_left = *ret_right = 0;
	} else if (runs[at].start < start) {
		split(runs, runs[at].right, start, &runs[at].right, ret_right);
		*ret_left = at;
		note_most(runs, at);
	} else {
		split(runs, runs[at].left, start, ret_left, &runs[at].left);
		*ret_right = at;
		note_most(runs, at);
	}
}

/* Joins two trees; all runs of the left tree are before the runs of the right tree. */
static uint32_t join(struct run *runs, uint32_t left, uint32_t right)
{
	if (!left || !right)
		return left ? left : right;
	if (runs[left].priority > runs[right].priority) {
		runs[left].right = join(runs, runs[left].right, right);
		note_most(runs, left);
		return left;
	}
	runs[right].left = join(runs, left, runs[right].left);
	note_most(runs, right);
	return right;
}

/* Makes the run of `start` begin at `to` and gives it a length; no run is between the two. */
static void resize(struct run *runs, uint32_t at, uint32_t start, uint32_t to, uint32_t length)
{
	if (runs[at].start == start) {
		runs[at].start = to;
		runs[at].length = length;
	} else if (runs[at].start < start) {
		resize(runs, runs[at].right, start, to, length);
	} else {
		resize(runs, runs[at].left, start, to, length);
	}
	note_most(runs, at);
}

static void drop(struct kt_sim_model *model, uint32_t start)
{
	uint32_t left, run, right;

	split(model->runs, model->root, start, &left, &right);
	split(model->runs, right, start + 1, &run, &right);
	model->root = join(model->runs, left, right);
	model->runs[run].left = model->unused;
	model->unused = run;
}

static bool add(struct kt_sim_model *model, uint32_t start, uint32_t length)
{
	uint32_t run = model->unused, left, right;

	if (run) {
		model->unused = model->runs[run].left;
	} else {
		struct run *grown =
			kt_sim_more(model->runs, model->count, &model->room, sizeof(*model->runs));

		if (!grown)
			return false;
		model->runs = grown;
		run = model->count++;
	}
	model->runs[run] = (struct run){
		.priority = draw(model), .start = start, .length = length, .most = length
	};
	split(model->runs, model->root, start, &left, &right);
	model->root = join(model->runs, join(model->runs, left, run), right);
	return true;
}

/* The last run before `start` and the first one from it on; 0: none. */
static void find_neighbours(
	const struct kt_sim_model *model, uint32_t start, uint32_t *ret_before, uint32_t *ret_after)
{
	*ret_before = *ret_after = 0;
	for (uint32_t at = model->root; at;) {
		if (model->runs[at].start < start) {
			*ret_before = at;
			at = model->runs[at].right;
		} else {
			*ret_after = at;
			at = model->runs[at].left;
		}
	}
}

/* ---- the heap ---- */

/* Frees granules and joins them with their free neighbours. */
static bool give(struct kt_sim_model *model, uint32_t start, uint32_t length)
{
	uint32_t before, after;
	const struct run *run;

	find_neighbours(model, start, &before, &after);
	run = &model->runs[after];
	if (after && start + length == run->start) {
		length += run->length;
		drop(model, run->start);
	}
	run = &model->runs[before];
	if (before && run->start + run->length == start) {
		resize(model->runs, model->root, run->start, run->start, run->length + length);
		return true;
	}
	return add(model, start, length);
}

/* Makes the heap larger by the pages that a request needs beyond a free run at its end. */
static bool grow(struct kt_sim_model *model, uint32_t length)
{
	uint32_t end = model->heap_granules, before, after, more;
	const struct run *last;

	find_neighbours(model, end, &before, &after);
	last = &model->runs[before];
	if (before && last->start + last->length == end)
		length -= last->length;
	more = (uint32_t)kt_sim_round_up(length, model->page_granules);
	if (more > UINT32_MAX / 2 - end)
		return false;
	model->heap_granules += more;
	return give(model, end, more);
}

/* The first run by address that is long enough: there is one. */
static uint32_t first_fit(const struct kt_sim_model *model, uint32_t length)
{
	const struct run *runs = model->runs;
	uint32_t at = model->root;

	while (true) {
		if (runs[at].left && runs[runs[at].left].most >= length)
			at = runs[at].left;
		else if (runs[at].length >= length)
			return at;
		else
			at = runs[at].right;
	}
}

static uint32_t granules_of(uint32_t bytes)
{
	return bytes ? (bytes + ALIGN - 1) / ALIGN : 1;
}

static bool sunos_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t length = granules_of(event->bytes), start;
	const struct run *run;

	if ((!model->root || model->runs[model->root].most < length) && !grow(model, length))
		return false;
	run = &model->runs[first_fit(model, length)];
	start = run->start;
	if (run->length == length)
		drop(model, start);
	else
		resize(model->runs, model->root, start, start + length, run->length - length);
	return kt_sim_place(&model->places, event->object, start);
}

static bool sunos_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	return give(model, model->places.items[event->object], granules_of(event->bytes));
}

static void sunos_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	(void)ret_pages;
	ret->pages = model->heap_granules / model->page_granules;
}

const struct kt_sim_allocator kt_sim_sunos = {
	.name = "sunos",
	.title = "first fit of SunOS 4.1.3 (Stephenson 1983)",
	.open = sunos_open,
	.close = sunos_close,
	.alloc = sunos_alloc,
	.free = sunos_free,
	.measure = sunos_measure,
};
