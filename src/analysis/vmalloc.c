// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/vmalloc.h"

#include <stdlib.h>
#include <string.h>

/* Rows of areas that vmalloc did not fill, and a note on each. */
static const struct {
	const char *name, *what;
} kinds[KT_AREA_KINDS] = {
	[KT_AREA_VMALLOC] = { "other vmalloc", NULL },
	[KT_AREA_PERCPU] = { "per-CPU chunks", "counted in Percpu" },
	[KT_AREA_IOREMAP] = { "device memory", "registers of devices" },
	[KT_AREA_VMAP] = { "vmap", "maps pages of others" },
	[KT_AREA_DMA] = { "DMA buffers", "maps pages of others" },
	[KT_AREA_SPARSE] = { "sparse areas", "filled by their owners" },
	[KT_AREA_MAP_RAM] = { "vm_map_ram", "maps pages of others" },
	[KT_AREA_UNPURGED] = { "freed areas", "waiting to be purged" },
	[KT_AREA_OTHER] = { "other areas", "maps pages of others" },
};

static void add(int64_t *sum, int64_t more)
{
	if (*sum < 0 || more < 0 || __builtin_add_overflow(*sum, more, sum))
		*sum = -1;
}

/* Converts pages to bytes; -1: the page size is unknown or the number is impossible. */
static int64_t bytes_of(const struct kt_snapshot *snap, int64_t nr_pages)
{
	return nr_pages ? kt_known_times(nr_pages, snap->host.page_bytes) : 0;
}

/* ---- names of rows ---- */

static const char *function_name(struct kt_arena *arena, const struct kt_area *area)
{
	size_t n = strcspn(area->caller, "+.");

	/* "(other callers)" and addresses without a symbol are not cut */
	if (!n || strncmp(area->caller, "0x", 2) == 0)
		return area->caller;
	return kt_arena_printf(arena, "%.*s", (int)n, area->caller);
}

static const char *caller_name(
	struct kt_arena *arena, const struct kt_area *area, enum kt_vmalloc_by by)
{
	if (area->kind == KT_AREA_UNPURGED)
		return "(freed areas)";
	if (area->kind == KT_AREA_MAP_RAM)
		return "(vm_map_ram)";
	if (!area->caller)
		return "(no caller)";
	return by == KT_VMALLOC_BY_CALLER ? function_name(arena, area) : area->caller;
}

static const char *module_name(const struct kt_area *area)
{
	if (area->kind == KT_AREA_UNPURGED)
		return "(freed areas)";
	return area->module ? area->module : "(kernel)";
}

static const char *kind_name(const struct kt_area *area)
{
	const char *what = area->kind == KT_AREA_VMALLOC ? kt_area_what(area) : NULL;

	return what ? what : kinds[area->kind].name;
}

static const char *kind_hint(const struct kt_area *area)
{
	const char *what;

	if (area->kind != KT_AREA_VMALLOC)
		return kinds[area->kind].what;
	what = kt_area_what(area);
	if (area->is_stack)
		return "see 'ktally stacks'";
	if (kt_area_is_module_image(area))
		return "see 'ktally modules'";
	if (what && strcmp(what, "BPF programs") == 0)
		return "see 'bpftool prog'";
	if (what && strcmp(what, "BPF maps") == 0)
		return "see 'bpftool map'";
	return what ? NULL : "see '--by caller'";
}

static const char *what_of(const struct kt_area *area)
{
	return area->kind == KT_AREA_VMALLOC ? kt_area_what(area) : kinds[area->kind].name;
}

static struct kt_vmalloc_row row_of(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct kt_area *area, enum kt_vmalloc_by by)
{
	int64_t bytes = bytes_of(snap, area->nr_pages < 0 ? 0 : area->nr_pages);
	bool own = area->kind == KT_AREA_VMALLOC;
	struct kt_vmalloc_row row = { .nr_areas = area->nr_areas,
		.size_bytes = area->size_bytes,
		.bytes = own ? bytes : 0,
		.mapped_bytes = own ? 0 : bytes };

	switch (by) {
	case KT_VMALLOC_BY_CALLER:
	case KT_VMALLOC_BY_SITE:
		row.function = caller_name(arena, area, by);
		row.module = area->module;
		row.name = row.module ? kt_arena_printf(arena, "%s [%s]", row.function, row.module)
				      : row.function;
		row.kind = kt_area_kind_word(area->kind);
		row.what = what_of(area);
		break;
	case KT_VMALLOC_BY_MODULE:
		row.name = module_name(area);
		row.module = area->module;
		break;
	case KT_VMALLOC_BY_KIND:
		row.name = kind_name(area);
		row.kind = kt_area_kind_word(area->kind);
		row.what = kind_hint(area);
		break;
	}
	return row;
}

