// SPDX-License-Identifier: GPL-2.0-or-later
//
// Joins three files about modules by the module's name: the image, vmalloc areas allocated by the
// module's code, and (rarely) all its allocations, which include the vmalloc areas. Memory that a
// module holds in slab caches and pages is known only with the third file.

#include "analysis/modules.h"
#include "analysis/vmalloc.h"

#include <stdlib.h>
#include <string.h>

/* Data of one file about one module. */
struct part {
	const char *name;
	const struct kt_module *module;
	int64_t vmalloc_bytes, allocated_bytes;
};

static int64_t add_known(int64_t a, int64_t b)
{
	int64_t sum;

	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return __builtin_add_overflow(a, b, &sum) || sum > KT_AMOUNT_MAX ? KT_AMOUNT_MAX : sum;
}

static int64_t pages_in_bytes(const struct kt_snapshot *snap, int64_t nr_pages)
{
	if (nr_pages < 0)
		return 0;
	/* a sum must not be too small for an amount that is too large */
	return kt_known_of(kt_known_times(nr_pages, snap->host.page_bytes), KT_AMOUNT_MAX);
}

static int64_t round_up(int64_t bytes, int64_t step)
{
	return step > 0 ? (bytes + step - 1) / step * step : bytes;
}

static int compare_parts(const void *left, const void *right)
{
	return strcmp(((const struct part *)left)->name, ((const struct part *)right)->name);
}

static size_t collect(const struct kt_snapshot *snap, struct part *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < snap->modules.count; i++)
		parts[n++] = (struct part){ snap->modules.items[i].name, &snap->modules.items[i],
			-1, -1 };
	for (size_t i = 0; i < snap->areas.count && kt_known(snap->host.page_bytes); i++) {
		const struct kt_area *area = &snap->areas.items[i];

		if (area->module && area->kind == KT_AREA_VMALLOC)
			parts[n++] = (struct part){ area->module, NULL,
				pages_in_bytes(snap, area->nr_pages), -1 };
	}
	for (size_t i = 0; i < snap->users.count; i++) {
		const struct kt_user *user = &snap->users.items[i];

		/* below 0: a free was counted whose allocation was not */
		if (user->file == KT_USERS_SITES && user->module && user->bytes >= 0)
			parts[n++] = (struct part){ user->module, NULL, -1, user->bytes };
	}
	return n;
}

static void merge(struct kt_arena *arena, struct kt_modules *modules, const struct part *part)
{
	struct kt_module_use *use =
		modules->uses.count ? &modules->uses.items[modules->uses.count - 1] : NULL;

	/* two entries with the same name in one file stay two modules */
	if (!use || strcmp(use->name, part->name) != 0 || (part->module && use->module)) {
		use = kt_list_push(arena, &modules->uses);
		if (!use)
			return;
		*use = (struct kt_module_use){ part->name, NULL, -1, -1, -1, -1 };
	}
	if (part->module)
		use->module = part->module;
	use->vmalloc_bytes = add_known(use->vmalloc_bytes, part->vmalloc_bytes);
	use->allocated_bytes = add_known(use->allocated_bytes, part->allocated_bytes);
}

/* Completes a module: if a file was read and does not contain the module, its amount is 0. */
static void finish(const struct kt_snapshot *snap, struct kt_module_use *use)
{
	int64_t held;

	if (use->module)
		use->image_bytes = round_up(use->module->image_bytes, snap->host.page_bytes);
	if (use->vmalloc_bytes < 0 && snap->areas.count && kt_known(snap->host.page_bytes))
		use->vmalloc_bytes = 0;
	if (use->allocated_bytes < 0 && kt_snapshot_users(snap, KT_USERS_SITES))
		use->allocated_bytes = 0;
	held = use->allocated_bytes > use->vmalloc_bytes ? use->allocated_bytes
							 : use->vmalloc_bytes;
	use->bytes = add_known(use->image_bytes, held);
}

void kt_modules_join(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_modules *ret_modules)
{
	size_t room = snap->modules.count + snap->areas.count + snap->users.count, n;
	struct part *parts = kt_arena_alloc(arena, (room + 1) * sizeof(*parts));

	*ret_modules = (struct kt_modules){ .image_areas_bytes = -1 };
	if (!parts)
		return;
	n = collect(snap, parts);
	if (n)
		qsort(parts, n, sizeof(*parts), compare_parts);
	for (size_t i = 0; i < n; i++)
		merge(arena, ret_modules, &parts[i]);
	for (size_t i = 0; i < ret_modules->uses.count; i++)
		finish(snap, &ret_modules->uses.items[i]);
	for (size_t i = 0; i < snap->areas.count && kt_known(snap->host.page_bytes); i++) {
		const struct kt_area *area = &snap->areas.items[i];

		if (kt_area_is_module_image(area))
			ret_modules->image_areas_bytes = add_known(ret_modules->image_areas_bytes,
				pages_in_bytes(snap, area->nr_pages));
	}
}
