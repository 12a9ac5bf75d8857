// SPDX-License-Identifier: GPL-2.0-or-later
//
// SLOB (Mackall 2005; mm/slob.c, removed in Linux 6.4): objects of all kinds share pages. Three
// lists have the pages with free bytes, by the size of the objects that they were taken for. A
// request searches its list from where the last one ended, and in a page takes the first free run
// that is large enough. A page without objects is given back at once. kmalloc() puts the size in
// front of its objects, and aligns powers of two to themselves (since Linux 5.4). Objects as large
// as a page are powers of two of pages.
//
// The original walks its lists. Here each list is a tree in the order of the list, and each page
// knows the longest free run below it, so that a long list takes no long time; requests with a
// larger alignment than 8 may look at pages in vain. Objects start at multiples of 8 bytes, so runs
// are measured in these; the free bytes of a page are counted in units of 2, as in the original.
//
// Not modelled: caches whose objects are freed after a grace period of RCU have a footer.

#include "simulate/allocator.h"
#include "simulate/buddy.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define GRANULE	   8u /* bytes: the least alignment */
#define HEADER	   8u /* bytes before an object of kmalloc() */
#define BREAK_LOW  256u
#define BREAK_HIGH 1024u
#define BITS	   64u

enum { LIST_SMALL, LIST_MEDIUM, LIST_LARGE, NR_LISTS };

struct page {
	uint32_t left, right, parent; /* in the tree of its list; 0: none */
	uint32_t priority;
	uint16_t units;	  /* free */
	uint16_t longest; /* granules of its longest free run */
	uint16_t most;	  /* the longest run here and below, granules */
	uint8_t list;	  /* NR_LISTS: none, no byte is free */
	uint32_t block;	  /* of the page allocator, if there is one */
};

struct type {
	uint32_t bytes, align;
	bool by_size; /* kmalloc() */
};

/* An object that a page is searched for. */
struct request {
	uint32_t bytes;
	uint32_t granules;
	uint32_t align, offset; /* granules: the start plus `offset` is a multiple of `align` */
};

struct kt_sim_model {
	struct page *pages; /* the first one is not used */
	uint64_t *taken;    /* a bit for each granule of each page */
	uint32_t count, room, taken_room;
	uint32_t unused; /* first of the pages that may be taken again, by `left`; 0: none */
	uint32_t roots[NR_LISTS];
	uint32_t page_bytes, granules, words; /* of a page */
	uint32_t unit_bytes;
	uint64_t random;
	struct type *types;
	struct kt_sim_buddy *buddy;  /* NULL: where pages are does not matter */
	struct kt_sim_places places; /* granules by object from the first page on; large: block */
	uint64_t nr_pages, large_pages, nr_made, nr_given_back;
};

static void slob_close(struct kt_sim_model *model)
{
	if (!model)
		return;
	free(model->pages);
	free(model->taken);
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
	model->words = model->granules / BITS;
	model->unit_bytes = model->page_bytes < 65536 ? 2 : 4;
	model->buddy = stream->buddy;
	model->count = 1;
	/* decides about the shape of the trees, not about the results */
	model->random = kt_map_hash(KT_SPAN("pages")) | 1;
	return model;
}

/* ---- the free runs of a page ---- */

/* First granule from `at` on that is taken, or free; the number of granules: none is. */
static uint32_t next_granule(const uint64_t *taken, uint32_t at, uint32_t granules, bool is_taken)
{
	while (at < granules) {
		uint64_t word = is_taken ? taken[at / BITS] : ~taken[at / BITS];

		word >>= at % BITS;
		if (word)
			return at + (uint32_t)__builtin_ctzll(word);
		at = (at / BITS + 1) * BITS;
	}
	return granules;
}

static void mark(uint64_t *taken, uint32_t start, uint32_t count, bool is_taken)
{
	for (uint32_t at = start; at < start + count;) {
		uint32_t bits = BITS - at % BITS;
		uint64_t mask;

		if (bits > start + count - at)
			bits = start + count - at;
		mask = (bits < BITS ? (1ull << bits) - 1 : UINT64_MAX) << at % BITS;
		taken[at / BITS] = is_taken ? taken[at / BITS] | mask : taken[at / BITS] & ~mask;
		at += bits;
	}
}

static uint32_t longest_run(const uint64_t *taken, uint32_t granules)
{
	uint32_t longest = 0, at = 0;

	while ((at = next_granule(taken, at, granules, false)) < granules) {
		uint32_t end = next_granule(taken, at, granules, true);

		if (end - at > longest)
			longest = end - at;
		at = end;
	}
	return longest;
}

