// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_RANDOM_H
#define KT_TEST_RANDOM_H

/** Machines whose files say anything. */

#include "feed.h"

#include "source/boot/firmware.h"

static uint64_t dice_state = 0x9e3779b97f4a7c15u;

static inline uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % sides;
}

static inline int64_t dice_of(uint64_t sides)
{
	return (int64_t)dice(sides);
}

static inline void zones_mib(
	struct kt_snapshot *snap, int64_t present, int64_t managed, int64_t free)
{
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", present * 256);
	put_entry(snap, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", managed * 256);
	put_entry(snap, KT_NR_FREE, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", free * 256);
}

static inline void random_entry(struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	static const char *const paths[] = { "proc/meminfo", "proc/vmstat", "some/file" };
	struct kt_entry entry = { .metric = metric, .node = node, .field = "random" };

	entry.unit = (enum kt_unit)dice(3); /* an amount */
	entry.rank = (uint8_t)dice(5);
	entry.state = dice(8) ? KT_OK : (enum kt_state)dice(5);
	entry.path = paths[dice(KT_LEN(paths))];
	entry.raw = (int64_t)(dice(2) ? dice(1ull << 30) : dice(1000));
	kt_snapshot_put(snap, entry);
}

static inline void random_lists(struct kt_snapshot *snap)
{
	static const char *const names[] = { "DMA", "Normal", "Movable", "TCP established", "UDP" };
	static const char *const kinds[] = { "System RAM", "Reserved", "ACPI Tables",
		"Soft Reserved", "Persistent Memory" };

	for (uint64_t n = dice(4); n; n--) {
		int64_t present = (int64_t)dice(1 << 20);

		*kt_list_push(&snap->arena, &snap->zones) = (struct kt_zone){
			.node = (int)dice(2),
			.name = names[dice(KT_LEN(names))],
			.present = present,
			.free = (int64_t)dice(1 << 20),
			.cma_free = (int64_t)dice(100),
			.threshold = (int64_t)dice(125),
			.nr_cpus = (int64_t)dice(64),
		};
	}
	for (uint64_t n = dice(4); n; n--)
		*kt_list_push(&snap->arena, &snap->hugepools) = (struct kt_hugepool){
			.node = (int)dice(3) - 1,
			.page_bytes = 65536ll << dice(15),
			.total = (int64_t)dice(100) - 1,
			.free = (int64_t)dice(100) - 1,
		};
	for (uint64_t n = dice(5); n; n--)
		*kt_list_push(&snap->arena, &snap->hashes) = (struct kt_hash){
			.name = names[dice(KT_LEN(names))],
			.size_bytes = (int64_t)dice(1 << 24),
			.place = (enum kt_hash_place)dice(3),
			.has_kind = dice(2),
			.order = (int)dice(20),
		};
	for (uint64_t n = dice(8); n; n--) {
		uint64_t start = dice(1ull << 36), end = start + dice(1ull << 34);

		kt_firmware_add(snap, start, end, kt_span_str(kinds[dice(KT_LEN(kinds))]));
		if (dice(2))
			*kt_list_push(&snap->arena, &snap->iomem) =
				(struct kt_region){ start, end + dice(5000), "System RAM" };
	}
}

static inline struct kt_snapshot *random_machine(uint64_t seed)
{
	struct kt_snapshot *snap = kt_snapshot_new();

	dice_state = seed * 0x9e3779b97f4a7c15u + 1;
	snap->host.page_bytes = dice(8) ? 4096ll << 4 * dice(2) : KT_UNKNOWN;
	snap->host.nr_cpus_possible = (int64_t)dice(64);
	for (int metric = 0; metric < KT_METRIC_COUNT; metric++) {
		for (uint64_t n = dice(4); n; n--)
			random_entry(snap, (enum kt_metric)metric, (int)dice(3) - 1);
	}
	if (dice(4))
		zones_mib(snap, (int64_t)dice(1 << 20), (int64_t)dice(1 << 20), 100);
	random_lists(snap);
	return snap;
}

#endif
