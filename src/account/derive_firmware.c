// SPDX-License-Identifier: GPL-2.0-or-later
//
// Derives the rows between installed memory and present pages: memory that the firmware keeps, and
// memory that it gives but the kernel does not use.
//
// A firmware map does not say which of its reserved ranges are backed by memory: device registers
// and flash are "reserved" too. Two kinds of ranges count as memory: ranges below the end of the
// last usable or ACPI range of their half (below 4 GiB, above it), and small ranges that follow it
// without a gap (system management memory, the tables of a hypervisor). All other reserved ranges
// are left to the sizes of the memory modules, where SMBIOS has them.

#include "account/derive.h"
#include "account/step.h"

#include "base/kernel_files.h"

#include <stdlib.h>

#define MIB  (1ull << 20)
#define FOUR (4ull << 30)

#define TOUCHING_MAX (16 * MIB) /* bytes; see extend() */

/* AMD keeps 12 GiB below 1 TiB for HyperTransport; no memory is at these addresses. */
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

/* Bytes of a range inside any of `count` regions, which are sorted and do not overlap. */
static uint64_t covered(const struct kt_region *regions, size_t count, uint64_t start, uint64_t end)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += overlap(start, end, regions[i].start, regions[i].end);
	return sum;
}

/* Sorts the regions and removes overlaps; bytes that two ranges claim stay in the earlier one. */
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
	uint64_t low_end,
		high_end; /* addresses; ends of what surely is memory, below and above 4 GiB */
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
 * Counts a small reserved range directly after the last memory as memory. Large ones are not
 * counted: firmware merges stolen memory with the PCI configuration window, which is 64 MiB or
 * more.
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

static void put(struct kt_step *step, enum kt_metric metric, uint64_t bytes,
	enum kt_quality quality, const char *how)
{
	kt_step_put_bytes(step, metric, (int64_t)bytes, quality, how);
}

/*
 * Decides whether the map belongs to this machine. The memory that the map gives to the system and
 * the memory that the kernel has agree, except for memory added later, mem= and memmap=. A map that
 * is cut off or belongs to another machine looks the same as those exceptions, so a difference
 * makes the map an estimate.
 */
static enum kt_quality quality_of_map(const struct kt_snapshot *snap, const struct map *map)
{
	/* not an input of the map's sums: it decides only their quality */
	struct kt_val present = kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE);
	uint64_t ram = kt_ok(present) ? (uint64_t)present.value : 0, usable = map->sums[USABLE];

	if (snap->iomem.count)
		ram = 0;
	for (size_t i = 0; i < snap->iomem.count; i++)
		ram += snap->iomem.items[i].end - snap->iomem.items[i].start;
	return ram && (ram > usable ? ram - usable : usable - ram) > 16 * MIB ? KT_ESTIMATE
									      : KT_EXACT;
}

/* Bytes of graphics memory inside a reserved range, which have a row of their own. */
static uint64_t graphics_in_reserved(const struct kt_snapshot *snap, const struct map *map)
{
	uint64_t twice = 0;

	/* graphics memory usually is inside a reserved range or directly after one */
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
	return twice;
}

static void put_map(struct kt_step *step, const struct map *map)
{
	enum kt_quality exact = quality_of_map(step->snap, map);
	uint64_t twice = graphics_in_reserved(step->snap, map);

	put(step, KT_FW_USABLE, map->sums[USABLE], exact, "usable ranges");
	put(step, KT_FW_RESERVED, map->sums[RESERVED] - twice, KT_ESTIMATE,
		"reserved ranges that are backed by memory");
	put(step, KT_FW_ACPI, map->sums[ACPI], exact, "ACPI tables");
	put(step, KT_FW_NVS, map->sums[NVS], exact, "ACPI non-volatile storage");
	put(step, KT_FW_UNUSABLE, map->sums[UNUSABLE], exact, "unusable ranges");
	put(step, KT_FW_PERSISTENT, map->sums[PERSISTENT], exact, "persistent memory ranges");
	put(step, KT_FW_SOFT, map->sums[SOFT], exact, "soft reserved ranges");
	put(step, KT_FW_HOLE, map->hole, KT_ESTIMATE, "holes below 1 MiB");
}

/*
 * Bytes of special-purpose memory that was added to the system after boot, so that the firmware no
 * longer keeps it.
 */
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

/*
 * Bytes of a usable range that the command line made persistent, unless a driver made them RAM
 * again.
 */
static uint64_t made_persistent(const struct kt_snapshot *snap, const struct kt_region *usable)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snap->legacy_persistent.count; i++) {
		struct kt_region part = snap->legacy_persistent.items[i];

		part.start = part.start > usable->start ? part.start : usable->start;
		part.end = part.end < usable->end ? part.end : usable->end;
		if (part.end > part.start)
			sum += part.end - part.start -
			       covered(snap->iomem.items, snap->iomem.count, part.start, part.end);
	}
	return sum;
}

static uint64_t whole_pages(const struct kt_region *region, uint64_t page)
{
	uint64_t start = (region->start + page - 1) / page * page, end = region->end / page * page;

	return end > start ? end - start : 0;
}

