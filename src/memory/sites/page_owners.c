// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/page_ext.c: each section of memory has an array of a struct page_ext for each of its pages,
// and `page_owner_ops` says where in it the struct page_owner is. The address of the array is the
// one that page 0 would have. mm/page_owner.c, read_page_owner(): an allocation is counted at its
// first page.

#include "memory/sites/page_owners.h"

#include "memory/sites/stack_depot.h"

#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"

#include <stddef.h>
#include <stdlib.h>

#define SECTIONS_MAX (1u << 20)
#define STACKS_MAX   262144u
#define EXT_MAX	     1024u /* bytes of a struct page_ext and what follows it */
#define BLOCK	     65536u
#define ORDER_MAX    30u
#define INVALID	     1u /* PAGE_EXT_INVALID, mm/page_ext.c */

struct layout {
	struct kt_field section_ext;   /* of struct mem_section */
	struct kt_field flags;	       /* of struct page_ext */
	struct kt_field order, handle; /* of struct page_owner */
	struct kt_field place;	       /* of struct page_ext_operations */
	uint32_t section_bytes;
	uint64_t owner_at, ext_bytes, wanted; /* wanted: flags */
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "mem_section", "page_ext", AT(section_ext), true },
	{ "page_ext", "flags", AT(flags), true },
	{ "page_owner", "order", AT(order), true },
	{ "page_owner", "handle", AT(handle), true },
	{ "page_ext_operations", "offset", AT(place), true },
};

struct stack {
	uint32_t handle;
	uint64_t nr, nr_pages;
};

struct walk {
	struct kt_target *target;
	const struct kt_page_owners_opts *opts;
	struct layout layout;
	struct kt_depot depot;
	struct kt_arena arena;
	struct kt_map handles; /* handle -> index in `stacks`, plus 1 */
	KT_LIST(struct stack) stacks;
	uint64_t nr_sections; /* that have owners */
	char *block;
};

static void add(struct walk *walk, uint32_t handle, uint32_t order)
{
	struct kt_span key = { (const char *)&handle, sizeof(handle) };
	uint32_t *index = kt_map_find(&walk->handles, key);
	struct stack *stack = index ? &walk->stacks.items[*index - 1] : NULL;

	if (!stack && walk->stacks.count < STACKS_MAX) {
		index = kt_map_add(&walk->handles, key, &walk->arena, NULL);
		stack = index ? kt_list_push(&walk->arena, &walk->stacks) : NULL;
		if (!stack)
			return;
		*index = (uint32_t)walk->stacks.count;
		*stack = (struct stack){ .handle = handle };
	}
	if (!stack)
		return;
	stack->nr++;
	stack->nr_pages += 1ull << order;
}

static void take_page(struct walk *walk, uint64_t pfn, const char *ext)
{
	const struct layout *layout = &walk->layout;
	size_t bytes = (size_t)layout->ext_bytes;
	const char *owner = ext + layout->owner_at;
	size_t rest = bytes - (size_t)layout->owner_at;
	uint64_t order;

	if ((kt_field_get(&layout->flags, ext, bytes) & layout->wanted) != layout->wanted)
		return;
	order = kt_field_get(&layout->order, owner, rest);
	if (order <= ORDER_MAX && !(pfn & ((1ull << order) - 1)))
		add(walk, (uint32_t)kt_field_get(&layout->handle, owner, rest), (uint32_t)order);
}

/* Pages of one section, from `pfn` on; false: they cannot be read. */
static bool take_pages(struct walk *walk, uint64_t base, uint64_t pfn, uint64_t end)
{
	uint64_t each = walk->layout.ext_bytes, at_once = BLOCK / each;

	while (pfn < end) {
		uint64_t count = end - pfn < at_once ? end - pfn : at_once;

		if (!kt_target_read(walk->target, base + pfn * each, walk->block, count * each))
			return false;
		for (uint64_t i = 0; i < count; i++)
			take_page(walk, pfn + i, walk->block + i * each);
		pfn += count;
	}
	return true;
}

/* The array of a section's owners; false: there is none. With SPARSEMEM_EXTREME only. */
static bool find_section(struct walk *walk, uint64_t roots, uint64_t number, uint64_t *ret_base)
{
	uint64_t per_root = walk->target->page_bytes / walk->layout.section_bytes, root;

	return kt_target_pointer(walk->target,
		       roots + number / per_root * walk->target->types.pointer_bytes, &root) &&
	       root &&
	       kt_target_pointer(walk->target,
		       root + number % per_root * walk->layout.section_bytes +
			       walk->layout.section_ext.offset,
		       ret_base) &&
	       *ret_base && !(*ret_base & INVALID);
}

