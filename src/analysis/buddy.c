// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/buddy.h"

#include <string.h>

/* Follows fill_contig_page_info(). */
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

/* Follows unusable_free_index(). */
int kt_unusable_index(const struct kt_contig *contig, int order)
{
	if (!contig->free_pages)
		return 1000;
	return (int)((contig->free_pages - (contig->nr_suitable << order)) * 1000 /
		     contig->free_pages);
}

/* Follows __fragmentation_index(). */
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
 * Index of zone Normal in the numbers of "protection:"; -1: unknown. A kernel that prints all zones
 * of a node, including empty zones (since Linux 4.12, commit b2bd8598195f), has as many zones as
 * numbers.
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

/* Zones in the order in which the kernel has them. */
static int rank_of(const char *zone)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal", "HighMem", "Movable",
		"Device" };
	int rank = 0;

	while (rank < (int)KT_LEN(names) && strcmp(names[rank], zone) != 0)
		rank++;
	return rank;
}

bool kt_zone_serves_kernel(const char *zone)
{
	int rank = rank_of(zone);

	return rank <= rank_of("Normal") || rank > rank_of("Device");
}

/*
 * The numbers of "protection:" rise at each higher zone that has memory
 * (setup_per_zone_lowmem_reserve()). Where empty zones are not listed, the number that applies is
 * found by counting the higher zones that the request may use. A memory report has all of these; a
 * zone that is alone elsewhere may be all that is left of a file, so there the largest number is
 * on the safe side.
 */
int64_t kt_zone_reserve(const struct kt_snapshot *snap, const struct kt_zone *zone)
{
	int normal = index_of_normal(snap, zone), above = 0, others = 0;
	int64_t reserve = 0;

	if (normal >= 0)
		return zone->reserve[normal];
	if (!zone->nr_reserve)
		return KT_UNKNOWN;
	for (size_t i = 0; i < snap->zones.count; i++) {
		const struct kt_zone *other = &snap->zones.items[i];

		if (other->node != zone->node || other == zone)
			continue;
		others++;
		above += other->present != 0 && kt_zone_serves_kernel(other->name) &&
			 rank_of(other->name) > rank_of(zone->name);
	}
	if (!others && !snap->memreport)
		above = zone->nr_reserve;
	for (int i = 0; i < zone->nr_reserve && above > 0; i++) {
		if (zone->reserve[i] <= reserve)
			continue;
		reserve = zone->reserve[i];
		above--;
	}
	return reserve;
}

/* True for free lists that an ordinary kernel allocation cannot use. */
static bool is_set_aside(const struct kt_free_area *area)
{
	static const char *const names[] = { "HighAtomic", "CMA", "Isolate", "Reserve" };

	for (size_t i = 0; area->mobility && i < KT_LEN(names); i++) {
		if (strcmp(area->mobility, names[i]) == 0)
			return true;
	}
	return false;
}

/* Returns the free blocks that every allocation may use. */
static struct kt_free_area open_blocks(
	const struct kt_snapshot *snap, const struct kt_free_area *area)
{
	struct kt_free_area open = *area;

	for (int k = 0; k < open.nr_orders; k++) {
		if (area->closed >> k & 1)
			open.nr_blocks[k] = 0;
	}
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
 * Free pages of a zone that only CMA allocations may use; if unknown for the zone, an upper bound.
 */
static int64_t cma_pages(const struct kt_snapshot *snap, const struct kt_zone *zone)
{
	struct kt_val all = kt_snapshot_get(snap, KT_CMA_FREE, KT_NO_NODE);

	if (zone && kt_known(zone->cma_free))
		return zone->cma_free;
	return kt_ok(all) && kt_known(snap->host.page_bytes) ? all.value / snap->host.page_bytes
							     : 0;
}

/*
 * Pages that an allocation may take, before watermark and reserve. The kernel subtracts from the
 * zone's counter of free pages (mm/page_alloc.c, __zone_watermark_unusable_free()), and a memory
 * report has the value of its own time. For a running machine this function uses the free lists
 * instead, because they were read together with their blocks; both numbers are equal on an idle
 * machine.
 */
static int64_t free_for_all(
	const struct kt_snapshot *snap, const struct kt_zone *zone, const struct kt_free_area *open)
{
	if (zone && kt_known(zone->free) && snap->memreport)
		return zone->free - kt_known_of(zone->high_atomic, 0) - cma_pages(snap, zone);
	return kt_free_pages(open) - (snap->mobilities.count ? 0 : cma_pages(snap, zone));
}

int kt_largest_order(
	const struct kt_snapshot *snap, const struct kt_free_area *area, bool *ret_mark_known)
{
	const struct kt_zone *zone = kt_zone_of(snap, area);
	struct kt_free_area open = open_blocks(snap, area);
	int64_t spare = free_for_all(snap, zone, &open);
	int64_t reserve = zone ? kt_zone_reserve(snap, zone) : 0;

	*ret_mark_known = zone && kt_known(zone->min) && kt_known(reserve);
	if (!kt_zone_serves_kernel(area->zone))
		return KT_ORDER_NONE;
	if (zone)
		spare -= kt_known_of(zone->min, 0) + kt_known_of(reserve, 0);
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
