// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/list/stacks_depth.h"

#include "base/kernel_files.h"

static const struct kt_column columns[] = {
	{ .key = "stacks", .type = KT_CELL_COUNT, .help = "Idle threads of CPUs included." },
	{ .key = "idle_threads", .type = KT_CELL_COUNT, .help = "Of all CPUs but the first." },
	{ .key = "ended_threads",
		.type = KT_CELL_COUNT,
		.help = "Threads that have ended and hold no stack." },
	{ .key = "threads",
		.type = KT_CELL_COUNT,
		.help = "By /" KT_FILE_LOADAVG ", without idle threads." },
	{ .key = "stacks_bytes", .type = KT_CELL_BYTES },
	{ .key = "unused_bytes", .type = KT_CELL_BYTES, .help = "Never touched." },
	{ .key = "deepest_bytes", .type = KT_CELL_BYTES },
	{ .key = "unread", .type = KT_CELL_COUNT },
	{ .key = "torn_lists",
		.type = KT_CELL_COUNT,
		.help = "Lists of threads that changed each time they were read." },
};

const struct kt_part kt_stacks_depth_part = {
	.key = "depth",
	KT_COLUMNS_OF(columns),
	.help = "What kernel memory has; null without --used.",
};

/* Sums over all stacks; each number is KT_UNKNOWN if none was read. */
struct whole {
	int64_t nr_stacks, nr_idle, nr_unread, unused_bytes, deepest_bytes;
	const char *deepest; /* name of the group with the deepest use */
};

static struct whole add_up(const struct kt_snapshot *snap, const kt_stack_depths *depths)
{
	struct whole whole = { KT_UNKNOWN, KT_UNKNOWN, KT_UNKNOWN, KT_UNKNOWN, KT_UNKNOWN, "" };

	if (!kt_known(snap->stack_walk.each_bytes))
		return whole;
	whole.nr_stacks = whole.nr_idle = whole.nr_unread = 0;
	for (size_t i = 0; i < depths->count; i++) {
		const struct kt_stack_depth *depth = &depths->items[i];

		whole.nr_stacks += depth->nr_stacks;
		whole.nr_unread += depth->nr_unread;
		kt_add_known(&whole.unused_bytes, depth->unused_bytes);
		if (depth->deepest_bytes > whole.deepest_bytes) {
			whole.deepest_bytes = depth->deepest_bytes;
			whole.deepest = depth->name;
		}
	}
	for (size_t i = 0; i < snap->stack_uses.count; i++)
		whole.nr_idle += snap->stack_uses.items[i].pid == 0;
	return whole;
}

static void put_fields(
	struct kt_report *report, const struct kt_snapshot *snap, const struct whole *whole)
{
	struct kt_val threads = kt_snapshot_get(snap, KT_NR_THREADS, KT_NO_NODE);
	const struct kt_stack_walk *walk = &snap->stack_walk;
	bool known = kt_known(walk->each_bytes);
	const int64_t numbers[KT_LEN(columns)] = { whole->nr_stacks, whole->nr_idle,
		known ? walk->nr_ended : KT_UNKNOWN,
		known && kt_ok(threads) ? threads.value : KT_UNKNOWN,
		known ? whole->nr_stacks * walk->each_bytes : KT_UNKNOWN, whole->unused_bytes,
		whole->deepest_bytes, whole->nr_unread, known ? walk->nr_torn : KT_UNKNOWN };

	for (size_t i = 0; i < KT_LEN(columns); i++)
		kt_report_field(report, "depth", columns[i].key, columns[i].type,
			kt_cell_known(numbers[i]));
}

/* Holds what was found in kernel memory against the counters. */
static void put_notes(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_stacks *stacks, const struct whole *whole)
{
	struct kt_val threads = kt_snapshot_get(snap, KT_NR_THREADS, KT_NO_NODE);
	const struct kt_stack_walk *walk = &snap->stack_walk;
	int64_t nr_seen = whole->nr_stacks - whole->nr_idle + walk->nr_ended;

	if (kt_ok(threads))
		kt_report_note(report,
			"threads in kernel memory: %lld, of which %lld have ended; by "
			"/" KT_FILE_LOADAVG
			": %lld. Idle threads of CPUs, which are in neither: %lld",
			(long long)nr_seen, (long long)walk->nr_ended, (long long)threads.value,
			(long long)whole->nr_idle);
	if (stacks->total_bytes >= 0)
		kt_report_note(report, "their stacks take %s; the kernel's counter has %s",
			kt_report_bytes(report, whole->nr_stacks * walk->each_bytes),
			kt_report_bytes(report, stacks->total_bytes));
	if (whole->nr_unread || walk->nr_torn)
		kt_report_warn(report,
			kt_arena_printf(&report->arena,
				"%lld stacks could not be read, and %lld lists of threads changed "
				"each time they were read: DEEPEST and UNUSED may be too low",
				(long long)whole->nr_unread, (long long)walk->nr_torn));
}

void kt_stacks_put_depth(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_stacks *stacks, const kt_stack_depths *depths)
{
	struct whole whole = add_up(snap, depths);

	put_fields(report, snap, &whole);
	if (!kt_known(snap->stack_walk.each_bytes))
		return;
	if (kt_known(whole.unused_bytes))
		kt_report_headline(report,
			"%s of the stacks were never touched; the deepest use is %s of %s, by %s.",
			kt_report_bytes(report, whole.unused_bytes),
			kt_report_bytes(report, whole.deepest_bytes),
			kt_report_bytes(report, snap->stack_walk.each_bytes), whole.deepest);
	put_notes(report, snap, stacks, &whole);
}
