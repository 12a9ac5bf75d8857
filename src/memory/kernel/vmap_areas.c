// SPDX-License-Identifier: GPL-2.0-or-later
//
// mm/vmalloc.c: vmalloc_info_show(), before 6.9 s_show(). An area in use is in the list of its node
// ("struct vmap_node"; a node is a part of the addresses), before 6.9 in one list for all.

#include "memory/kernel/vmap_areas.h"

#include "base/attr.h"
#include "base/kernel_files.h"
#include "memory/kernel/code_names.h"
#include "memory/ring.h"

#include <stddef.h>
#include <string.h>

#define AREAS_MAX  10000000u
#define NODES_MAX  1024u
#define STRUCT_MAX 256u /* bytes of a struct that is read whole */
#define PAGES_MAX  (1ull << 40)
#define NAME_MAX   512u

struct layout {
	struct kt_field start, end, list, vm;				      /* struct vmap_area */
	struct kt_field addr, size, flags, pages, nr_pages, physical, caller; /* struct vm_struct */
	struct kt_field busy;						      /* struct vmap_node */
	uint32_t area_bytes, vm_bytes, node_bytes;
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "vmap_area", "va_start", AT(start), true },
	{ "vmap_area", "va_end", AT(end), true },
	{ "vmap_area", "list", AT(list), true },
	{ "vmap_area", "vm", AT(vm), true },
	{ "vm_struct", "addr", AT(addr), true },
	{ "vm_struct", "size", AT(size), true },
	{ "vm_struct", "flags", AT(flags), true },
	{ "vm_struct", "pages", AT(pages), true },
	{ "vm_struct", "nr_pages", AT(nr_pages), true },
	{ "vm_struct", "phys_addr", AT(physical), true },
	{ "vm_struct", "caller", AT(caller), true },
	{ "vmap_node", "busy.head", AT(busy), false },
};

struct walk {
	struct kt_target *target;
	struct kt_code_names names;
	struct layout layout;
	struct kt_buf *text;
	uint32_t nr_areas;
	bool by_node; /* all pages are of node 0 */
};

/* ---- one area ---- */

/* Flags of include/linux/vmalloc.h, in the order of the file. */
static const struct {
	uint64_t flag;
	const char *word;
} flags[] = {
	{ 0x1, " ioremap" },
	{ 0x1000, " sparse" },
	{ 0x2, " vmalloc" },
	{ 0x4, " vmap" },
	{ 0x8, " user" },
	{ 0x10, " dma-coherent" },
};

#define ALLOCATED 0x2u

static bool put_vm(struct walk *walk, uint64_t at, uint64_t start, uint64_t bytes)
{
	const struct layout *layout = &walk->layout;
	uint64_t set, nr_pages, physical, caller, size, end;
	char copy[STRUCT_MAX];

	if (!kt_target_read(walk->target, at, copy, layout->vm_bytes) ||
		kt_field_get(&layout->addr, copy, layout->vm_bytes) != start)
		return false;
	size = kt_field_get(&layout->size, copy, layout->vm_bytes);
	set = kt_field_get(&layout->flags, copy, layout->vm_bytes);
	nr_pages = kt_field_get(&layout->nr_pages, copy, layout->vm_bytes);
	physical = kt_field_get(&layout->physical, copy, layout->vm_bytes);
	caller = kt_field_get(&layout->caller, copy, layout->vm_bytes);
	if (nr_pages > PAGES_MAX || size > bytes)
		return false;
	end = start + size;
	kt_buf_printf(walk->text, "0x%016llx-0x%016llx %7llu", (unsigned long long)start,
		(unsigned long long)end, (unsigned long long)size);
	if (caller) {
		kt_buf_puts(walk->text, " ");
		kt_code_name(&walk->names, caller, false, walk->text);
	}
	if (nr_pages)
		kt_buf_printf(walk->text, " pages=%llu", (unsigned long long)nr_pages);
	if (physical)
		kt_buf_printf(walk->text, " phys=0x%016llx", (unsigned long long)physical);
	for (size_t i = 0; i < KT_LEN(flags); i++) {
		if (set & flags[i].flag)
			kt_buf_puts(walk->text, flags[i].word);
	}
	if (walk->by_node && nr_pages && (set & ALLOCATED))
		kt_buf_printf(walk->text, " N0=%llu", (unsigned long long)nr_pages);
	kt_buf_puts(walk->text, "\n");
	return true;
}