/* Compares the System RAM ranges of the kernel with the present pages. */
static void derive_system_ram(struct kt_step *step)
{
	struct kt_snapshot *snap = step->snap;
	struct kt_val present = kt_step_get(step, KT_PRESENT);
	uint64_t page = (uint64_t)snap->host.page_bytes, whole = 0;

	if (!kt_known(snap->host.page_bytes) || !snap->iomem.count)
		return;
	for (size_t i = 0; i < snap->iomem.count; i++)
		whole += whole_pages(&snap->iomem.items[i], page);
	if (kt_ok(present) && present.quality == KT_EXACT && whole < (uint64_t)present.value) {
		kt_snapshot_note(snap,
			"more memory is present than proc/iomem calls System RAM: proc/iomem "
			"is cut off, or of another machine; it is left out");
		kt_derive_reject(
			snap, KT_FILE_IOMEM, KT_FILE_IOMEM " contains less memory than is present");
		snap->iomem.count = 0;
		return;
	}
	put(step, KT_SYSTEM_RAM, whole, KT_EXACT, "System RAM in whole pages");
}

static void derive_map(struct kt_step *step)
{
	struct map map;

	if (!step->snap->firmware.count)
		return;
	map = read_map(step->snap);
	map.sums[SOFT] -= added_from(step->snap, SOFT);
	map.sums[PERSISTENT] -= added_from(step->snap, PERSISTENT);
	put_map(step, &map);
}

/* Bytes of partial pages at the ends of the System RAM ranges. */
static uint64_t partial_pages(const struct kt_snapshot *snap)
{
	uint64_t page = (uint64_t)snap->host.page_bytes, sum = 0;

	for (size_t i = 0; i < snap->iomem.count; i++) {
		const struct kt_region *region = &snap->iomem.items[i];

		sum += region->end - region->start - whole_pages(region, page);
	}
	return sum;
}

static void compare_with_system_ram(
	struct kt_step *step, uint64_t usable, struct kt_val system, struct kt_val present)
{
	const struct kt_snapshot *snap = step->snap;
	uint64_t persistent = 0;

	for (size_t i = 0; i < snap->firmware.count; i++) {
		if (kind_of(snap->firmware.items[i].type) == USABLE)
			persistent += made_persistent(snap, &snap->firmware.items[i]);
	}
	put(step, KT_RAM_PERSISTENT, persistent, KT_EXACT,
		"usable by the firmware, Persistent Memory (legacy) in /proc/iomem");
	put(step, KT_LEFT_OUT, usable - added_from(snap, USABLE) - persistent + partial_pages(snap),
		kt_ok(present) && system.value == present.value ? KT_EXACT : KT_ESTIMATE,
		"usable by the firmware, not System RAM of the kernel in whole pages");
}

/* Without proc/iomem, offline memory cannot be separated from memory that the kernel left out. */
static void derive_left_out(struct kt_step *step)
{
	struct kt_val usable = kt_step_get(step, KT_FW_USABLE);
	struct kt_val system = kt_step_get(step, KT_SYSTEM_RAM);
	struct kt_val present = kt_step_get(step, KT_PRESENT);

	if (!kt_ok(usable) || !step->snap->firmware.count)
		return;
	if (step->snap->iomem.count && kt_ok(system))
		compare_with_system_ram(step, (uint64_t)usable.value, system, present);
	else if (!step->snap->iomem.count && kt_ok(present) && usable.value > present.value)
		put(step, KT_LEFT_OUT, (uint64_t)(usable.value - present.value), KT_UPPER_BOUND,
			"usable by the firmware - present, memory offline included");
}

static void derive_offline(struct kt_step *step)
{
	struct kt_val system = kt_step_get(step, KT_SYSTEM_RAM);
	struct kt_val present = kt_step_get(step, KT_PRESENT);

	if (kt_ok(system) && kt_ok(present) && present.quality == KT_EXACT)
		put(step, KT_OFFLINE, (uint64_t)(system.value - present.value),
			system.value == present.value ? KT_EXACT : KT_ESTIMATE,
			"System RAM that is in no zone");
}

/*
 * derive_system_ram() comes first: it may leave out proc/iomem, which the other rules compare with.
 */
static const struct kt_rule rules[] = {
	{ derive_system_ram, KT_MAKES(KT_SYSTEM_RAM) },
	{ derive_map, KT_MAKES(KT_FW_USABLE, KT_FW_RESERVED, KT_FW_ACPI, KT_FW_NVS, KT_FW_UNUSABLE,
			      KT_FW_PERSISTENT, KT_FW_SOFT, KT_FW_HOLE) },
	{ derive_left_out, KT_MAKES(KT_RAM_PERSISTENT, KT_LEFT_OUT) },
	{ derive_offline, KT_MAKES(KT_OFFLINE) },
};

void kt_derive_firmware(struct kt_snapshot *snap)
{
	make_disjoint(snap->firmware.items, &snap->firmware.count);
	make_disjoint(snap->iomem.items, &snap->iomem.count);
	make_disjoint(snap->legacy_persistent.items, &snap->legacy_persistent.count);
	kt_step_run(snap, KT_NO_NODE, rules, KT_LEN(rules));
}
