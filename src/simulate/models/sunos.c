// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fast Fits of SunOS 4.1.3 (Stephenson 1983): one heap, in which a request takes the front of the
// first free run that is large enough, by address. Free neighbours are joined at once. The heap
// grows by pages and never shrinks.
//
// The original keeps its free runs in a Cartesian tree by address and size. Here a bit says where a
// run starts and another one where it ends, so that neighbours are found in one or two words. Above
// the words is a tree of fixed shape, of the longest runs that start in parts of the heap.
//
// No trace can make an event slow: it changes at most four bits, looks at the at most 32 runs that
// start in a word, and goes up and down the tree once or twice, which has 7 levels at most. A run
// costs the same whatever its length. Words are kept only for blocks where a run ever started or
// ended; for each other 4 KiB of the heap the tables have about 9 bytes.

#include "simulate/allocator.h"

#include <stdlib.h>

#define GRANULE	    8u /* bytes: the heap is measured in granules */
#define WORD	    64u
#define BLOCK_WORDS 8u
#define BLOCK	    (WORD * BLOCK_WORDS)
#define HEAP_MAX    (UINT32_MAX / 2) /* granules, so that lengths have a sign */
#define CHILDREN    16u		     /* a cache line of lengths */
#define LEVELS	    6u		     /* above blocks: 16^6 blocks are more than HEAP_MAX */

/* Granules 64 * n to 64 * n + 63. A bit is never in both. */
struct word {
	uint64_t starts; /* a free run starts with the granule */
	uint64_t ends;	 /* a free run ends before the granule */
	uint32_t start;	 /* of the run of the first end, if it starts in an earlier word */
	uint32_t end;	 /* of the run of the last start, if it ends in a later word */
};

struct block {
	int32_t longest[BLOCK_WORDS]; /* of the runs that start in a word; 0: none does */
	struct word words[BLOCK_WORDS];
};

struct kt_sim_model {
	struct block *blocks; /* the first one is not used */
	uint32_t count, room;
	uint32_t *block_of; /* index of blocks, by address; 0: no run ever started or ended there */
	uint32_t block_of_room;
	int32_t *
		longest[LEVELS]; /* by address: of a block, then of 16 entries of the level below */
	uint32_t longest_rooms[LEVELS];
	uint32_t top;		     /* the lowest level of which 16 entries are the heap */
	struct kt_sim_places places; /* granules by object */
	uint32_t page_granules;
	uint32_t heap_granules;
};

static void sunos_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	free(model->blocks);
	free(model->block_of);
	for (uint32_t level = 0; level < LEVELS; level++)
		free(model->longest[level]);
	free(model->places.items);
	free(model);
}

/* Makes room in the tables for a block by address. False when out of memory. */
static bool make_room(struct kt_sim_model *model, uint32_t at)
{
	while (at >= model->block_of_room) {
		uint32_t *grown = kt_sim_more(model->block_of, model->block_of_room,
			&model->block_of_room, sizeof(*grown));

		if (!grown)
			return false;
		model->block_of = grown;
	}
	for (uint32_t level = 0; level < LEVELS; level++, at /= CHILDREN) {
		while (at >= model->longest_rooms[level]) {
			int32_t *grown =
				kt_sim_more(model->longest[level], model->longest_rooms[level],
					&model->longest_rooms[level], sizeof(*grown));

			if (!grown)
				return false;
			model->longest[level] = grown;
		}
	}
	return true;
}

static struct kt_sim_model *sunos_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (!model || !make_room(model, 0)) {
		sunos_close(model);
		return NULL;
	}
	model->count = 1;
	model->page_granules = stream->machine.page_bytes / GRANULE;
	return model;
}

/* ---- words ---- */

static struct block *block_at(const struct kt_sim_model *model, uint32_t granule)
{
	return &model->blocks[model->block_of[granule / BLOCK]];
}

