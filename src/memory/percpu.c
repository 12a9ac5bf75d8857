// SPDX-License-Identifier: GPL-2.0-or-later
//
// The allocator has an array of lists of chunks, by the free space in them (mm/percpu.c). Where no
// symbol leads there, one chunk does: its list has a head in the array, and the other heads are
// next to it. The part of the first chunk that is reserved for modules is on no list.
//
// A chunk's map has a bit for each 4 bytes (PCPU_MIN_ALLOC_SIZE) of a unit. A second map marks
// where allocations begin and end. Zeros of the first map are the chunk's own count of free bytes,
// so a chunk that was read while it changed is found out.

#include "memory/percpu.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define BIT_BYTES   4u /* PCPU_MIN_ALLOC_SIZE */
#define CHUNKS_MAX  65536u
#define HEADS_MAX   64u	   /* lists before and after the known one */
#define PAGES_MAX   16384u /* of a unit */
#define UNITS_MAX   65536u
#define STRUCT_MAX  1024u /* bytes of a chunk before its map of pages */
#define TRIES	    4u
#define KERNEL_HALF (1ull << 63) /* addresses of 64-bit kernels have this bit */

struct layout {
	struct kt_field list, free_bytes, base, map, bounds, start, end;
	struct kt_field nr_pages, nr_populated, pages, immutable;
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "pcpu_chunk", "list", AT(list), true },
	{ "pcpu_chunk", "free_bytes", AT(free_bytes), true },
	{ "pcpu_chunk", "base_addr", AT(base), true },
	{ "pcpu_chunk", "alloc_map", AT(map), true },
	{ "pcpu_chunk", "bound_map", AT(bounds), true },
	{ "pcpu_chunk", "start_offset", AT(start), true },
	{ "pcpu_chunk", "end_offset", AT(end), true },
	{ "pcpu_chunk", "nr_pages", AT(nr_pages), true },
	{ "pcpu_chunk", "nr_populated", AT(nr_populated), true },
	{ "pcpu_chunk", "populated", AT(pages), true },
	{ "pcpu_chunk", "immutable", AT(immutable), true },
};

/* A chunk, from one copy of its struct. Bytes are of one unit. */
struct chunk {
	uint64_t address, next, previous, base, map, bounds;
	uint64_t nr_pages, nr_populated, free_bytes, start, end;
	bool first; /* or the part of it that is reserved */
};

/* Where a chunk goes in the snapshot. */
struct place {
	uint64_t base, address;
	struct kt_percpu_chunk chunk;
};

struct walk {
	struct kt_target *target;
	struct kt_memmap *memmap;
	struct layout layout;
	struct kt_snapshot *snap;
	struct kt_percpu_walk *sum;
	struct chunk first; /* its address is 0 if it was not seen */
	int64_t nr_torn_lists;
	struct kt_arena arena;
	struct kt_map seen; /* address of a chunk, or of what is none -> last pass that saw it */
	uint32_t pass;	    /* over all lists, from 1 on */
	KT_LIST(struct place) places;
	char *map, *bounds; /* copies */
	uint64_t map_room;  /* bytes of each */
	/* the search for a chunk in the memory map */
	struct kt_field owners[3];
	uint64_t flags_mask, found;
};

/* ---- one chunk ---- */

/* Whether both neighbours of an element of a list lead back to it. */
static bool is_linked(struct walk *walk, uint64_t element, uint64_t next, uint64_t previous)
{
	uint32_t bytes = walk->target->types.pointer_bytes;
	uint64_t back, forth;

	return kt_target_pointer(walk->target, next + bytes, &back) && back == element &&
	       kt_target_pointer(walk->target, previous, &forth) && forth == element;
}

static bool bit_of(const char *map, uint64_t bit)
{
	return map[bit / 8] >> bit % 8 & 1;
}

/* Counts no bit after the last page: the kernel fills whole words. */
static uint64_t count_ones(const char *map, uint64_t bits)
{
	uint64_t ones = 0;

	for (uint64_t bit = 0; bit < bits; bit++)
		ones += bit_of(map, bit);
	return ones;
}

