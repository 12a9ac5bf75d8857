// SPDX-License-Identifier: GPL-2.0-or-later
//
// SLOB (Mackall 2005; mm/slob.c, removed in Linux 6.4): objects of all kinds share pages. Three
// lists have the pages with free bytes, by the size of the objects that they were taken for. A
// request searches its list from where the last one ended, and in a page takes the first free run
// that is large enough. A page without objects is given back at once. kmalloc() puts the size in
// front of its objects, and aligns powers of two to themselves (since Linux 5.4). Objects as large
// as a page are powers of two of pages.
//
// Pages, and the words of a page, have a limit of the length of their free runs. A free raises it,
// an allocation leaves it as it is, and a search in vain lowers it to the longest run. Objects
// start at multiples of 8 bytes, so runs are measured in these; the free bytes of a page are
// counted in units of 2, as in the original.
//
// No trace can make the searches slow. A page has a limit for each alignment, so that it is
// searched in vain only if it changed since the last such search: an event causes at most
// ALIGNMENTS of them, each of one page.
//
// Not modelled: caches whose objects are freed after a grace period of RCU have a footer.

#include "simulate/allocator.h"
#include "simulate/buddy.h"
#include "simulate/models/slob_list.h"

#include <stdlib.h>
#include <string.h>

#define GRANULE	   8u /* bytes: the least alignment */
#define HEADER	   8u /* bytes before an object of kmalloc() */
#define BREAK_LOW  256u
#define BREAK_HIGH 1024u
#define BITS	   64u
#define ALIGNMENTS 32u /* of 2^0 to 2^13 granules, each with and without a header */

/* An object that a page is searched for. */
struct request {
	uint32_t bytes;
	uint32_t granules;
	uint32_t align, offset; /* granules: the start plus `offset` is a multiple of `align` */
	uint32_t class;		/* of the lists, by alignment */
};

struct type {
	uint32_t bytes, align;
	bool by_size; /* kmalloc() */
};

/* 64 granules of a page. */
struct word {
	uint64_t taken;
	uint32_t longest; /* limit of the length of the free runs that start here */
};

struct kt_sim_model {
	struct slob_lists lists;
	struct word *words; /* of each page */
	uint32_t words_room;
	uint32_t unused; /* first of the pages that may be taken again, by `left`; 0: none */
	uint8_t classes[ALIGNMENTS];
	uint32_t page_bytes, granules, nr_words; /* of a page */
	uint32_t page_shift;			 /* of `granules` */
	uint32_t unit_shift, page_units;
	struct type *types;
	struct kt_sim_buddy *buddy;  /* NULL: where pages are does not matter */
	struct kt_sim_places places; /* granules by object from the first page on; large: block */
	uint64_t nr_pages, large_pages, nr_made, nr_given_back;
};

static void slob_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	slob_lists_fini(&model->lists);
	free(model->words);
	free(model->types);
	free(model->places.items);
	free(model);
}

static uint32_t power_of_two(uint32_t from, uint32_t value)
{
	while (from < value)
		from *= 2;
	return from;
}

static uint32_t alignment_of(uint32_t align, uint32_t offset)
{
	return align > 1 ? 2 * (uint32_t)__builtin_ctz(align) + offset : 0;
}

/* Numbers the alignments that the types can ask for. Returns how many they are. */
static uint32_t number_classes(struct kt_sim_model *model, size_t nr_types)
{
	bool used[ALIGNMENTS] = { true };
	uint32_t count = 0;

	for (size_t i = 0; i < nr_types; i++) {
		uint32_t align = model->types[i].align / GRANULE;

		used[alignment_of(align, 0)] = true;
		for (align = 2; model->types[i].by_size && align < model->granules; align *= 2)
			used[alignment_of(align, HEADER / GRANULE)] = true;
	}
	for (uint32_t i = 0; i < ALIGNMENTS; i++) {
		if (used[i])
			model->classes[i] = (uint8_t)count++;
	}
	return count;
}

