// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/kernel/module_areas.h"

#include "base/attr.h"

#include <stddef.h>
#include <string.h>

#define ALIGNMENT  64u /* of struct module: ____cacheline_aligned; a multiple of it */
#define AREA_MAX   (64u << 20)
#define ALL_MAX	   (256u << 20) /* bytes that are searched */
#define RANGES_MAX 16u		/* of a module: enum mod_mem_type has fewer */
#define AREAS_MAX  65536u
#define STATES	   4u /* enum module_state */
#define NAME_BYTES 64u

struct search {
	struct kt_target *target;
	struct kt_module_areas *modules;
	/* since 6.4 (ac3b43283923) a module has several ranges */
	struct kt_field state, next, name, core, ranges, base;
	uint32_t range_bytes;
};

#define AT(member) offsetof(struct search, member)

static const struct kt_field_want wants[] = {
	{ "module", "state", AT(state), true },
	{ "module", "list.next", AT(next), true },
	{ "module", "name", AT(name), true },
	{ "module", "core_layout.base", AT(core), false },
	{ "module", "mem", AT(ranges), false },
	{ "module_memory", "base", AT(base), false },
};

/* The areas that a struct module says it has; returns how many. */
static unsigned bases_of(const struct search *search, uint64_t at, uint64_t bases[RANGES_MAX],
	bool *ret_has, uint64_t of)
{
	unsigned nr_bases = 0;

	*ret_has = false;
	for (unsigned i = 0; i < RANGES_MAX; i++) {
		uint64_t place = at + search->core.offset;

		if (!search->core.exists)
			place = at + search->ranges.offset + (uint64_t)i * search->range_bytes +
				search->base.offset;
		else if (i)
			break;
		if ((!search->core.exists && i >= search->ranges.count) ||
			!kt_target_pointer(search->target, place, &bases[i]))
			break;
		*ret_has |= bases[i] == of;
		nr_bases++;
	}
	return nr_bases;
}

/* Its name, and an area that it is in itself, make it one. */
static void take_module(struct search *search, const struct kt_kernel_area *area, uint64_t at)
{
	uint64_t bases[RANGES_MAX];
	char name[NAME_BYTES];
	unsigned nr_bases;
	bool has_area;

	if (!kt_target_text(search->target, at + search->name.offset, name, sizeof(name)) ||
		!*name || strpbrk(name, " []"))
		return;
	nr_bases = bases_of(search, at, bases, &has_area, area->start);
	for (unsigned i = 0; has_area && i < nr_bases; i++) {
		struct kt_module_areas *modules = search->modules;
		struct kt_module_area *slot = bases[i] >> 63 && modules->all.count < AREAS_MAX
						      ? kt_list_push(&modules->arena, &modules->all)
						      : NULL;

		if (slot)
			*slot = (struct kt_module_area){ bases[i],
				kt_arena_printf(&modules->arena, "[%s]", name) };
	}
}

static void take_page(struct search *search, const struct kt_kernel_area *area, uint64_t page,
	const char *bytes, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += ALIGNMENT) {
		/* the list is near the start, in the same page: else it is looked at as a whole */
		if (at + search->next.offset + sizeof(uint64_t) <= size &&
			(kt_field_get(&search->state, bytes + at, size - at) >= STATES ||
				!(kt_field_get(&search->next, bytes + at, size - at) >> 63)))
			continue;
		take_module(search, area, page + at);
	}
}

struct kt_err *kt_module_areas_find(struct kt_module_areas *modules, struct kt_target *target,
	const struct kt_areas *areas, char *buffer)
{
	struct search search = { .target = target, .modules = modules };
	struct kt_err *err = kt_types_fields(&target->types, wants, KT_LEN(wants), &search);
	uint32_t size = target->page_bytes;
	uint64_t bytes = 0;

	if (err)
		return err;
	search.range_bytes = kt_types_size(&target->types, "module_memory");
	if (!search.core.exists && (!search.ranges.exists || !search.base.exists))
		return kt_err_new(
			KT_ERR_ABSENT, "the kernel's type data does not say where modules are");
	for (size_t i = 0; i < areas->all.count; i++) {
		const struct kt_kernel_area *area = &areas->all.items[i];

		if (!area->allocated || area->end - area->start > AREA_MAX || bytes > ALL_MAX)
			continue;
		bytes += area->end - area->start;
		for (uint64_t at = area->start; at < area->end; at += size) {
			if (kt_target_read(target, at, buffer, size))
				take_page(&search, area, at, buffer, size);
		}
	}
	return NULL;
}

const char *kt_module_areas_name(const struct kt_module_areas *modules, uint64_t start)
{
	for (size_t i = 0; i < modules->all.count; i++) {
		if (modules->all.items[i].start == start)
			return modules->all.items[i].name;
	}
	return NULL;
}

void kt_module_areas_fini(struct kt_module_areas *modules)
{
	kt_arena_fini(&modules->arena);
}