/* Copies a chunk's struct; false: there is none at this address. */
static bool read_chunk(struct walk *walk, uint64_t address, struct chunk *ret)
{
	const struct layout *layout = &walk->layout;
	uint32_t head = layout->pages.offset, bytes = walk->target->types.pointer_bytes;
	struct kt_field next = { true, layout->list.offset, bytes, 1, 0, 0 };
	struct kt_field previous = { true, layout->list.offset + bytes, bytes, 1, 0, 0 };
	char copy[STRUCT_MAX], pages[PAGES_MAX / 8 + 8];
	uint64_t unit, map_bytes;

	if (!kt_target_read(walk->target, address, copy, head))
		return false;
	*ret = (struct chunk){ .address = address,
		.next = kt_field_get(&next, copy, head),
		.previous = kt_field_get(&previous, copy, head),
		.base = kt_field_get(&layout->base, copy, head),
		.map = kt_field_get(&layout->map, copy, head),
		.bounds = kt_field_get(&layout->bounds, copy, head),
		.nr_pages = kt_field_get(&layout->nr_pages, copy, head),
		.nr_populated = kt_field_get(&layout->nr_populated, copy, head),
		.free_bytes = kt_field_get(&layout->free_bytes, copy, head),
		.start = kt_field_get(&layout->start, copy, head),
		.end = kt_field_get(&layout->end, copy, head),
		.first = kt_field_get(&layout->immutable, copy, head) };
	unit = ret->nr_pages * walk->target->page_bytes;
	map_bytes = (ret->nr_pages + 8ull * bytes - 1) / (8ull * bytes) * bytes;
	return ret->base && ret->base % walk->target->page_bytes == 0 && ret->map && ret->bounds &&
	       ret->nr_pages && ret->nr_pages <= PAGES_MAX && ret->nr_populated <= ret->nr_pages &&
	       ret->start % BIT_BYTES == 0 && ret->end % BIT_BYTES == 0 && ret->start < unit &&
	       ret->end < unit - ret->start && ret->free_bytes <= unit - ret->start - ret->end &&
	       kt_target_read(walk->target, address + head, pages, map_bytes) &&
	       count_ones(pages, ret->nr_pages) == ret->nr_populated;
}

/* Counts of a chunk's map, in bits. */
struct counts {
	uint64_t used, largest, gaps, nr_allocs;
};

/* Runs of zeros: the longest, and all before the last one. Words that are the same are skipped. */
static void count_map(const struct walk *walk, uint64_t first, uint64_t end, struct counts *ret)
{
	uint64_t run = 0;

	*ret = (struct counts){ 0 };
	for (uint64_t bit = first; bit < end; bit++) {
		uint64_t word, owned;

		memcpy(&word, walk->map + bit / 64 * 8, sizeof(word));
		if (bit % 64 == 0 && end - bit >= 64 && (!word || !~word)) {
			memcpy(&owned, walk->bounds + bit / 64 * 8, sizeof(owned));
			if (!word)
				run += 64;
			if (run > ret->largest)
				ret->largest = run;
			if (word) {
				ret->gaps += run;
				run = 0;
				ret->used += 64;
				ret->nr_allocs += (uint64_t)__builtin_popcountll(owned);
			}
			bit += 63;
			continue;
		}
		if (!bit_of(walk->map, bit)) {
			run++;
			if (run > ret->largest)
				ret->largest = run;
			continue;
		}
		ret->gaps += run;
		run = 0;
		ret->used++;
		ret->nr_allocs += bit_of(walk->bounds, bit);
	}
}

static bool make_room(struct walk *walk, uint64_t bytes)
{
	if (bytes <= walk->map_room)
		return true;
	free(walk->map);
	free(walk->bounds);
	walk->map = malloc(bytes);
	walk->bounds = malloc(bytes);
	walk->map_room = walk->map && walk->bounds ? bytes : 0;
	walk->arena.failed |= !walk->map_room;
	return walk->map_room > 0;
}

