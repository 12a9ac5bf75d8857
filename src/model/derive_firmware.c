// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the installed memory to the pages that are present: what the firmware keeps, and
// what it gives but the kernel does not use.
//
// A firmware map does not say which of its reserved ranges have memory behind them: device
// registers and flash are "reserved" too. Counted as memory are ranges below the end of the
// last usable or ACPI range of their half (below 4 GiB, above it), and small ones that
// follow it without a gap (system management memory, the tables of a hypervisor). The rest
// is left to the memory modules' sizes, where SMBIOS has them.

#include "model/derive.h"

#include <stdlib.h>

#define MIB  (1ull << 20)
#define FOUR (4ull << 30)

#define TOUCHING_MAX (16 * MIB)

/* AMD: 12 GiB below 1 TiB are kept for HyperTransport; no memory is behind them. */
#define HT_START 0xfd00000000ull
#define HT_END	 0x10000000000ull

enum kind { USABLE, RESERVED, ACPI, NVS, UNUSABLE, PERSISTENT, SOFT, KINDS };

static enum kind kind_of(const char *type)
{
	static const struct {
		const char *starts;
		enum kind kind;
	} names[] = {
		{ "System RAM", USABLE },
		{ "usable", USABLE },
		{ "ACPI Non-volatile", NVS },
		{ "ACPI NVS", NVS },
		{ "ACPI", ACPI },
		{ "Unusable", UNUSABLE },
		{ "unusable", UNUSABLE },
		{ "Persistent", PERSISTENT },
		{ "persistent", PERSISTENT },
		{ "Soft Reserved", SOFT },
		{ "soft reserved", SOFT },
	};

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (kt_span_starts(kt_span_str(type), names[i].starts))
			return names[i].kind;
	}
	return RESERVED;
}

static int by_start(const void *a, const void *b)
{
	const struct kt_region *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static uint64_t overlap(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	uint64_t low = start > other_start ? start : other_start;
	uint64_t high = end < other_end ? end : other_end;

	return high > low ? high - low : 0;
}

/* Bytes of a range that lie inside any of `count` sorted regions that do not overlap. */
static uint64_t covered(const struct kt_region *regions, size_t count, uint64_t start, uint64_t end)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += overlap(start, end, regions[i].start, regions[i].end);
	return sum;
}

/* Sorted, and with no byte in two ranges; the earlier range keeps what two claim. */
static void make_disjoint(struct kt_region *regions, size_t *count)
{
	uint64_t end = 0;
	size_t kept = 0;

	if (*count)
		qsort(regions, *count, sizeof(*regions), by_start);
	for (size_t i = 0; i < *count; i++) {
		struct kt_region region = regions[i];

		region.start = region.start < end ? end : region.start;
		if (region.start >= region.end)
			continue;
		end = region.end;
		regions[kept++] = region;
	}
	*count = kept;
}

struct map {
	uint64_t low_end, high_end; /* ends of what is surely memory, below and above 4 GiB */
	uint64_t sums[KINDS], hole;
};

static uint64_t memory_behind(const struct map *map, const struct kt_region *region)
{
	uint64_t sum = overlap(region->start, region->end, 0, MIB);

	sum += overlap(region->start, region->end, MIB, map->low_end);
	if (map->high_end <= FOUR)
		return sum;
	sum += overlap(region->start, region->end, FOUR, map->high_end);
	return sum - overlap(region->start, region->end, HT_START,
			     HT_END < map->high_end ? HT_END : map->high_end);
}

/*
 * A small reserved range right behind the last memory is memory. Large ones are left alone:
 * firmware merges stolen memory with the PCI configuration window, which is 64 MiB or more.
 */
static void extend(struct map *map, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->firmware.count; i++) {
		const struct kt_region *region = &snap->firmware.items[i];

		if (kind_of(region->type) != RESERVED || region->end - region->start > TOUCHING_MAX)
			continue;
		if (region->start == map->low_end && region->end <= FOUR)
			map->low_end = region->end;
		else if (region->start == map->high_end && region->start > FOUR)
			map->high_end = region->end;
	}
}

static struct map read_map(const struct kt_snapshot *snap)
{
	const struct kt_region *regions = snap->firmware.items;
	struct map map = { 0 };

	for (size_t i = 0; i < snap->firmware.count; i++) {
		enum kind kind = kind_of(regions[i].type);

		if (kind == RESERVED || kind == PERSISTENT || kind == SOFT)
			continue;
		if (regions[i].start < FOUR)
			map.low_end = regions[i].end > map.low_end ? regions[i].end : map.low_end;
		else
			map.high_end = regions[i].end;
	}
	extend(&map, snap);
	for (size_t i = 0; i < snap->firmware.count; i++) {
		enum kind kind = kind_of(regions[i].type);

		map.sums[kind] += kind == RESERVED ? memory_behind(&map, &regions[i])
						   : regions[i].end - regions[i].start;
	}
	if (map.low_end > MIB)
		map.hole = MIB - covered(regions, snap->firmware.count, 0, MIB);
	return map;
}

