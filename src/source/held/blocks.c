// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /sys/devices/system/memory: memory in blocks that can be taken offline. Block sizes include
// holes, so the sum is coarse. One file a block is expensive on large machines, so this source is
// read only where the zones are unknown.

#include "source/source.h"

#include <string.h>

static struct kt_err *count_blocks(
	struct kt_root *root, struct kt_snapshot *snap, int64_t *ret_online, int64_t *ret_offline)
{
	kt_names names = { 0 };
	struct kt_err *err = kt_root_list(root, "sys/devices/system/memory", &snap->arena, &names);

	for (size_t i = 0; !err && i < names.count; i++) {
		KT_CLEANUP(text) struct kt_text text = { 0 };
		struct kt_span name = kt_span_str(names.items[i]), state;
		uint64_t number;

		if (!kt_span_skip(&name, "memory") || !kt_span_u64(name, &number))
			continue;
		err = kt_root_read_head(root,
			kt_arena_printf(
				&snap->arena, "sys/devices/system/memory/%s/state", names.items[i]),
			64, &text);
		if (err)
			break;
		state = kt_span_trim(kt_text_span(&text));
		*ret_online += kt_span_eq(state, "online");
		*ret_offline += kt_span_eq(state, "offline");
	}
	return err;
}

static void put(struct kt_snapshot *snap, enum kt_metric metric, int64_t bytes)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .quality = KT_UPPER_BOUND,
				      .raw = bytes,
				      .path = "sys/devices/system/memory",
				      .field = "state" });
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	int64_t nr_online = 0, nr_offline = 0;
	struct kt_err *err;
	uint64_t size;

	err = kt_root_read_head(root, kt_source_blocks.paths[0], 64, &text);
	if (err)
		return err;
	if (!kt_span_hex(kt_span_trim(kt_text_span(&text)), &size) || size > 1ull << 40)
		return kt_err_new(KT_ERR_PARSE, "%s: not a size", text.path);
	err = count_blocks(root, snap, &nr_online, &nr_offline);
	if (err)
		return err;
	put(snap, KT_BLOCKS_ONLINE, (int64_t)size * nr_online);
	put(snap, KT_BLOCKS_OFFLINE, (int64_t)size * nr_offline);
	return NULL;
}

static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	return (want & KT_WANT_ALL) || !kt_ok(kt_snapshot_get(snap, KT_PRESENT, KT_NO_NODE));
}

const struct kt_source kt_source_blocks = {
	.name = "blocks",
	.summary = "memory blocks online and offline",
	.paths = { "sys/devices/system/memory/block_size_bytes",
		"sys/devices/system/memory/*/state" },
	.cost = KT_COST_WALK,
	.lack = "how much memory is present is unknown, where zoneinfo is missing too",
	.gives = "a mounted /sys and CONFIG_MEMORY_HOTPLUG",
	.provides = { KT_BLOCKS_ONLINE, KT_BLOCKS_OFFLINE },
	.nr_provides = 2,
	.unwanted = "proc/zoneinfo has the number already",
	.wanted = wanted,
	.read = read_it,
};
