// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects that were freed and wait for RCU. Those in sheaves of CPUs are in CACHED of their cache;
// those in batches of kfree_rcu() and in sheaves on their way still count as in use.

#include "cmd/slab/slab.h"

static const struct kt_column columns[] = {
	{ .key = "waiting_objects",
		.type = KT_CELL_COUNT,
		.help = "All objects that wait for RCU, as far as they are known." },
	{ .key = "batch_objects",
		.type = KT_CELL_COUNT,
		.help = "Objects in batches of kfree_rcu(), also of vmalloc; they count as in "
			"use." },
	{ .key = "batch_pages",
		.type = KT_CELL_COUNT,
		.help = "Pages with pointers to these objects." },
	{ .key = "spare_pages",
		.type = KT_CELL_COUNT,
		.help = "Pages that CPUs keep for further pointers." },
	{ .key = "sheaves",
		.type = KT_CELL_COUNT,
		.help = "Sheaves whose grace period has not ended; null: this kernel has none." },
	{ .key = "sheaf_objects",
		.type = KT_CELL_COUNT,
		.help = "Objects in these sheaves; they count as in use." },
	{ .key = "cpu_objects",
		.type = KT_CELL_COUNT,
		.help = "Objects in sheaves that CPUs fill; they are in the cached ones of their "
			"cache." },
	{ .key = "torn_lists",
		.type = KT_CELL_COUNT,
		.help = "Lists that changed each time they were read: not counted." },
};

const struct kt_part kt_slab_rcu_part = {
	.key = "rcu",
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Only with --exact, where the kernel names these lists: objects that were freed "
		"and "
		"wait for RCU.",
};

static void put(struct kt_report *report, const char *key, int64_t number)
{
	kt_report_field(report, "rcu", key, KT_CELL_COUNT, kt_cell_known(number));
}

static int64_t in_sheaves(const struct kt_snapshot *snap)
{
	int64_t sum = 0;

	for (size_t i = 0; i < snap->cache_memories.count; i++)
		sum += kt_known_of(snap->cache_memories.items[i].rcu_objs, 0);
	return sum;
}

static void put_note(struct kt_report *report, const struct kt_rcu_waiting *waiting)
{
	int64_t batches = kt_known_of(waiting->nr_batch_objs, 0);
	int64_t sheaves = kt_known_of(waiting->nr_sheaf_objs, 0);

	if (batches || sheaves)
		kt_report_note(report,
			"wait for RCU and count as in use: %lld objects in batches of kfree_rcu() "
			"(%lld pages of pointers), %lld objects in %lld sheaves on their way",
			(long long)batches, (long long)kt_known_of(waiting->nr_batch_pages, 0),
			(long long)sheaves, (long long)kt_known_of(waiting->nr_sheaves, 0));
	if (waiting->nr_torn)
		kt_report_note(report,
			"%lld lists of objects that wait for RCU changed each time they were read: "
			"they are not counted",
			(long long)waiting->nr_torn);
}

void kt_slab_put_rcu(struct kt_report *report, const struct kt_snapshot *snap)
{
	const struct kt_rcu_waiting *waiting =
		snap->rcu_waitings.count ? &snap->rcu_waitings.items[0] : NULL;

	if (!waiting || waiting->why) {
		kt_report_note(report, "what waits for RCU in batches is not known: %s",
			waiting ? waiting->why : "it is counted on the running machine only");
		return;
	}
	put(report, "waiting_objects",
		kt_known_of(waiting->nr_batch_objs, 0) + kt_known_of(waiting->nr_sheaf_objs, 0) +
			in_sheaves(snap));
	put(report, "batch_objects", waiting->nr_batch_objs);
	put(report, "batch_pages", waiting->nr_batch_pages);
	put(report, "spare_pages", waiting->nr_spare_pages);
	put(report, "sheaves", waiting->nr_sheaves);
	put(report, "sheaf_objects", waiting->nr_sheaf_objs);
	put(report, "cpu_objects", in_sheaves(snap));
	put(report, "torn_lists", waiting->nr_torn);
	put_note(report, waiting);
}