static struct word *word_at(const struct kt_sim_model *model, uint32_t granule)
{
	return &block_at(model, granule)->words[granule / WORD % BLOCK_WORDS];
}

static uint64_t bit_of(uint32_t granule)
{
	return 1ull << granule % WORD;
}

/* Makes the block of a granule. False when out of memory. */
static bool make_block(struct kt_sim_model *model, uint32_t granule)
{
	struct block *grown;

	if (model->block_of[granule / BLOCK])
		return true;
	grown = kt_sim_more(model->blocks, model->count, &model->room, sizeof(*grown));
	if (!grown)
		return false;
	model->blocks = grown;
	model->block_of[granule / BLOCK] = model->count++;
	return true;
}

/* The start of the run that ends before a granule. */
static uint32_t start_of(const struct word *word, uint32_t end)
{
	uint64_t before = word->starts & (bit_of(end) - 1);

	return before ? end / WORD * WORD + WORD - 1 - (uint32_t)__builtin_clzll(before)
		      : word->start;
}

/* The end of the run that starts with a granule. */
static uint32_t end_of(const struct word *word, uint32_t start)
{
	uint64_t after = word->ends >> start % WORD;

	return after ? start + (uint32_t)__builtin_ctzll(after) : word->end;
}

/* Lets the words of a run's two bits know each other. */
static void connect(struct kt_sim_model *model, uint32_t start, uint32_t end)
{
	if (start / WORD == end / WORD)
		return;
	word_at(model, start)->end = end;
	word_at(model, end)->start = start;
}

/* The longest run that starts in the word of a granule. */
static int32_t longest_of(const struct word *word, uint32_t granule)
{
	int32_t longest = 0;

	for (uint64_t starts = word->starts; starts; starts &= starts - 1) {
		uint32_t start = granule / WORD * WORD + (uint32_t)__builtin_ctzll(starts);
		int32_t length = (int32_t)(end_of(word, start) - start);

		longest = length > longest ? length : longest;
	}
	return longest;
}

/* ---- the tree ---- */

static int32_t largest(const int32_t *lengths, uint32_t count)
{
	int32_t most = 0;

	for (uint32_t i = 0; i < count; i++)
		most = lengths[i] > most ? lengths[i] : most;
	return most;
}

/* Index of the first length that is large enough; `count`: none is. */
static uint32_t first_of(const int32_t *lengths, uint32_t count, int32_t length)
{
	uint32_t found = 1u << count;

	for (uint32_t i = 0; i < count; i++)
		found |= lengths[i] >= length ? 1u << i : 0;
	return (uint32_t)__builtin_ctz(found);
}

/* Changes an entry of a block; goes up while the longest run of a part changes. */
static void note_block(struct kt_sim_model *model, uint32_t at, int32_t now)
{
	for (uint32_t level = 0;; level++) {
		int32_t before = model->longest[level][at], above;

		model->longest[level][at] = now;
		if (level + 1 == LEVELS)
			return;
		above = model->longest[level + 1][at / CHILDREN];
		if (now <= above && before < above)
			return;
		at /= CHILDREN;
		if (now < above)
			now = largest(&model->longest[level][(size_t)at * CHILDREN], CHILDREN);
		if (now == above)
			return;
	}
}

/* In the word of a granule, a run of one length has gone and one of another has come; 0: none. */
static void note(struct kt_sim_model *model, uint32_t granule, uint32_t gone, uint32_t come)
{
	struct block *block = block_at(model, granule);
	uint32_t word = granule / WORD % BLOCK_WORDS, at = granule / BLOCK;
	int32_t before = block->longest[word], now = (int32_t)come, above = model->longest[0][at];

	if (now < before) {
		if ((int32_t)gone < before)
			return;
		now = longest_of(&block->words[word], granule);
	}
	block->longest[word] = now;
	if (now > above)
		note_block(model, at, now);
	else if (before == above && now < above)
		note_block(model, at, largest(block->longest, BLOCK_WORDS));
}

