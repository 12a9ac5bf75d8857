// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/areas.h"

#include "base/attr.h"

#include <stdlib.h>

#define AREAS_MAX  10000000u
#define STRUCT_MAX 256u /* bytes of a struct that is read whole */
#define ROUND_MAX  64u	/* bytes that a slot may be longer than its object */
#define ALLOCATED  2u	/* VM_ALLOC, include/linux/vmalloc.h */

struct kt_err *kt_areas_init(struct kt_areas *areas, struct kt_target *target)
{
	const struct kt_types *types = &target->types;

	*areas = (struct kt_areas){ .target = target,
		.area_bytes = kt_types_size(types, "vmap_area"),
		.vm_bytes = kt_types_size(types, "vm_struct") };
	if (!areas->area_bytes || areas->area_bytes > STRUCT_MAX || !areas->vm_bytes ||
		areas->vm_bytes > STRUCT_MAX ||
		!kt_types_field(types, "vmap_area", "va_start", &areas->start) ||
		!kt_types_field(types, "vmap_area", "va_end", &areas->end) ||
		!kt_types_field(types, "vmap_area", "vm", &areas->vm) ||
		!kt_types_field(types, "vm_struct", "addr", &areas->addr) ||
		!kt_types_field(types, "vm_struct", "size", &areas->size) ||
		!kt_types_field(types, "vm_struct", "flags", &areas->flags) ||
		!kt_types_field(types, "vm_struct", "caller", &areas->caller))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data does not describe vmap_area and vm_struct");
	return NULL;
}

void kt_areas_take(struct kt_areas *areas, const char *object, uint64_t bytes)
{
	struct kt_kernel_area area, *slot;
	char vm[STRUCT_MAX];
	uint64_t at;

	if (bytes < areas->area_bytes || bytes >= areas->area_bytes + ROUND_MAX)
		return;
	area.start = kt_field_get(&areas->start, object, bytes);
	area.end = kt_field_get(&areas->end, object, bytes);
	at = kt_field_get(&areas->vm, object, bytes);
	if (area.start % areas->target->page_bytes || area.end % areas->target->page_bytes ||
		!(area.start >> 63) || area.end <= area.start || !(at >> 63) ||
		at % sizeof(uint64_t) || areas->all.count >= AREAS_MAX ||
		!kt_target_read(areas->target, at, vm, areas->vm_bytes) ||
		kt_field_get(&areas->addr, vm, areas->vm_bytes) != area.start ||
		kt_field_get(&areas->size, vm, areas->vm_bytes) > area.end - area.start)
		return;
	area.caller = kt_field_get(&areas->caller, vm, areas->vm_bytes);
	area.allocated = kt_field_get(&areas->flags, vm, areas->vm_bytes) & ALLOCATED;
	slot = kt_list_push(&areas->arena, &areas->all);
	if (slot)
		*slot = area;
}

static int by_start(const void *a, const void *b)
{
	const struct kt_kernel_area *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

struct kt_err *kt_areas_end(struct kt_areas *areas)
{
	if (areas->arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (areas->all.count)
		qsort(areas->all.items, areas->all.count, sizeof(*areas->all.items), by_start);
	return NULL;
}

const struct kt_kernel_area *kt_areas_find(const struct kt_areas *areas, uint64_t address)
{
	size_t low = 0, high = areas->all.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (areas->all.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < areas->all.items[low - 1].end ? &areas->all.items[low - 1] : NULL;
}

void kt_areas_fini(struct kt_areas *areas)
{
	kt_arena_fini(&areas->arena);
}