static struct kt_sim_model *slob_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->types = calloc(stream->nr_caches, sizeof(*model->types));
	if (!model->types) {
		slob_close(model);
		return NULL;
	}
	for (size_t i = 0; i < stream->nr_caches; i++) {
		const struct kt_sim_cache *cache = &stream->caches[i];
		uint32_t align = cache->align;

		if (align > stream->machine.page_bytes)
			align = stream->machine.page_bytes;
		model->types[i] = (struct type){ .bytes = cache->bytes,
			.align = power_of_two(GRANULE, align),
			.by_size = !cache->bytes || cache->generic };
	}
	model->page_bytes = stream->machine.page_bytes;
	model->granules = model->page_bytes / GRANULE;
	model->page_shift = (uint32_t)__builtin_ctz(model->granules);
	model->nr_words = model->granules / BITS;
	model->unit_shift = model->page_bytes < 65536 ? 1 : 2;
	model->page_units = model->page_bytes >> model->unit_shift;
	model->buddy = stream->buddy;
	slob_lists_init(&model->lists, number_classes(model, stream->nr_caches));
	return model;
}

/* ---- the free runs of a page ---- */

/* First granule from `at` on that is taken; the number of granules: none is. */
static uint32_t next_taken(const struct word *words, uint32_t at, uint32_t granules)
{
	while (at < granules) {
		uint64_t word = words[at / BITS].taken >> at % BITS;

		if (word)
			return at + (uint32_t)__builtin_ctzll(word);
		at = (at / BITS + 1) * BITS;
	}
	return granules;
}

/* First granule of the free ones before `at`; `at`: there are none. */
static uint32_t first_free(const struct word *words, uint32_t at)
{
	while (at) {
		uint32_t bits = (at - 1) % BITS + 1; /* of the word, before `at` */
		uint64_t word = words[(at - 1) / BITS].taken << (BITS - bits);

		if (word)
			return at - (uint32_t)__builtin_clzll(word);
		at -= bits;
	}
	return 0;
}

static void mark(struct word *words, uint32_t start, uint32_t count)
{
	for (uint32_t at = start, end = start + count; at < end;) {
		uint32_t bits = BITS - at % BITS;

		if (bits > end - at)
			bits = end - at;
		words[at / BITS].taken ^= UINT64_MAX >> (BITS - bits) << at % BITS;
		at += bits;
	}
}

/* The free runs that start in a word, by their first granules. */
static uint64_t starts_of(const struct word *words, uint32_t word)
{
	uint64_t taken_before = words[word].taken << 1 | (word ? words[word - 1].taken >> 63 : 1);

	return ~words[word].taken & taken_before;
}

static uint32_t align_up(uint32_t start, const struct request *request)
{
	return ((start + request->offset + request->align - 1) & ~(request->align - 1)) -
	       request->offset;
}

/* The granule where a request starts in a page; the number of granules: it does not fit. */
static uint32_t first_fit(struct word *words, uint32_t granules, const struct request *request)
{
	for (uint32_t i = 0; i < granules / BITS; i++) {
		uint32_t longest = 0;

		if (words[i].longest < request->granules)
			continue;
		for (uint64_t starts = starts_of(words, i); starts; starts &= starts - 1) {
			uint32_t start = i * BITS + (uint32_t)__builtin_ctzll(starts);
			uint32_t end = next_taken(words, start, granules);
			uint32_t at = align_up(start, request);

			if (at + request->granules <= end)
				return at;
			longest = end - start > longest ? end - start : longest;
		}
		words[i].longest = longest;
	}
	return granules;
}

/* The most granules that a request with the same alignment may have in a page. */
static uint32_t longest_fit(
	const struct word *words, uint32_t granules, const struct request *request)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < granules / BITS; i++) {
		for (uint64_t starts = starts_of(words, i); starts; starts &= starts - 1) {
			uint32_t start = i * BITS + (uint32_t)__builtin_ctzll(starts);
			uint32_t end = next_taken(words, start, granules);
			uint32_t at = align_up(start, request);

			if (at + longest < end)
				longest = end - at;
		}
	}
	return longest;
}

/* ---- pages ---- */

static uint32_t units_of(const struct kt_sim_model *model, uint32_t bytes)
{
	return (bytes + (1u << model->unit_shift) - 1) >> model->unit_shift;
}

