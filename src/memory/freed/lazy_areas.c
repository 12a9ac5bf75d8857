// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/vmalloc.c. vfree() gives the pages back at once, but the addresses only later, many together:
// until then CPUs may still have translations of them. Where such areas wait differs: in a chain
// without a way back, in one list, or in a list of each node ("struct vmap_node"; a node is a part
// of the addresses here, not of the machine). Nodes also keep areas that are purged, by their
// length, for the next caller.
//
// No lock is taken. Each area of a list points back, which shows whether it moved meanwhile.

#include "memory/freed/lazy_areas.h"

#include "base/attr.h"

#include <stddef.h>

#define TRIES	   3u
#define NODES_MAX  1024u
#define AREAS_MAX  (1u << 22) /* in one list */
#define STRUCT_MAX 256u	      /* bytes of a struct that is read whole */
#define ALLOCATED  2u	      /* VM_ALLOC, include/linux/vmalloc.h */

struct layout {
	struct kt_field start, end, list, chain, vm;  /* struct vmap_area */
	struct kt_field addr, flags, nr_pages, asked; /* struct vm_struct */
	struct kt_field lazy, purging, busy, pool;    /* struct vmap_node */
	uint32_t area_bytes, vm_bytes, node_bytes, pool_bytes;
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "vmap_area", "va_start", AT(start), true },
	{ "vmap_area", "va_end", AT(end), true },
	{ "vmap_area", "list", AT(list), true },
	{ "vmap_area", "purge_list", AT(chain), false },
	{ "vmap_area", "vm", AT(vm), true },
	{ "vm_struct", "addr", AT(addr), false },
	{ "vm_struct", "flags", AT(flags), false },
	{ "vm_struct", "nr_pages", AT(nr_pages), false },
	{ "vm_struct", "requested_size", AT(asked), false },
	{ "vmap_node", "lazy.head", AT(lazy), false },
	{ "vmap_node", "purge_list", AT(purging), false },
	{ "vmap_node", "busy.head", AT(busy), false },
	{ "vmap_node", "pool", AT(pool), false },
};

struct walk {
	struct kt_target *target;
	struct layout layout;
	struct kt_lazy_areas *areas;
};

/* Areas of one list. */
struct sums {
	int64_t nr_areas, bytes;
	int64_t nr_asked, asked_bytes, taken_bytes;
};

/* ---- one area ---- */

/* Adds the size that the caller of an area asked for, if its pages are of vmalloc itself. */
static bool add_asked(struct walk *walk, uint64_t vm, uint64_t start, struct sums *sums)
{
	const struct layout *layout = &walk->layout;
	uint64_t asked, taken;
	char copy[STRUCT_MAX];

	if (!vm)
		return true; /* vm_map_ram() */
	if (!kt_target_is_pointer(walk->target, vm) ||
		!kt_target_read(walk->target, vm, copy, layout->vm_bytes) ||
		kt_field_get(&layout->addr, copy, layout->vm_bytes) != start)
		return false;
	if (!(kt_field_get(&layout->flags, copy, layout->vm_bytes) & ALLOCATED))
		return true;
	asked = kt_field_get(&layout->asked, copy, layout->vm_bytes);
	taken = kt_field_get(&layout->nr_pages, copy, layout->vm_bytes);
	/* 0: its pages are not there yet */
	if (!asked || !taken || taken > (uint64_t)KT_AMOUNT_MAX / walk->target->page_bytes)
		return true;
	taken *= walk->target->page_bytes;
	if (asked > taken)
		return true;
	sums->nr_asked++;
	sums->asked_bytes += (int64_t)asked;
	sums->taken_bytes += (int64_t)taken;
	return sums->taken_bytes <= KT_AMOUNT_MAX;
}

/* Reads an area; false: it is none. */
static bool read_area(struct walk *walk, uint64_t address, char copy[STRUCT_MAX], struct sums *sums)
{
	const struct layout *layout = &walk->layout;
	uint64_t start, end;

	if (!kt_target_is_pointer(walk->target, address) ||
		!kt_target_read(walk->target, address, copy, layout->area_bytes))
		return false;
	start = kt_field_get(&layout->start, copy, layout->area_bytes);
	end = kt_field_get(&layout->end, copy, layout->area_bytes);
	if (start % walk->target->page_bytes || end % walk->target->page_bytes || end <= start ||
		!kt_target_is_pointer(walk->target, start) ||
		end - start > (uint64_t)KT_AMOUNT_MAX / 2)
		return false;
	sums->nr_areas++;
	sums->bytes += (int64_t)(end - start);
	return sums->bytes <= KT_AMOUNT_MAX / 2;
}