/* The granule where a request starts in a page; the number of granules: it does not fit. */
static uint32_t first_fit(const uint64_t *taken, uint32_t granules, const struct request *request)
{
	uint32_t at = 0;

	while ((at = next_granule(taken, at, granules, false)) < granules) {
		uint32_t end = next_granule(taken, at, granules, true);
		uint32_t start = (uint32_t)kt_sim_round_up(at + request->offset, request->align) -
				 request->offset;

		if (start + request->granules <= end)
			return start;
		at = end;
	}
	return granules;
}

/* ---- the lists ---- */

static uint32_t draw(struct kt_sim_model *model)
{
	model->random ^= model->random << 13;
	model->random ^= model->random >> 7;
	model->random ^= model->random << 17;
	return (uint32_t)(model->random >> 32);
}

static void note_most(struct page *pages, uint32_t at)
{
	struct page *page = &pages[at];

	page->most = page->longest;
	if (page->left && pages[page->left].most > page->most)
		page->most = pages[page->left].most;
	if (page->right && pages[page->right].most > page->most)
		page->most = pages[page->right].most;
}

static void note_up(struct page *pages, uint32_t at)
{
	for (; at; at = pages[at].parent)
		note_most(pages, at);
}

static void set_left(struct page *pages, uint32_t at, uint32_t left)
{
	pages[at].left = left;
	if (left)
		pages[left].parent = at;
	note_most(pages, at);
}

static void set_right(struct page *pages, uint32_t at, uint32_t right)
{
	pages[at].right = right;
	if (right)
		pages[right].parent = at;
	note_most(pages, at);
}

/* Joins two trees: the pages of the second follow. */
static uint32_t join(struct page *pages, uint32_t first, uint32_t second)
{
	if (!first || !second)
		return first ? first : second;
	if (pages[first].priority > pages[second].priority) {
		set_right(pages, first, join(pages, pages[first].right, second));
		return first;
	}
	set_left(pages, second, join(pages, first, pages[second].left));
	return second;
}

static void set_root(struct kt_sim_model *model, uint32_t list, uint32_t root)
{
	model->roots[list] = root;
	if (root)
		model->pages[root].parent = 0;
}

static void list_add(struct kt_sim_model *model, uint32_t list, uint32_t at)
{
	struct page *page = &model->pages[at];

	page->list = (uint8_t)list;
	page->left = page->right = page->parent = 0;
	page->priority = draw(model);
	note_most(model->pages, at);
	set_root(model, list, join(model->pages, at, model->roots[list]));
}

static void list_remove(struct kt_sim_model *model, uint32_t at)
{
	struct page *pages = model->pages;
	uint32_t above = pages[at].parent, list = pages[at].list;
	uint32_t below = join(pages, pages[at].left, pages[at].right);

	pages[at].list = NR_LISTS;
	if (!above) {
		set_root(model, list, below);
		return;
	}
	if (pages[above].left == at)
		set_left(pages, above, below);
	else
		set_right(pages, above, below);
	note_up(pages, pages[above].parent);
}

/* Makes a page the first of its list: those before it go to the end. */
static void list_rotate(struct kt_sim_model *model, uint32_t at)
{
	struct page *pages = model->pages;
	uint32_t before = pages[at].left, from = at, child = at, above = pages[at].parent;
	uint32_t list = pages[at].list;

	set_left(pages, at, 0);
	while (above) {
		uint32_t next = pages[above].parent;

		if (pages[above].right == child) {
			set_right(pages, above, before);
			before = above;
		} else {
			set_left(pages, above, from);
			from = above;
		}
		child = above;
		above = next;
	}
	set_root(model, list, join(pages, from, before));
}

/* The first page of a tree with so long a run; 0: none. */
static uint32_t first_page(const struct page *pages, uint32_t at, uint32_t granules)
{
	while (at && pages[at].most >= granules) {
		uint32_t left = pages[at].left;

		if (left && pages[left].most >= granules)
			at = left;
		else if (pages[at].longest >= granules)
			return at;
		else
			at = pages[at].right;
	}
	return 0;
}

static uint32_t next_page(const struct page *pages, uint32_t at, uint32_t granules)
{
	uint32_t found = first_page(pages, pages[at].right, granules);

	while (!found && pages[at].parent) {
		uint32_t child = at;

		at = pages[at].parent;
		if (pages[at].left != child)
			continue;
		if (pages[at].longest >= granules)
			return at;
		found = first_page(pages, pages[at].right, granules);
	}
	return found;
}