/* ---- the heap ---- */

/* Frees granules and joins them with their free neighbours. */
static bool give(struct kt_sim_model *model, uint32_t from, uint32_t to)
{
	uint32_t start = from, end = to;
	struct word *word;

	if (!make_block(model, from) || !make_block(model, to))
		return false;
	word = word_at(model, from);
	if (word->ends & bit_of(from)) {
		start = start_of(word, from);
		word->ends ^= bit_of(from);
	} else {
		word->starts |= bit_of(from);
	}
	word = word_at(model, to);
	if (word->starts & bit_of(to)) {
		end = end_of(word, to);
		word->starts ^= bit_of(to);
	} else {
		word->ends |= bit_of(to);
	}
	connect(model, start, end);
	note(model, start, from - start, end - start);
	if (end != to)
		note(model, to, end - to, 0);
	return true;
}

/* Takes the front of a run. */
static bool take(struct kt_sim_model *model, uint32_t start, uint32_t to, uint32_t end)
{
	if (!make_block(model, to))
		return false;
	word_at(model, start)->starts ^= bit_of(start);
	if (to == end) {
		word_at(model, to)->ends ^= bit_of(to);
	} else {
		word_at(model, to)->starts |= bit_of(to);
		connect(model, to, end);
	}
	if (start / WORD == to / WORD) {
		note(model, start, end - start, end - to);
	} else {
		note(model, start, end - start, 0);
		if (to != end)
			note(model, to, 0, end - to);
	}
	return true;
}

/* Makes the heap larger by the pages that a request needs beyond a free run at its end. */
static bool grow(struct kt_sim_model *model, uint32_t length)
{
	uint32_t end = model->heap_granules, more;

	if (end && (word_at(model, end)->ends & bit_of(end)))
		length -= end - start_of(word_at(model, end), end);
	more = (uint32_t)kt_sim_round_up(length, model->page_granules);
	if (more > HEAP_MAX - end || !make_room(model, (end + more) / BLOCK))
		return false;
	model->heap_granules += more;
	while ((uint64_t)BLOCK * CHILDREN << 4 * model->top < model->heap_granules)
		model->top++;
	return give(model, end, end + more);
}

/* The start of the first run by address that is long enough; the end of the heap: none is. */
static uint32_t first_fit(const struct kt_sim_model *model, int32_t length)
{
	uint32_t at = first_of(model->longest[model->top], CHILDREN, length);
	const struct block *block;
	const struct word *word;

	if (at == CHILDREN)
		return model->heap_granules;
	for (uint32_t level = model->top; level-- > 0;) {
		at *= CHILDREN;
		at += first_of(&model->longest[level][at], CHILDREN, length);
	}
	block = &model->blocks[model->block_of[at]];
	at *= BLOCK_WORDS;
	at += first_of(block->longest, BLOCK_WORDS, length);
	word = &block->words[at % BLOCK_WORDS];
	for (uint64_t starts = word->starts;; starts &= starts - 1) {
		uint32_t start = at * WORD + (uint32_t)__builtin_ctzll(starts);

		if ((int32_t)(end_of(word, start) - start) >= length)
			return start;
	}
}

static uint32_t granules_of(uint32_t bytes)
{
	return bytes ? (bytes + GRANULE - 1) / GRANULE : 1;
}

static bool sunos_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t length = granules_of(event->bytes);
	uint32_t start = first_fit(model, (int32_t)length);

	if (start == model->heap_granules) {
		if (!grow(model, length))
			return false;
		start = first_fit(model, (int32_t)length);
	}
	return take(model, start, start + length, end_of(word_at(model, start), start)) &&
	       kt_sim_place(&model->places, event->object, start);
}

static bool sunos_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t start = model->places.items[event->object];

	return give(model, start, start + granules_of(event->bytes));
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