static void put(struct kt_snapshot *snap, enum kt_metric metric, uint64_t bytes,
	enum kt_quality quality, const char *how)
{
	kt_snapshot_derive(snap, metric, KT_NO_NODE, (int64_t)bytes, quality, how);
}

static void put_map(struct kt_snapshot *snap, const struct map *map)
{
	uint64_t twice = 0;

	/* graphics memory usually lies inside or right behind a reserved range */
	if (snap->graphics.end > snap->graphics.start) {
		for (size_t i = 0; i < snap->firmware.count; i++) {
			struct kt_region region = snap->firmware.items[i];

			if (kind_of(region.type) != RESERVED)
				continue;
			region.start = region.start > snap->graphics.start ? region.start
									   : snap->graphics.start;
			region.end =
				region.end < snap->graphics.end ? region.end : snap->graphics.end;
			if (region.end > region.start)
				twice += memory_behind(map, &region);
		}
	}
	put(snap, KT_FW_USABLE, map->sums[USABLE], KT_EXACT, "usable ranges");
	put(snap, KT_FW_RESERVED, map->sums[RESERVED] - twice, KT_ESTIMATE,
		"reserved ranges that have memory behind them");
	put(snap, KT_FW_ACPI, map->sums[ACPI], KT_EXACT, "ACPI tables");
	put(snap, KT_FW_NVS, map->sums[NVS], KT_EXACT, "ACPI non-volatile storage");
	put(snap, KT_FW_UNUSABLE, map->sums[UNUSABLE], KT_EXACT, "unusable ranges");
	put(snap, KT_FW_PERSISTENT, map->sums[PERSISTENT], KT_EXACT, "persistent memory ranges");
	put(snap, KT_FW_SOFT, map->sums[SOFT], KT_EXACT, "soft reserved ranges");
	put(snap, KT_FW_HOLE, map->hole, KT_ESTIMATE, "holes below 1 MiB");
}

/* Special-purpose memory that was added to the system after boot is no longer kept. */
static uint64_t added_from(const struct kt_snapshot *snap, enum kind wanted)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snap->firmware.count; i++) {
		const struct kt_region *region = &snap->firmware.items[i];

		if (kind_of(region->type) == wanted)
			sum += covered(
				snap->iomem.items, snap->iomem.count, region->start, region->end);
	}
	return sum;
}

static uint64_t whole_pages(const struct kt_region *region, uint64_t page)
{
	uint64_t start = (region->start + page - 1) / page * page, end = region->end / page * page;

	return end > start ? end - start : 0;
}

/* From the ranges the kernel calls System RAM to the pages present. */
static void derive_system_ram(struct kt_snapshot *snap)
{
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);
	uint64_t page = (uint64_t)snap->host.page_bytes, whole = 0, partial = 0, left_out = 0;

	if (!page || !snap->iomem.count)
		return;
	for (size_t i = 0; i < snap->iomem.count; i++) {
		const struct kt_region *region = &snap->iomem.items[i];

		whole += whole_pages(region, page);
		partial += region->end - region->start - whole_pages(region, page);
	}
	put(snap, KT_SYSTEM_RAM, whole, KT_EXACT, "System RAM in whole pages");
	for (size_t i = 0; i < snap->firmware.count; i++) {
		const struct kt_region *region = &snap->firmware.items[i];

		if (kind_of(region->type) == USABLE)
			left_out += region->end - region->start -
				    covered(snap->iomem.items, snap->iomem.count, region->start,
					    region->end);
	}
	if (snap->firmware.count)
		put(snap, KT_LEFT_OUT, left_out + partial, KT_EXACT,
			"usable by the firmware, not System RAM of the kernel in whole pages");
	if (!kt_ok(present) || present.quality != KT_EXACT)
		return;
	if (whole >= (uint64_t)present.value)
		put(snap, KT_OFFLINE, whole - (uint64_t)present.value, KT_EXACT,
			"System RAM that is in no zone");
	else
		kt_snapshot_note(snap, "more memory is present than proc/iomem calls System RAM");
}

void kt_derive_firmware(struct kt_snapshot *snap)
{
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);
	struct map map;

	make_disjoint(snap->firmware.items, &snap->firmware.count);
	make_disjoint(snap->iomem.items, &snap->iomem.count);
	derive_system_ram(snap);
	if (!snap->firmware.count)
		return;
	map = read_map(snap);
	map.sums[SOFT] -= added_from(snap, SOFT);
	map.sums[PERSISTENT] -= added_from(snap, PERSISTENT);
	put_map(snap, &map);
	/* without proc/iomem, memory offline cannot be told from memory left out */
	if (!snap->iomem.count && kt_ok(present) && map.sums[USABLE] > (uint64_t)present.value)
		put(snap, KT_LEFT_OUT, map.sums[USABLE] - (uint64_t)present.value, KT_UPPER_BOUND,
			"usable by the firmware - present, memory offline included");
}