/* ---- pages ---- */

static uint32_t units_of(const struct kt_sim_model *model, uint32_t bytes)
{
	return (bytes + model->unit_bytes - 1) / model->unit_bytes;
}

static uint32_t list_of(uint32_t bytes)
{
	return bytes < BREAK_LOW ? LIST_SMALL : bytes < BREAK_HIGH ? LIST_MEDIUM : LIST_LARGE;
}

static uint64_t *taken_of(const struct kt_sim_model *model, uint32_t page)
{
	return model->taken + (size_t)page * model->words;
}

/* Makes room for a page. 0: out of memory, or more pages than places have numbers for. */
static uint32_t page_number(struct kt_sim_model *model)
{
	uint32_t page = model->unused;
	struct page *pages;
	uint64_t *taken;

	if (page) {
		model->unused = model->pages[page].left;
		return page;
	}
	if (model->count >= UINT32_MAX / model->granules)
		return 0;
	pages = kt_sim_more(model->pages, model->count, &model->room, sizeof(*pages));
	if (!pages)
		return 0;
	model->pages = pages;
	taken = kt_sim_more(model->taken, model->count, &model->taken_room,
		model->words * sizeof(*model->taken));
	if (!taken)
		return 0;
	model->taken = taken;
	return model->count++;
}

/* Takes a page for a list. 0: out of memory. */
static uint32_t page_new(struct kt_sim_model *model, uint32_t list)
{
	uint32_t page = page_number(model), block = KT_SIM_BLOCK_BEYOND;

	if (page && model->buddy)
		block = kt_sim_buddy_take(model->buddy, 1);
	if (!page || block == KT_SIM_BLOCK_NONE)
		return 0;
	memset(taken_of(model, page), 0, model->words * sizeof(*model->taken));
	model->pages[page] = (struct page){ .units = (uint16_t)units_of(model, model->page_bytes),
		.longest = (uint16_t)model->granules,
		.block = block };
	list_add(model, list, page);
	model->nr_pages++;
	model->nr_made++;
	return page;
}

static void page_give(struct kt_sim_model *model, uint32_t page)
{
	if (model->pages[page].list != NR_LISTS)
		list_remove(model, page);
	if (model->buddy)
		kt_sim_buddy_give(model->buddy, model->pages[page].block);
	model->pages[page].left = model->unused;
	model->unused = page;
	model->nr_pages--;
	model->nr_given_back++;
}

/* slob_page_alloc(): takes the run; the page is then the first one, if it still has free bytes. */
static void page_take(
	struct kt_sim_model *model, uint32_t at, uint32_t start, const struct request *request)
{
	struct page *page = &model->pages[at];

	mark(taken_of(model, at), start, request->granules, true);
	page->units -= (uint16_t)units_of(model, request->bytes);
	if (!page->units) {
		list_remove(model, at);
		return;
	}
	page->longest = (uint16_t)longest_run(taken_of(model, at), model->granules);
	note_up(model->pages, at);
	list_rotate(model, at);
}

/* slob_alloc() */
static bool take(struct kt_sim_model *model, uint32_t object, const struct request *request)
{
	uint32_t list = list_of(request->bytes);
	uint32_t at = first_page(model->pages, model->roots[list], request->granules), start = 0;

	for (; at; at = next_page(model->pages, at, request->granules)) {
		start = first_fit(taken_of(model, at), model->granules, request);
		if (start < model->granules)
			break;
	}
	if (!at) {
		at = page_new(model, list);
		if (!at)
			return false;
		start = first_fit(taken_of(model, at), model->granules, request);
	}
	page_take(model, at, start, request);
	return kt_sim_place(&model->places, object, at * model->granules + start);
}

/* slob_free() */
static void give(struct kt_sim_model *model, uint32_t place, const struct request *request)
{
	uint32_t at = place / model->granules;
	struct page *page = &model->pages[at];

	page->units += (uint16_t)units_of(model, request->bytes);
	if (page->units == units_of(model, model->page_bytes)) {
		page_give(model, at);
		return;
	}
	mark(taken_of(model, at), place % model->granules, request->granules, false);
	page->longest = (uint16_t)longest_run(taken_of(model, at), model->granules);
	if (page->list == NR_LISTS)
		list_add(model, list_of(request->bytes), at);
	else
		note_up(model->pages, at);
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