static uint64_t word_of(
	const struct kt_field *field, uint32_t more, uint32_t bytes, const char copy[STRUCT_MAX])
{
	struct kt_field word = *field;

	word.offset += more;
	word.size = bytes;
	word.count = 1;
	return kt_field_get(&word, copy, STRUCT_MAX);
}

/* ---- lists ---- */

/* A list that is not initialised yet, all zero, is empty. */
static bool sum_list(struct walk *walk, uint64_t head, bool asked, struct sums *sums)
{
	const struct layout *layout = &walk->layout;
	uint32_t bytes = walk->target->types.pointer_bytes;
	uint64_t at, before = head;
	char copy[STRUCT_MAX] = { 0 };

	*sums = (struct sums){ 0 };
	if (!kt_target_pointer(walk->target, head, &at))
		return false;
	for (uint32_t i = 0; at && at != head; i++) {
		if (i >= AREAS_MAX || !read_area(walk, at - layout->list.offset, copy, sums) ||
			word_of(&layout->list, bytes, bytes, copy) != before ||
			(asked && !add_asked(walk, word_of(&layout->vm, 0, bytes, copy),
					  kt_field_get(&layout->start, copy, layout->area_bytes),
					  sums)))
			return false;
		before = at;
		at = word_of(&layout->list, 0, bytes, copy);
	}
	return at == head || before == head;
}

/* The chain of 5.10. A circle is found by a mark that is set anew after 1, 2, 4, ... areas. */
static bool sum_chain(struct walk *walk, uint64_t head, struct sums *sums)
{
	const struct layout *layout = &walk->layout;
	uint32_t bytes = walk->target->types.pointer_bytes;
	uint64_t at, mark = 0;
	char copy[STRUCT_MAX] = { 0 };

	*sums = (struct sums){ 0 };
	if (!kt_target_pointer(walk->target, head, &at))
		return false;
	for (uint32_t i = 0; at; i++) {
		if (i >= AREAS_MAX || at == mark ||
			!read_area(walk, at - layout->chain.offset, copy, sums))
			return false;
		if (!(i & (i + 1)))
			mark = at;
		at = word_of(&layout->chain, 0, bytes, copy);
	}
	return true;
}

enum how { LIST, LIST_ASKED, CHAIN };

/* A list that changed each time it was read is counted as torn, and its areas are not. */
static struct sums sum_of(struct walk *walk, uint64_t head, enum how how)
{
	struct sums sums;

	for (unsigned i = 0; i < TRIES; i++) {
		if (how == CHAIN ? sum_chain(walk, head, &sums)
				 : sum_list(walk, head, how == LIST_ASKED, &sums))
			return sums;
	}
	walk->areas->nr_torn++;
	return (struct sums){ 0 };
}

static void add_lazy(struct walk *walk, uint64_t head, enum how how)
{
	struct sums sums = sum_of(walk, head, how);

	walk->areas->nr_lazy += sums.nr_areas;
	walk->areas->lazy_bytes += sums.bytes;
}

/* ---- nodes ---- */

static void add_asked_of(struct walk *walk, uint64_t head)
{
	struct sums sums = sum_of(walk, head, LIST_ASKED);
	struct kt_lazy_areas *areas = walk->areas;

	areas->nr_asked += sums.nr_asked;
	areas->asked_bytes += sums.asked_bytes;
	areas->taken_bytes += sums.taken_bytes;
}

static void add_node(struct walk *walk, uint64_t node)
{
	const struct layout *layout = &walk->layout;
	struct kt_lazy_areas *areas = walk->areas;

	add_lazy(walk, node + layout->lazy.offset, LIST);
	if (layout->purging.exists)
		add_lazy(walk, node + layout->purging.offset, LIST);
	for (uint32_t i = 0; layout->pool.exists && layout->pool_bytes && i < layout->pool.count;
		i++) {
		struct sums sums = sum_of(
			walk, node + layout->pool.offset + (uint64_t)i * layout->pool_bytes, LIST);

		areas->nr_pooled += sums.nr_areas;
		areas->pooled_bytes += sums.bytes;
	}
	if (layout->busy.exists && layout->asked.exists)
		add_asked_of(walk, node + layout->busy.offset);
}