static bool take_range(struct walk *walk, uint64_t roots, const struct kt_pfn_range *range)
{
	uint64_t pages = (1ull << walk->opts->section_bits) / walk->target->page_bytes, base;

	for (uint64_t pfn = range->first; pfn < range->end;) {
		uint64_t end = (pfn / pages + 1) * pages;

		if (end > range->end)
			end = range->end;
		if (walk->nr_sections++ >= SECTIONS_MAX)
			return false;
		if (find_section(walk, roots, pfn / pages, &base) &&
			!take_pages(walk, base, pfn, end))
			return false;
		pfn = end;
	}
	return true;
}

static bool find_layout(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	const struct kt_symbols *symbols = &walk->target->symbols;
	struct layout *layout = &walk->layout;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), layout);
	int64_t owner, allocated;
	uint64_t ops, size;
	bool found = !err;

	kt_err_free(err);
	layout->section_bytes = kt_types_size(types, "mem_section");
	found = found && layout->section_bytes &&
		layout->section_bytes <= walk->target->page_bytes &&
		kt_types_enum(types, "page_ext_flags", "PAGE_EXT_OWNER", &owner) &&
		kt_types_enum(types, "page_ext_flags", "PAGE_EXT_OWNER_ALLOCATED", &allocated) &&
		owner >= 0 && owner < 64 && allocated >= 0 && allocated < 64 &&
		kt_symbols_find(symbols, "page_owner_ops", &ops) &&
		kt_symbols_find(symbols, "page_ext_size", &size) &&
		kt_target_number(walk->target, ops + layout->place.offset, layout->place.size,
			&layout->owner_at) &&
		kt_target_pointer(walk->target, size, &layout->ext_bytes);
	if (!found)
		return false;
	layout->wanted = 1ull << owner | 1ull << allocated;
	return layout->ext_bytes && layout->ext_bytes <= EXT_MAX &&
	       layout->owner_at < layout->ext_bytes && kt_depot_open(walk->target, &walk->depot);
}

/* ---- text ---- */

static int by_pages(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	if (x->nr_pages != y->nr_pages)
		return x->nr_pages < y->nr_pages ? 1 : -1;
	return (x->handle > y->handle) - (x->handle < y->handle);
}

static void put_stacks(struct walk *walk, const struct kt_code_names *names, struct kt_buf *text)
{
	qsort(walk->stacks.items, walk->stacks.count, sizeof(struct stack), by_pages);
	for (size_t i = 0; i < walk->stacks.count; i++) {
		const struct stack *stack = &walk->stacks.items[i];
		uint64_t frames[KT_DEPOT_FRAMES];
		uint32_t count = kt_depot_stack(&walk->depot, stack->handle, frames);

		kt_buf_printf(text, "%llu times, %llu pages:\n", (unsigned long long)stack->nr,
			(unsigned long long)stack->nr_pages);
		for (uint32_t k = 0; k < count; k++) {
			kt_buf_puts(text, " ");
			kt_code_name(names, frames[k], false, text);
			kt_buf_puts(text, "\n");
		}
		kt_buf_puts(text, "\n");
	}
}

static struct kt_err *read_owners(struct walk *walk)
{
	const struct kt_page_owners_opts *opts = walk->opts;
	uint64_t roots;

	if (!find_layout(walk) || opts->section_bits < 20 || opts->section_bits > 40 ||
		!kt_symbols_find(&walk->target->symbols, "mem_section", &roots) ||
		!kt_target_pointer(walk->target, roots, &roots) || !roots)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel has no page_owner, or does not name what it keeps "
			"(CONFIG_PAGE_OWNER)");
	walk->block = malloc(BLOCK);
	if (!walk->block)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < opts->nr_ranges; i++) {
		if (!take_range(walk, roots, &opts->ranges[i]))
			return kt_err_new(
				KT_ERR_PARSE, "what page_owner keeps of pages cannot be read");
	}
	if (walk->arena.failed || walk->handles.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (walk->stacks.count >= STACKS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "page_owner has more than %u stacks", STACKS_MAX);
	return walk->stacks.count
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT, "page_owner was off (page_owner=on at boot)");
}

struct kt_err *kt_file_page_owners(struct kt_target *target, const struct kt_page_owners_opts *opts,
	const struct kt_code_names *names, struct kt_buf *ret_text)
{
	struct walk walk = { .target = target, .opts = opts };
	struct kt_err *err = read_owners(&walk);

	if (!err)
		put_stacks(&walk, names, ret_text);
	kt_map_fini(&walk.handles);
	kt_arena_fini(&walk.arena);
	free(walk.block);
	return err;
}