static uint32_t list_of(uint32_t bytes)
{
	return bytes < BREAK_LOW ? SLOB_SMALL : bytes < BREAK_HIGH ? SLOB_MEDIUM : SLOB_LARGE;
}

static struct word *words_of(const struct kt_sim_model *model, uint32_t page)
{
	return model->words + (size_t)page * model->nr_words;
}

/* Makes room for a page. 0: out of memory, or more pages than places have numbers for. */
static uint32_t page_number(struct kt_sim_model *model)
{
	uint32_t page = model->unused, count = model->lists.count;
	struct word *words;

	if (page) {
		model->unused = slob_page_at(&model->lists, page)->left;
		return page;
	}
	if (count >= UINT32_MAX / model->granules)
		return 0;
	words = kt_sim_more(
		model->words, count, &model->words_room, model->nr_words * sizeof(*words));
	if (!words)
		return 0;
	model->words = words;
	return slob_page_number(&model->lists);
}

/* Takes a page for a list. 0: out of memory. */
static uint32_t page_new(struct kt_sim_model *model, uint32_t list)
{
	uint32_t page = page_number(model), block = KT_SIM_BLOCK_BEYOND;

	if (page && model->buddy)
		block = kt_sim_buddy_take(model->buddy, 1);
	if (!page || block == KT_SIM_BLOCK_NONE)
		return 0;
	memset(words_of(model, page), 0, model->nr_words * sizeof(*model->words));
	words_of(model, page)->longest = model->granules;
	slob_page_init(&model->lists, page);
	slob_page_at(&model->lists, page)->units = (uint16_t)model->page_units;
	slob_page_at(&model->lists, page)->block = block;
	slob_page_raise(&model->lists, page, model->granules);
	slob_list_add(&model->lists, list, page);
	model->nr_pages++;
	model->nr_made++;
	return page;
}

static void page_give(struct kt_sim_model *model, uint32_t page)
{
	struct slob_page *at = slob_page_at(&model->lists, page);

	if (at->list != SLOB_LISTS)
		slob_list_remove(&model->lists, page);
	if (model->buddy)
		kt_sim_buddy_give(model->buddy, at->block);
	at->left = model->unused;
	model->unused = page;
	model->nr_pages--;
	model->nr_given_back++;
}

/* slob_page_alloc(): takes the run; the page is then the head, if it still has free bytes. */
static void page_take(
	struct kt_sim_model *model, uint32_t at, uint32_t start, const struct request *request)
{
	struct word *words = words_of(model, at);
	struct slob_page *page = slob_page_at(&model->lists, at);
	uint32_t rest = start + request->granules, end = next_taken(words, rest, model->granules);

	if (end > rest && words[rest / BITS].longest < end - rest)
		words[rest / BITS].longest = end - rest;
	mark(words, start, request->granules);
	page->units -= (uint16_t)units_of(model, request->bytes);
	if (page->units)
		model->lists.heads[page->list] = at;
	else
		slob_list_remove(&model->lists, at);
}

/* The granule where a request starts in a page; the number of granules: it does not fit. */
static uint32_t page_search(struct kt_sim_model *model, uint32_t at, const struct request *request)
{
	struct word *words = words_of(model, at);
	uint32_t start = first_fit(words, model->granules, request);

	if (start == model->granules)
		slob_page_lower(&model->lists, at, request->class,
			longest_fit(words, model->granules, request));
	return start;
}

/* Searches a page and the pages after it in the tree. Returns the one with the request; 0: none. */
static uint32_t search_from(
	struct kt_sim_model *model, uint32_t at, const struct request *request, uint32_t *ret_start)
{
	while (at) {
		*ret_start = page_search(model, at, request);
		if (*ret_start < model->granules)
			break;
		at = slob_list_next(&model->lists, at, request->class, request->granules);
	}
	return at;
}

