// SPDX-License-Identifier: GPL-2.0-or-later
//
// Plans the pages that a census reads. Page flags of a hole read like the flags of a kernel page
// (since Linux 6.17 they cannot be distinguished), so only System RAM counts.

#include "base/kernel_files.h"
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

static void push(struct kt_census *census, uint64_t start, uint64_t end, size_t zone)
{
	struct kt_census_range *range =
		start < end ? kt_list_push(census->arena, &census->ranges) : NULL;

	if (range)
		*range = (struct kt_census_range){ start, end, zone };
}

static int by_start(const void *a, const void *b)
{
	const struct kt_census_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Adds the complete pages of System RAM, in order and without overlaps. */
static void take_ram(struct kt_census *census, const struct kt_snapshot *snap)
{
	uint64_t page = (uint64_t)snap->host.page_bytes, last = 0;
	struct kt_census_range *ranges;

	for (size_t i = 0; i < snap->iomem.count; i++) {
		const struct kt_region *region = &snap->iomem.items[i];

		if (strncmp(region->type, "System RAM", 10) == 0)
			push(census, (region->start + page - 1) / page, region->end / page, 0);
	}
	ranges = census->ranges.items;
	if (census->ranges.count)
		qsort(ranges, census->ranges.count, sizeof(*ranges), by_start);
	for (size_t i = 0; i < census->ranges.count; i++) {
		if (ranges[i].start < last)
			ranges[i].start = last;
		if (ranges[i].end < ranges[i].start)
			ranges[i].end = ranges[i].start;
		last = ranges[i].end;
	}
}

static bool is_populated(const struct kt_zone *zone)
{
	return zone->spanned > 0 && zone->start_pfn >= 0;
}

static void take_zones(struct kt_census *census, const struct kt_snapshot *snap)
{
	struct kt_census_zone *slot;

	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		slot = is_populated(zone) ? kt_list_push(census->arena, &census->zones) : NULL;
		if (slot)
			*slot = (struct kt_census_zone){ zone->node, zone->name,
				kt_known(zone->managed) ? zone->present : KT_UNKNOWN, { { 0 } } };
	}
	if (census->zones.count)
		return;
	slot = kt_list_push(census->arena, &census->zones);
	if (slot)
		*slot = (struct kt_census_zone){ KT_NO_NODE, NULL, KT_UNKNOWN, { { 0 } } };
}

/*
 * Finds the zone of a page frame and the first frame where the zone may change. Zones of different
 * nodes can be nested; the smallest zone then contains the frame.
 */
static bool zone_at(
	const struct kt_snapshot *snap, uint64_t pfn, size_t *ret_zone, uint64_t *ret_until)
{
	int64_t spanned = INT64_MAX;
	size_t index = 0;

	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];
		uint64_t start = (uint64_t)zone->start_pfn, end;

		if (!is_populated(zone))
			continue;
		end = start + (uint64_t)zone->spanned;
		if (start > pfn && start < *ret_until)
			*ret_until = start;
		if (end > pfn && end < *ret_until)
			*ret_until = end;
		if (start <= pfn && pfn < end && zone->spanned < spanned) {
			spanned = zone->spanned;
			*ret_zone = index;
		}
		index++;
	}
	return spanned != INT64_MAX;
}

static void cut_at_zones(struct kt_census *census, const struct kt_snapshot *snap)
{
	struct kt_census_range *whole = census->ranges.items;
	size_t count = census->ranges.count;

	memset(&census->ranges, 0, sizeof(census->ranges));
	for (size_t i = 0; i < count; i++) {
		for (uint64_t at = whole[i].start, until; at < whole[i].end; at = until) {
			size_t zone = 0;

			until = whole[i].end;
			if (!census->zones.items[0].name || zone_at(snap, at, &zone, &until))
				push(census, at, until, zone);
			else
				census->nr_outside += (int64_t)(until - at);
		}
	}
}

struct kt_err *kt_census_plan(
	struct kt_census *census, const struct kt_snapshot *snap, uint64_t pages_max)
{
	uint64_t nr_pages = 0;

	if (!kt_known(snap->host.page_bytes))
		return kt_err_new(KT_ERR_ABSENT, "the page size is unknown");
	take_ram(census, snap);
	take_zones(census, snap);
	if (census->arena->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	cut_at_zones(census, snap);
	for (size_t i = 0; i < census->ranges.count; i++)
		nr_pages += census->ranges.items[i].end - census->ranges.items[i].start;
	if (!nr_pages)
		return kt_err_new(KT_ERR_ABSENT,
			KT_FILE_IOMEM " names no System RAM in a zone of " KT_FILE_ZONEINFO
				      ", so the pages to count are unknown");
	if (nr_pages > pages_max)
		return kt_err_new(KT_ERR_LIMIT, "System RAM has %llu pages, more than ktally reads",
			(unsigned long long)nr_pages);
	return NULL;
}

void kt_census_leave_out(struct kt_census *census, uint64_t start, uint64_t end)
{
	size_t count = census->ranges.count;

	for (size_t i = 0; i < count; i++) {
		struct kt_census_range *range = &census->ranges.items[i], old = *range;
		uint64_t from = start > old.start ? start : old.start;
		uint64_t to = end < old.end ? end : old.end;

		if (from >= to)
			continue;
		census->nr_outside += (int64_t)(to - from);
		range->end = from;
		push(census, to, old.end, old.zone);
	}
	if (census->ranges.count > count)
		qsort(census->ranges.items, census->ranges.count, sizeof(*census->ranges.items),
			by_start);
}