/* Copies both maps and counts them; false: they are not of this state of the chunk. */
static bool measure(struct walk *walk, const struct chunk *chunk, struct counts *ret)
{
	uint64_t bits = chunk->nr_pages * walk->target->page_bytes / BIT_BYTES;
	uint64_t first = chunk->start / BIT_BYTES, end = bits - chunk->end / BIT_BYTES;

	if (!make_room(walk, bits / 8) ||
		!kt_target_read(walk->target, chunk->map, walk->map, bits / 8) ||
		!kt_target_read(walk->target, chunk->bounds, walk->bounds, bits / 8))
		return false;
	count_map(walk, first, end, ret);
	return (end - first - ret->used) * BIT_BYTES == chunk->free_bytes;
}

static void put_chunk(
	struct walk *walk, const struct chunk *chunk, const struct counts *counts, bool reserved)
{
	struct place *place = kt_list_push(&walk->arena, &walk->places);
	uint64_t page_bytes = walk->target->page_bytes;
	uint64_t size = chunk->nr_pages * page_bytes - chunk->start - chunk->end;

	if (!place)
		return;
	place->base = chunk->base;
	place->address = chunk->address;
	place->chunk = (struct kt_percpu_chunk){ .first = chunk->first && !reserved,
		.reserved = reserved,
		.size_bytes = (int64_t)size,
		.populated_bytes = (int64_t)(chunk->nr_populated * page_bytes),
		.nr_allocs = (int64_t)counts->nr_allocs,
		.free_bytes = (int64_t)(size - counts->used * BIT_BYTES),
		.largest_free_bytes = (int64_t)(counts->largest * BIT_BYTES),
		.fragment_bytes = (int64_t)(counts->gaps * BIT_BYTES) };
}

/* Reads a chunk until its map fits to its counts. */
static void take_chunk(struct walk *walk, uint64_t address, bool reserved)
{
	struct chunk chunk;
	struct counts counts;

	for (unsigned i = 0; i < TRIES; i++) {
		if (!read_chunk(walk, address, &chunk))
			break;
		if (!measure(walk, &chunk, &counts))
			continue;
		put_chunk(walk, &chunk, &counts, reserved);
		if (chunk.first && !reserved)
			walk->first = chunk;
		return;
	}
	walk->sum->nr_torn++;
}

/* ---- lists ---- */

static bool is_new(struct walk *walk, uint64_t address)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	bool added = false;
	uint32_t *pass = kt_map_add(&walk->seen, key, &walk->arena, &added);

	if (pass)
		*pass = walk->pass;
	return added;
}

/* Whether a list begins here; `ret_next`: its first element, or the head itself. */
static bool is_head(struct walk *walk, uint64_t head, uint64_t *ret_next)
{
	uint64_t previous;
	struct chunk chunk;

	if (!kt_target_pointer(walk->target, head, ret_next) ||
		!kt_target_pointer(
			walk->target, head + walk->target->types.pointer_bytes, &previous) ||
		!is_linked(walk, head, *ret_next, previous))
		return false;
	return *ret_next == head || read_chunk(walk, *ret_next - walk->layout.list.offset, &chunk);
}

/* Takes the chunks of a list; false: it leads elsewhere. Chunks move between lists. */
static bool take_list(struct walk *walk, uint64_t head, uint64_t at)
{
	for (unsigned i = 0; at != head && i < CHUNKS_MAX; i++) {
		uint64_t address = at - walk->layout.list.offset;
		struct chunk chunk;

		if (!read_chunk(walk, address, &chunk))
			return false;
		if (is_new(walk, address))
			take_chunk(walk, address, false);
		at = chunk.next;
	}
	return at == head;
}

/* Takes a list; false: none begins here. */
static bool take_head(struct walk *walk, uint64_t head)
{
	bool any = false;
	uint64_t next;

	for (unsigned i = 0; i < TRIES; i++) {
		if (!is_head(walk, head, &next))
			continue;
		any = true;
		if (take_list(walk, head, next))
			return true;
	}
	walk->nr_torn_lists += any;
	return any;
}