/* An area without a vm_struct is of vm_map_ram(). */
static bool put_area(struct walk *walk, const char *copy)
{
	const struct layout *layout = &walk->layout;
	uint64_t start = kt_field_get(&layout->start, copy, layout->area_bytes);
	uint64_t end = kt_field_get(&layout->end, copy, layout->area_bytes);
	uint64_t vm = kt_field_get(&layout->vm, copy, layout->area_bytes), size;

	if (end <= start || start % walk->target->page_bytes || end % walk->target->page_bytes)
		return false;
	if (vm)
		return put_vm(walk, vm, start, end - start);
	size = end - start;
	kt_buf_printf(walk->text, "0x%016llx-0x%016llx %7llu vm_map_ram\n",
		(unsigned long long)start, (unsigned long long)end, (unsigned long long)size);
	return true;
}

/* ---- lists ---- */

static bool take_area(void *arg, uint64_t address, const char *copy)
{
	struct walk *walk = arg;

	(void)address;
	if (walk->nr_areas >= AREAS_MAX || !put_area(walk, copy))
		return false;
	walk->nr_areas++;
	return true;
}

/* A list that is all zero is not used yet. */
static bool put_list(struct walk *walk, uint64_t head)
{
	const struct layout *layout = &walk->layout;
	const struct kt_ring ring = { head, layout->list.offset, layout->area_bytes, AREAS_MAX };
	char copy[STRUCT_MAX];
	uint64_t first;

	if (kt_target_pointer(walk->target, head, &first) && !first)
		return true;
	return kt_ring_ends(walk->target, &ring, copy, take_area, walk);
}

static bool has_nodes(const struct walk *walk, uint64_t *ret_nodes, uint64_t *ret_count)
{
	const struct kt_symbols *symbols = &walk->target->symbols;
	uint64_t at, count_at;

	return walk->layout.busy.exists && walk->layout.node_bytes &&
	       kt_symbols_find(symbols, "vmap_nodes", &at) &&
	       kt_symbols_find(symbols, "nr_vmap_nodes", &count_at) &&
	       kt_target_pointer(walk->target, at, ret_nodes) &&
	       kt_target_number(walk->target, count_at, 4, ret_count) && *ret_count &&
	       *ret_count <= NODES_MAX;
}

static struct kt_err *put_lists(struct walk *walk)
{
	uint64_t head, nodes, count;
	bool whole = true;

	if (has_nodes(walk, &nodes, &count)) {
		for (uint64_t i = 0; i < count; i++)
			whole &= put_list(walk,
				nodes + i * walk->layout.node_bytes + walk->layout.busy.offset);
	} else if (kt_symbols_find(&walk->target->symbols, "vmap_area_list", &head))
		whole = put_list(walk, head);
	else
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel does not name its lists of vmalloc areas "
			"(CONFIG_KALLSYMS_ALL)");
	if (!whole && !walk->nr_areas)
		return kt_err_new(KT_ERR_PARSE,
			"the kernel's list of vmalloc areas is damaged, or not in the dump");
	if (!whole)
		kt_buf_printf(walk->text,
			KT_LIST_CUT
			"%u vmalloc area%s found; others are damaged or not in the dump\n",
			walk->nr_areas, walk->nr_areas == 1 ? " was" : "s were");
	return NULL;
}

struct kt_err *kt_file_vmallocinfo(struct kt_target *target, const struct kt_symbol_table *symbols,
	uint32_t nr_nodes, struct kt_buf *ret_text)
{
	struct walk walk = { .target = target,
		.names = kt_code_names(target, symbols),
		.text = ret_text,
		.by_node = nr_nodes == 1 };
	struct layout *layout = &walk.layout;
	struct kt_err *err = kt_types_fields(&target->types, wants, KT_LEN(wants), layout);

	if (err)
		return err;
	layout->area_bytes = kt_types_size(&target->types, "vmap_area");
	layout->vm_bytes = kt_types_size(&target->types, "vm_struct");
	layout->node_bytes = kt_types_size(&target->types, "vmap_node");
	if (layout->area_bytes > STRUCT_MAX || layout->vm_bytes > STRUCT_MAX)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has areas of vmalloc that are not understood");
	err = put_lists(&walk);
	if (err)
		ret_text->size = 0;
	return err;
}
