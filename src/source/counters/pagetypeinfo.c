// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/pagetypeinfo: the free blocks of each zone by mobility (migrate type), and the number
// of pageblocks of each type. Source: mm/vmstat.c, pagetypeinfo_show(). The kernel walks every free
// list with interrupts off, up to 100,000 blocks at a time, and then visits every pageblock, so
// only --expensive reads it.

#include "source/counters/free_area.h"
#include "source/source.h"

#define AREAS_MAX      12288u /* lines: zones times migrate types */
#define TYPES_MAX      12     /* migrate types */
#define ZONES_OF_PARTS 4096u  /* mobilities of all zones, so that adding them up takes no time */

struct parser {
	struct kt_snapshot *snap;
	int64_t nr_pages;
	const char *types[TYPES_MAX]; /* columns of the table of pageblocks */
	size_t nr_types;
};

/* "Node    0, zone   Normal, type      Movable   5702    993" */
static bool free_line(struct parser *parser, struct kt_free_area *area, struct kt_span rest)
{
	struct kt_span word;
	struct kt_free_area *slot;

	if (!kt_span_word(&rest, &word) || !kt_span_eq(word, "type") ||
		!kt_span_word(&rest, &word) || parser->snap->mobilities.count >= AREAS_MAX)
		return false;
	area->mobility = kt_arena_name(&parser->snap->arena, word);
	if (!kt_free_area_counts(rest, area, &parser->nr_pages))
		return false;
	slot = kt_list_push(&parser->snap->arena, &parser->snap->mobilities);
	if (slot)
		*slot = *area;
	return true;
}

static bool same(const char *a, const char *b)
{
	return a && b && kt_span_eq(kt_span_str(a), b);
}

/* "Node 0, zone   Normal          116         1897          227            0            0" */
static bool pageblock_line(
	struct parser *parser, const struct kt_free_area *zone, struct kt_span rest)
{
	struct kt_span word;

	for (size_t i = 0; i < parser->nr_types; i++) {
		uint64_t count;

		if (!kt_span_word(&rest, &word) || !kt_span_u64(word, &count) ||
			count > (uint64_t)KT_AMOUNT_MAX / 4096)
			return false;
		for (size_t k = 0; k < parser->snap->mobilities.count; k++) {
			struct kt_free_area *area = &parser->snap->mobilities.items[k];

			if (area->node == zone->node && same(area->zone, zone->zone) &&
				same(area->mobility, parser->types[i]))
				area->nr_pageblocks = (int64_t)count;
		}
	}
	return true;
}

static void take_types(struct parser *parser, struct kt_span rest)
{
	struct kt_span word;

	parser->nr_types = 0;
	while (parser->nr_types < TYPES_MAX && kt_span_word(&rest, &word))
		parser->types[parser->nr_types++] = kt_arena_name(&parser->snap->arena, word);
}

/* Skips lines without data (headings, "Page block order: 9"). */
static bool parse_line(struct parser *parser, struct kt_span line)
{
	struct kt_free_area area;

	if (kt_span_skip(&line, "Number of blocks type "))
		take_types(parser, line);
	else if (kt_span_starts(line, "Number of mixed blocks"))
		parser->nr_types = 0;
	if (!kt_span_starts(line, "Node "))
		return true;
	if (!kt_free_area_head(&line, &parser->snap->arena, &area))
		return false;
	if (kt_span_starts(kt_span_trim(line), "type"))
		return free_line(parser, &area, line);
	return pageblock_line(parser, &area, line);
}

/* Adds the blocks of one mobility to its zone; false: out of memory. */
static bool add_to_zone(struct kt_snapshot *snap, const struct kt_free_area *part)
{
	struct kt_free_area *zone = NULL;

	for (size_t i = 0; i < snap->free_areas.count && !zone; i++) {
		struct kt_free_area *area = &snap->free_areas.items[i];

		if (area->node == part->node && same(area->zone, part->zone))
			zone = area;
	}
	if (!zone) {
		zone = kt_list_push(&snap->arena, &snap->free_areas);
		if (!zone)
			return false;
		*zone = (struct kt_free_area){
			.node = part->node, .zone = part->zone, .nr_pageblocks = KT_UNKNOWN
		};
	}
	for (int order = 0; order < part->nr_orders; order++)
		zone->nr_blocks[order] += part->nr_blocks[order];
	if (part->nr_orders > zone->nr_orders)
		zone->nr_orders = part->nr_orders;
	zone->capped |= part->capped;
	return true;
}

/* Without buddyinfo the zones follow from their parts, each of which is on one free list only. */
static void add_zones(struct kt_snapshot *snap)
{
	if (snap->free_areas.count || snap->mobilities.count > ZONES_OF_PARTS)
		return;
	for (size_t i = 0; i < snap->mobilities.count; i++) {
		if (!add_to_zone(snap, &snap->mobilities.items[i]))
			return;
	}
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct parser parser = { .snap = snap };
	struct kt_span rest = kt_text_span(text), line;
	struct kt_err *err = NULL;

	for (size_t number = 1; !err && kt_span_line(&rest, &line); number++) {
		if (!parse_line(&parser, line))
			err = kt_err_new(KT_ERR_PARSE, "%s:%zu: not a line of free blocks",
				text->path, number);
	}
	if (!err && !snap->mobilities.count)
		err = kt_err_new(KT_ERR_PARSE, "%s: holds no zone", text->path);
	if (err)
		snap->mobilities.count = 0;
	else
		add_zones(snap);
	return err;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return (want & KT_WANT_EXPENSIVE) || !snap->host.live;
}

const struct kt_source kt_source_pagetypeinfo = {
	.name = "pagetypeinfo",
	.summary = "free blocks and pageblocks by mobility",
	.paths = { "proc/pagetypeinfo" },
	.cost = KT_COST_STOPS,
	.extra = true,
	.lack = "free blocks are not split by mobility, so blocks that only some allocations may "
		"use count for all",
	.gives = "root and --expensive",
	.unwanted = "it walks every free list with interrupts off; --expensive reads it",
	.wanted = wanted,
	.parse = parse,
};