/* Takes the lists next to each other, a known one and those before and after it. */
static void take_lists(struct walk *walk, uint64_t head)
{
	uint64_t bytes = 2ull * walk->target->types.pointer_bytes, at = head;

	for (unsigned i = 0; i < HEADS_MAX && take_head(walk, at); i++)
		at += bytes;
	at = head - bytes;
	for (unsigned i = 0; i < HEADS_MAX && take_head(walk, at); i++)
		at -= bytes;
}

/*
 * Whether a chunk was freed since it was taken. The last pass may have missed one that moved to
 * another list; then its neighbours lead to it.
 */
static bool is_freed(struct walk *walk, uint64_t address)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	const uint32_t *pass = kt_map_find(&walk->seen, key);
	struct chunk chunk;

	if (pass && *pass == walk->pass)
		return false;
	for (unsigned i = 0; i < TRIES; i++) {
		if (read_chunk(walk, address, &chunk) &&
			is_linked(walk, address + walk->layout.list.offset, chunk.next,
				chunk.previous))
			return false;
	}
	return true;
}

static void drop_freed(struct walk *walk)
{
	size_t nr_kept = 0;

	for (size_t i = 0; i < walk->places.count; i++) {
		if (!is_freed(walk, walk->places.items[i].address))
			walk->places.items[nr_kept++] = walk->places.items[i];
	}
	walk->places.count = nr_kept;
}

/* A chunk may move to a list that was read already, so the lists are read until none is new. */
static void take_chunks(struct walk *walk, uint64_t head)
{
	uint32_t before = 0;

	for (unsigned i = 0; i < TRIES && (!i || walk->seen.count != before); i++) {
		before = walk->seen.count;
		walk->nr_torn_lists = 0;
		walk->pass++;
		take_lists(walk, head);
	}
	walk->sum->nr_torn += walk->nr_torn_lists;
	drop_freed(walk);
}

/* The head of the list that a chunk is on: the element that is no chunk. */
static bool find_head(struct walk *walk, uint64_t address, uint64_t *ret_head)
{
	uint64_t first = address + walk->layout.list.offset, at = first;

	for (unsigned i = 0; i < CHUNKS_MAX; i++) {
		struct chunk chunk;

		if (!read_chunk(walk, at - walk->layout.list.offset, &chunk)) {
			*ret_head = at;
			return true;
		}
		at = chunk.next;
		if (at == first)
			return false;
	}
	return false;
}

/* ---- the start ---- */

/* A page of a chunk has no flag, and the address of the chunk in one of its members. */
static bool visit_page(void *arg, uint64_t pfn, const char *page)
{
	struct walk *walk = arg;
	uint32_t bytes = walk->memmap->page_struct_bytes;

	(void)pfn;
	if (kt_field_get(&walk->memmap->flags, page, bytes) & walk->flags_mask)
		return true;
	for (size_t i = 0; i < KT_LEN(walk->owners); i++) {
		uint64_t address = kt_field_get(&walk->owners[i], page, bytes);
		struct chunk chunk;

		/* no chunk is at an odd address, so that is a key of its own */
		if (!(address & KERNEL_HALF) || address % sizeof(uint64_t) ||
			!is_new(walk, address + 1) || !read_chunk(walk, address, &chunk) ||
			!is_linked(walk, address + walk->layout.list.offset, chunk.next,
				chunk.previous))
			continue;
		walk->found = address;
		return false;
	}
	return true;
}

/* The member was index; it is private from 6.16, where index was renamed. */
static bool find_by_pages(struct walk *walk, uint64_t *ret_head)
{
	static const char *const members[] = { "private", "index", "__folio_index" };
	const struct kt_types *types = &walk->target->types;
	int64_t nr_flags;

	if (!walk->memmap)
		return false;
	for (size_t i = 0; i < KT_LEN(walk->owners); i++)
		kt_types_field(types, "page", members[i], &walk->owners[i]);
	if (kt_types_enum(types, "pageflags", "__NR_PAGEFLAGS", &nr_flags) && nr_flags > 0 &&
		nr_flags < 64)
		walk->flags_mask = (1ull << nr_flags) - 1;
	kt_memmap_pages(walk->memmap, visit_page, walk);
	return walk->found && find_head(walk, walk->found, ret_head);
}

