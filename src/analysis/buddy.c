// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/buddy.h"

#include <string.h>

/* fill_contig_page_info() */
struct kt_contig kt_contig_of(const struct kt_free_area *area, int order)
{
	struct kt_contig contig = { 0 };

	for (int i = 0; i < area->nr_orders; i++) {
		contig.nr_blocks += area->nr_blocks[i];
		contig.free_pages += area->nr_blocks[i] << i;
		if (i >= order)
			contig.nr_suitable += area->nr_blocks[i] << (i - order);
	}
	return contig;
}

/* unusable_free_index() */
int kt_unusable_index(const struct kt_contig *contig, int order)
{
	if (!contig->free_pages)
		return 1000;
	return (int)((contig->free_pages - (contig->nr_suitable << order)) * 1000 /
		     contig->free_pages);
}

/* __fragmentation_index() */
int kt_extfrag_index(const struct kt_contig *contig, int order)
{
	if (!contig->nr_blocks)
		return 0;
	if (contig->nr_suitable)
		return -1000;
	return (int)(1000 -
		     (1000 + contig->free_pages * 1000 / (1ll << order)) / contig->nr_blocks);
}

int64_t kt_free_pages(const struct kt_free_area *area)
{
	return kt_contig_of(area, 0).free_pages;
}

void kt_free_area_add(struct kt_free_area *to, const struct kt_free_area *area)
{
	for (int i = 0; i < area->nr_orders; i++)
		to->nr_blocks[i] += area->nr_blocks[i];
	if (area->nr_orders > to->nr_orders)
		to->nr_orders = area->nr_orders;
}

static bool is_same_zone(const struct kt_free_area *area, int node, const char *zone)
{
	return area->node == node && strcmp(area->zone, zone) == 0;
}

const struct kt_zone *kt_zone_of(const struct kt_snapshot *snap, const struct kt_free_area *area)
{
	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *zone = &snap->zones.items[i];

		if (is_same_zone(area, zone->node, zone->name))
			return zone;
	}
	return NULL;
}

/*
 * Which of the numbers of "protection:" is that of zone Normal. A kernel that prints all
 * zones of a node, empty ones too (since 4.13), has as many zones as numbers.
 */
static int index_of_normal(const struct kt_snapshot *snap, const struct kt_zone *zone)
{
	int nr_zones = 0, normal = -1;

	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *other = &snap->zones.items[i];

		if (other->node != zone->node)
			continue;
		if (strcmp(other->name, "Normal") == 0)
			normal = nr_zones;
		nr_zones++;
	}
	return nr_zones == zone->nr_reserve ? normal : -1;
}

/* Where it cannot be told which number counts, the largest one errs on the safe side. */
int64_t kt_zone_reserve(const struct kt_snapshot *snap, const struct kt_zone *zone)
{
	int normal = index_of_normal(snap, zone);
	int64_t largest = -1;

	if (normal >= 0)
		return zone->reserve[normal];
	for (int i = 0; i < zone->nr_reserve; i++)
		largest = zone->reserve[i] > largest ? zone->reserve[i] : largest;
	return largest;
}

/* Free lists that an ordinary kernel allocation may not take from. */
static bool is_set_aside(const struct kt_free_area *area)
{
	static const char *const names[] = { "HighAtomic", "CMA", "Isolate", "Reserve" };

	for (size_t i = 0; area->mobility && i < KT_LEN(names); i++) {
		if (strcmp(area->mobility, names[i]) == 0)
			return true;
	}
	return false;
}

/* The blocks that are for everybody. */
static struct kt_free_area open_blocks(
	const struct kt_snapshot *snap, const struct kt_free_area *area)
{
	struct kt_free_area open = *area;

	for (size_t i = 0; i < snap->mobilities.count; i++) {
		const struct kt_free_area *part = &snap->mobilities.items[i];

		if (!is_same_zone(part, area->node, area->zone) || !is_set_aside(part))
			continue;
		for (int k = 0; k < part->nr_orders && k < open.nr_orders; k++) {
			int64_t left = open.nr_blocks[k] - part->nr_blocks[k];

			open.nr_blocks[k] = left > 0 ? left : 0;
		}
	}
	return open;
}

/*
 * The kernel subtracts from the zone's counter of free pages; the lists are of the same
 * moment as their blocks, and are the same number on a machine that stands still.
 */
int kt_largest_order(
	const struct kt_snapshot *snap, const struct kt_free_area *area, bool *ret_mark_known)
{
	const struct kt_zone *zone = kt_zone_of(snap, area);
	struct kt_free_area open = open_blocks(snap, area);
	int64_t spare = kt_free_pages(&open), reserve;

	*ret_mark_known = zone && zone->min >= 0;
	if (zone && !snap->mobilities.count)
		spare -= zone->cma_free;
	if (*ret_mark_known) {
		reserve = kt_zone_reserve(snap, zone);
		spare -= zone->min + (reserve > 0 ? reserve : 0);
	}
	for (int order = area->nr_orders - 1; order >= 0; order--) {
		if (kt_contig_of(&open, order).nr_suitable && spare - ((1ll << order) - 1) > 0)
			return order;
	}
	return KT_ORDER_NONE;
}

int64_t kt_buddy_bytes(int64_t asked_bytes, int64_t page_bytes)
{
	int64_t bytes = page_bytes;

	while (bytes < asked_bytes && bytes <= INT64_MAX / 2)
		bytes *= 2;
	return bytes;
}
