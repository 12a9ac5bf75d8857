// SPDX-License-Identifier: GPL-2.0-or-later
//
// /proc/buddyinfo: how many blocks of 1, 2, 4 ... pages are free in each zone that has
// memory. Source: mm/vmstat.c, frag_show_print(). Pages in per-CPU lists are not in it.

#include "source/counters/free_area.h"
#include "source/source.h"

#define AREAS_MAX 1024u /* zones */

static struct kt_err *parse_line(struct kt_snapshot *snap, const struct kt_text *text,
	struct kt_span line, size_t number, int64_t *nr_pages)
{
	struct kt_free_area area, *slot;

	if (!kt_free_area_head(&line, &snap->arena, &area) ||
		!kt_free_area_counts(line, &area, nr_pages))
		return kt_err_new(
			KT_ERR_PARSE, "%s:%zu: not the free blocks of a zone", text->path, number);
	if (snap->free_areas.count >= AREAS_MAX)
		return kt_err_new(KT_ERR_LIMIT, "%s: more than %u zones", text->path, AREAS_MAX);
	slot = kt_list_push(&snap->arena, &snap->free_areas);
	if (slot)
		*slot = area;
	return NULL;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	struct kt_err *err = NULL;
	int64_t nr_pages = 0;

	for (size_t number = 1; !err && kt_span_line(&rest, &line); number++) {
		if (kt_span_trim(line).n)
			err = parse_line(snap, text, line, number, &nr_pages);
	}
	if (!err && !snap->free_areas.count)
		err = kt_err_new(KT_ERR_PARSE, "%s: holds no zone", text->path);
	if (err)
		snap->free_areas.count = 0; /* the zones read so far would give a wrong total */
	return err;
}

const struct kt_source kt_source_buddyinfo = {
	.name = "buddyinfo",
	.summary = "free blocks of the page allocator by zone and size",
	.paths = { "proc/buddyinfo" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "'ktally buddy' cannot show anything",
	.gives = "a mounted /proc",
	.parse = parse,
};