static const char *const list_symbols[] = { "pcpu_chunk_lists", "pcpu_slot" };

bool kt_percpu_has_symbols(const struct kt_target *target)
{
	uint64_t at;

	for (size_t i = 0; i < KT_LEN(list_symbols); i++) {
		if (kt_symbols_find(&target->symbols, list_symbols[i], &at))
			return true;
	}
	return false;
}

static bool find_lists(struct walk *walk, uint64_t *ret_head)
{
	uint64_t at;

	for (size_t i = 0; i < KT_LEN(list_symbols); i++) {
		if (kt_symbols_find(&walk->target->symbols, list_symbols[i], &at) &&
			kt_target_pointer(walk->target, at, ret_head) && *ret_head)
			return true;
	}
	return find_by_pages(walk, ret_head);
}

/* The value of a variable; false: no symbol names it. */
static bool read_variable(struct walk *walk, const char *name, uint32_t bytes, uint64_t *ret)
{
	uint64_t at;

	return kt_symbols_find(&walk->target->symbols, name, &at) &&
	       kt_target_number(walk->target, at, bytes, ret);
}

/* ---- all ---- */

static int by_base(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->base > y->base) - (x->base < y->base);
}

static void put_all(struct walk *walk)
{
	if (walk->places.count)
		qsort(walk->places.items, walk->places.count, sizeof(*walk->places.items), by_base);
	for (size_t i = 0; i < walk->places.count; i++) {
		struct kt_percpu_chunk *slot =
			kt_list_push(&walk->snap->arena, &walk->snap->percpu_chunks);

		if (slot)
			*slot = walk->places.items[i].chunk;
	}
}

/* The first chunk begins with the kernel's own variables, which are in no list. */
static void count_first_pages(struct walk *walk)
{
	uint64_t page_bytes = walk->target->page_bytes, base;

	if (walk->first.address &&
		read_variable(walk, "pcpu_base_addr", walk->target->types.pointer_bytes, &base) &&
		base <= walk->first.base && (walk->first.base - base) / page_bytes <= PAGES_MAX)
		walk->sum->nr_first_pages =
			(int64_t)((walk->first.base - base) / page_bytes + walk->first.nr_pages);
}

static struct kt_err *run(struct walk *walk)
{
	struct kt_err *err =
		kt_types_fields(&walk->target->types, wants, KT_LEN(wants), &walk->layout);
	uint64_t head, value;

	if (err)
		return err;
	if (walk->layout.pages.offset > STRUCT_MAX)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct pcpu_chunk that is not understood");
	if (!find_lists(walk, &head))
		return kt_err_new(KT_ERR_ABSENT,
			"no chunk of per-CPU memory is found (a kernel with CONFIG_KALLSYMS_ALL "
			"names their lists; here a chunk besides the first one is needed)");
	walk->sum->nr_units =
		read_variable(walk, "pcpu_nr_units", 4, &value) && value && value <= UNITS_MAX
			? (int64_t)value
			: (int64_t)walk->target->nr_cpus;
	take_chunks(walk, head);
	if (read_variable(walk, "pcpu_reserved_chunk", walk->target->types.pointer_bytes, &value) &&
		value)
		take_chunk(walk, value, true);
	count_first_pages(walk);
	if (walk->arena.failed || walk->seen.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	put_all(walk);
	return walk->places.count
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT, "the chunks of per-CPU memory cannot be read");
}

struct kt_err *kt_percpu_walk(
	struct kt_target *target, struct kt_memmap *memmap, struct kt_snapshot *snap)
{
	struct walk walk = {
		.target = target, .memmap = memmap, .snap = snap, .sum = &snap->percpu_walk
	};
	struct kt_err *err;

	snap->percpu_walk = kt_percpu_walk_unknown();
	err = run(&walk);
	free(walk.map);
	free(walk.bounds);
	kt_map_fini(&walk.seen);
	kt_arena_fini(&walk.arena);
	return err;
}