/* Searches a list from its head on. Returns the page that has the request; 0: none. */
static uint32_t list_search(struct kt_sim_model *model, uint32_t list,
	const struct request *request, uint32_t *ret_start)
{
	const struct slob_lists *lists = &model->lists;
	uint32_t at = lists->heads[list];

	if (at && slob_page_at(lists, at)->limits[request->class] < (int32_t)request->granules)
		at = slob_list_next(lists, at, request->class, request->granules);
	at = search_from(model, at, request, ret_start);
	if (at)
		return at;
	/* the limits from the head on are too low now, so that only the pages before it are
	 * searched */
	at = slob_list_first(lists, list, request->class, request->granules);
	return search_from(model, at, request, ret_start);
}

/* slob_alloc() */
static bool take(struct kt_sim_model *model, uint32_t object, const struct request *request)
{
	uint32_t list = list_of(request->bytes), start = 0;
	uint32_t at = list_search(model, list, request, &start);

	if (!at) {
		at = page_new(model, list);
		if (!at)
			return false;
		start = page_search(model, at, request);
	}
	page_take(model, at, start, request);
	return kt_sim_place(&model->places, object, (at << model->page_shift) + start);
}

/* slob_free() */
static void give(struct kt_sim_model *model, uint32_t place, const struct request *request)
{
	uint32_t at = place >> model->page_shift, start = place & (model->granules - 1), end;
	struct word *words = words_of(model, at);
	struct slob_page *page = slob_page_at(&model->lists, at);

	page->units += (uint16_t)units_of(model, request->bytes);
	if (page->units == model->page_units) {
		page_give(model, at);
		return;
	}
	mark(words, start, request->granules);
	end = next_taken(words, start + request->granules, model->granules);
	start = first_free(words, start);
	if (words[start / BITS].longest < end - start)
		words[start / BITS].longest = end - start;
	slob_page_raise(&model->lists, at, end - start);
	if (page->list == SLOB_LISTS)
		slob_list_add(&model->lists, list_of(request->bytes), at);
}

/* ---- events ---- */

/* Pages of an object of its own, or what it asks of a page. */
static uint64_t request_of(
	const struct kt_sim_model *model, const struct kt_sim_event *event, struct request *ret)
{
	const struct type *type = &model->types[event->cache];
	uint32_t bytes = type->by_size ? event->bytes : type->bytes, align = type->align;

	*ret = (struct request){ 0 };
	if (bytes >= model->page_bytes - (type->by_size ? GRANULE : 0))
		return power_of_two(1, (uint32_t)kt_sim_pages(bytes, model->page_bytes));
	if (type->by_size) {
		if (!bytes)
			return 0;
		align = (bytes & (bytes - 1)) || bytes < GRANULE ? GRANULE : bytes;
		bytes += HEADER;
		ret->offset = HEADER / GRANULE;
	}
	ret->bytes = bytes;
	ret->granules = (bytes + GRANULE - 1) / GRANULE;
	ret->align = align / GRANULE;
	ret->class = model->classes[alignment_of(ret->align, ret->offset)];
	return 0;
}

static bool slob_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct request request;
	uint64_t pages = request_of(model, event, &request);
	uint32_t block;

	if (request.bytes)
		return take(model, event->object, &request);
	model->large_pages += pages;
	if (!pages || !model->buddy)
		return true;
	block = kt_sim_buddy_take(model->buddy, pages);
	return block != KT_SIM_BLOCK_NONE && kt_sim_place(&model->places, event->object, block);
}

static bool slob_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct request request;
	uint64_t pages = request_of(model, event, &request);

	if (request.bytes)
		give(model, model->places.items[event->object], &request);
	model->large_pages -= pages;
	if (pages && model->buddy)
		kt_sim_buddy_give(model->buddy, model->places.items[event->object]);
	return true;
}

static void slob_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	(void)ret_pages;
	ret->pages = model->nr_pages + model->large_pages;
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "pages taken for small objects", model->nr_made };
	ret->counts[ret->nr_counts++] =
		(struct kt_sim_count){ "pages given back without objects", model->nr_given_back };
}

const struct kt_sim_allocator kt_sim_slob = {
	.name = "slob",
	.title = "SLOB of Linux before 6.4 (Mackall 2005)",
	.by_blocks = true,
	.open = slob_open,
	.close = slob_close,
	.alloc = slob_alloc,
	.free = slob_free,
	.measure = slob_measure,
};
