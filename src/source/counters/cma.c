// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads contiguous areas (CMA): how many pages each has, and how many are allocated from it as
// contiguous blocks. Movable pages in an area are not counted as allocated. Kernels built with
// CONFIG_CMA_DEBUGFS have "count" and "used" (mm/cma_debug.c); sysfs has "total_pages" and
// "available_pages" (mm/cma_sysfs.c), and older kernels have its directories without these files.

#include "source/source.h"

#include <string.h>

#define AREAS_MAX 1024u
#define PAGES_MAX (1ll << 44)

static struct kt_cma_area *area_for(struct kt_snapshot *snap, struct kt_span folder)
{
	const char *name = kt_arena_name(&snap->arena, folder);
	struct kt_cma_area *area;

	for (size_t i = 0; name && i < snap->cma_areas.count; i++) {
		if (strcmp(snap->cma_areas.items[i].name, name) == 0)
			return &snap->cma_areas.items[i];
	}
	area = name && snap->cma_areas.count < AREAS_MAX
		       ? kt_list_push(&snap->arena, &snap->cma_areas)
		       : NULL;
	if (area)
		*area = (struct kt_cma_area){ name, KT_UNKNOWN, KT_UNKNOWN, KT_UNKNOWN };
	return area;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_span_str(text->path), part, folder = { 0 };
	struct kt_cma_area *area;
	int64_t pages;

	while (kt_span_until(&rest, '/', &part))
		folder = part;
	if (!kt_span_i64(kt_span_trim(kt_text_span(text)), &pages) || pages < 0 ||
		pages > PAGES_MAX)
		return kt_err_new(KT_ERR_PARSE, "%s: not a number of pages", text->path);
	area = folder.n ? area_for(snap, folder) : NULL;
	if (!area)
		return NULL;
	if (kt_span_eq(rest, "total_pages") || kt_span_eq(rest, "count"))
		area->total_pages = pages;
	else if (kt_span_eq(rest, "available_pages"))
		area->available_pages = pages;
	else if (kt_span_eq(rest, "used"))
		area->used_pages = pages;
	return NULL;
}

const struct kt_source kt_source_cma = {
	.name = "cma",
	.summary = "contiguous areas (CMA), and how much of each is allocated",
	.paths = { "sys/kernel/mm/cma/*/total_pages", "sys/kernel/mm/cma/*/available_pages",
		"sys/kernel/debug/cma/*/count", "sys/kernel/debug/cma/*/used" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "what is allocated from each contiguous area is not known",
	.gives = "contiguous areas, and CONFIG_CMA_SYSFS, or CONFIG_CMA_DEBUGFS with root",
	.parse = parse,
};