static bool add_nodes(struct walk *walk)
{
	const struct layout *layout = &walk->layout;
	struct kt_lazy_areas *areas = walk->areas;
	uint64_t at, nodes, nr_at, nr_nodes;

	if (!layout->lazy.exists || !layout->node_bytes ||
		!kt_symbols_find(&walk->target->symbols, "vmap_nodes", &at) ||
		!kt_symbols_find(&walk->target->symbols, "nr_vmap_nodes", &nr_at) ||
		!kt_target_pointer(walk->target, at, &nodes) ||
		!kt_target_number(walk->target, nr_at, 4, &nr_nodes) ||
		!kt_target_is_pointer(walk->target, nodes) || !nr_nodes || nr_nodes > NODES_MAX)
		return false;
	areas->nr_pooled = areas->pooled_bytes = 0;
	if (layout->busy.exists && layout->asked.exists)
		areas->nr_asked = areas->asked_bytes = areas->taken_bytes = 0;
	for (uint64_t i = 0; i < nr_nodes; i++)
		add_node(walk, nodes + i * layout->node_bytes);
	return true;
}

/* ---- all ---- */

static struct kt_err *find_layout(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), layout);

	if (err)
		return err;
	layout->area_bytes = kt_types_size(types, "vmap_area");
	layout->vm_bytes = kt_types_size(types, "vm_struct");
	layout->node_bytes = kt_types_size(types, "vmap_node");
	layout->pool_bytes = kt_types_size(types, "vmap_pool");
	if (layout->area_bytes > STRUCT_MAX)
		return kt_err_new(
			KT_ERR_ABSENT, "struct vmap_area of the type data is not understood");
	if (!layout->addr.exists || !layout->flags.exists || !layout->nr_pages.exists ||
		!layout->vm_bytes || layout->vm_bytes > STRUCT_MAX)
		layout->asked.exists = false;
	return NULL;
}

static bool add_lists(struct walk *walk)
{
	const struct kt_symbols *symbols = &walk->target->symbols;
	uint64_t at;

	if (add_nodes(walk))
		return true;
	if (kt_symbols_find(symbols, "purge_vmap_area_list", &at))
		add_lazy(walk, at, LIST);
	else if (walk->layout.chain.exists && kt_symbols_find(symbols, "vmap_purge_list", &at))
		add_lazy(walk, at, CHAIN);
	else
		return false;
	return true;
}

/* The kernel's own count, in pages: what it compares with its limit before it purges. */
static int64_t counted_bytes(struct kt_target *target)
{
	uint64_t at, nr_pages;

	if (!kt_symbols_find(&target->symbols, "vmap_lazy_nr", &at) ||
		!kt_target_number(target, at, target->types.pointer_bytes, &nr_pages) ||
		nr_pages > (uint64_t)KT_AMOUNT_MAX / target->page_bytes)
		return KT_UNKNOWN;
	return (int64_t)(nr_pages * target->page_bytes);
}

struct kt_err *kt_lazy_areas_walk(struct kt_target *target, struct kt_lazy_areas *ret_areas)
{
	struct walk walk = { .target = target, .areas = ret_areas };
	struct kt_err *err;

	*ret_areas = (struct kt_lazy_areas){ .counter_bytes = KT_UNKNOWN,
		.nr_listed = KT_UNKNOWN,
		.listed_bytes = KT_UNKNOWN,
		.nr_pooled = KT_UNKNOWN,
		.pooled_bytes = KT_UNKNOWN,
		.nr_asked = KT_UNKNOWN,
		.asked_bytes = KT_UNKNOWN,
		.taken_bytes = KT_UNKNOWN };
	err = find_layout(&walk);
	if (err)
		return err;
	if (!add_lists(&walk))
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not name the lists of freed vmalloc areas "
			"(CONFIG_KALLSYMS_ALL)");
	ret_areas->counter_bytes = counted_bytes(target);
	return NULL;
}