/* ---- rows ---- */

/* A row and its group of areas, whose nodes a merge takes over. */
struct part {
	struct kt_vmalloc_row row;
	const struct kt_area *area;
};

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/*
 * Compares the module too: "(kernel)" is no module, but a hostile file may have a module of this
 * name.
 */
static int compare_parts(const void *left, const void *right)
{
	const struct kt_vmalloc_row *a = &((const struct part *)left)->row;
	const struct kt_vmalloc_row *b = &((const struct part *)right)->row;
	int result = compare_texts(a->name, b->name);

	if (!result)
		result = compare_texts(a->module, b->module);
	return result ? result : compare_texts(a->kind, b->kind);
}

static void add_nodes(
	struct kt_arena *arena, struct kt_vmalloc_row *row, const struct kt_area *area)
{
	for (size_t i = 0; i < area->nodes.count; i++) {
		const struct kt_area_node *from = &area->nodes.items[i];
		struct kt_area_node *to = NULL;

		for (size_t k = 0; k < row->nodes.count && !to; k++) {
			if (row->nodes.items[k].node == from->node)
				to = &row->nodes.items[k];
		}
		if (!to) {
			to = kt_list_push(arena, &row->nodes);
			if (to)
				*to = (struct kt_area_node){ .node = from->node };
		}
		if (to)
			add(&to->nr_pages, from->nr_pages);
	}
}

static void merge(struct kt_arena *arena, struct kt_vmalloc *vmalloc, const struct part *part)
{
	struct kt_vmalloc_row *row =
		vmalloc->rows.count ? &vmalloc->rows.items[vmalloc->rows.count - 1] : NULL;
	const struct part last = { .row = row ? *row : (struct kt_vmalloc_row){ 0 } };

	if (!row || compare_parts(&last, part) != 0) {
		row = kt_list_push(arena, &vmalloc->rows);
		if (!row)
			return;
		*row = part->row;
	} else {
		add(&row->nr_areas, part->row.nr_areas);
		add(&row->size_bytes, part->row.size_bytes);
		add(&row->bytes, part->row.bytes);
		add(&row->mapped_bytes, part->row.mapped_bytes);
		if (compare_texts(row->what, part->row.what) != 0)
			row->what = NULL;
	}
	if (part->area->kind == KT_AREA_VMALLOC)
		add_nodes(arena, row, part->area);
}

static void sum_up(struct kt_vmalloc *vmalloc, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->areas.count; i++) {
		const struct kt_area *area = &snap->areas.items[i];
		int64_t bytes = bytes_of(snap, area->nr_pages < 0 ? 0 : area->nr_pages);
		bool own = area->kind == KT_AREA_VMALLOC;

		add(&vmalloc->nr_kind[area->kind], area->nr_areas);
		add(&vmalloc->kind_bytes[area->kind], area->size_bytes);
		add(own ? &vmalloc->bytes : &vmalloc->mapped_bytes, bytes);
		if (area->is_stack)
			add(&vmalloc->stack_bytes, bytes);
		if (own && area->nr_pages > 0)
			vmalloc->nr_holders += area->nr_areas;
	}
}

/* Compares with the counter, which was read at another time than the areas, or may be wrong. */
static void compare_with_counter(struct kt_vmalloc *vmalloc)
{
	int64_t known = 0;

	for (size_t i = 0; i < vmalloc->rows.count; i++) {
		int64_t bytes = vmalloc->rows.items[i].bytes;

		if (bytes > 0 && __builtin_add_overflow(known, bytes, &known))
			return;
	}
	vmalloc->has_difference = kt_ok(vmalloc->total);
	vmalloc->difference_bytes = vmalloc->has_difference ? vmalloc->total.value - known : 0;
}

void kt_vmalloc_group(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_vmalloc_by by,
	struct kt_vmalloc *ret_vmalloc)
{
	size_t count = snap->areas.count;
	struct part *parts = kt_arena_alloc(arena, (count + 1) * sizeof(*parts));

	*ret_vmalloc = (struct kt_vmalloc){ .total = kt_snapshot_get(snap, KT_VMALLOC, KT_NO_NODE),
		.partial = snap->areas_partial };
	if (!parts)
		return;
	for (size_t i = 0; i < count; i++) {
		parts[i].area = &snap->areas.items[i];
		parts[i].row = row_of(arena, snap, parts[i].area, by);
	}
	if (count)
		qsort(parts, count, sizeof(*parts), compare_parts);
	for (size_t i = 0; i < count; i++)
		merge(arena, ret_vmalloc, &parts[i]);
	sum_up(ret_vmalloc, snap);
	compare_with_counter(ret_vmalloc);
}
