// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/past/diff_counters.h"

#include "base/buf.h"
#include "base/kernel_files.h"

#include <string.h>

#define EXAMPLES 6u /* counters that a note names */

/* Names of one quantity in two files: one side may have meminfo, the other vmstat. */
static const struct {
	enum kt_metric metric, other;
} aliases[] = {
	{ KT_MEM_FREE, KT_NR_FREE },
	{ KT_SHMEM, KT_SHMEM_BASE },
	{ KT_ANON, KT_ANON_BASE },
};

/* One side of a counter: its entry, in bytes, or as a number where its size is not known. */
struct counter {
	const struct kt_entry *entry; /* NULL: the side does not have it */
	struct kt_cell cell;
	bool bytes;
	enum kt_quality quality;
};

/* The files of counters; sums of lists and derived values are no counters. */
static bool is_counter(const struct kt_entry *entry)
{
	static const char *const files[] = { KT_FILE_MEMINFO, KT_FILE_VMSTAT, KT_FILE_ZONEINFO };

	for (size_t i = 0; i < KT_LEN(files) && entry->path; i++) {
		if (strcmp(entry->path, files[i]) == 0)
			return true;
	}
	return false;
}

static const struct kt_entry *entry_of(const struct kt_snapshot *snap, enum kt_metric metric)
{
	const struct kt_entry *best = NULL;

	for (size_t i = 0; i < snap->entries.count; i++) {
		const struct kt_entry *entry = &snap->entries.items[i];

		if (entry->metric == metric && entry->node == KT_NO_NODE && is_counter(entry) &&
			entry->state == KT_OK && (!best || entry->rank < best->rank))
			best = entry;
	}
	return best;
}

static struct counter counter_of(const struct kt_snapshot *snap, enum kt_metric metric)
{
	struct counter counter = { .entry = entry_of(snap, metric) };
	int64_t page = snap->host.page_bytes, times = 1;

	if (!counter.entry)
		return counter;
	counter.quality = counter.entry->quality;
	if (counter.entry->unit == KT_KB)
		times = 1024;
	else if (counter.entry->unit == KT_PAGES && kt_known(page))
		times = page;
	counter.bytes = counter.entry->unit != KT_COUNT &&
			(counter.entry->unit != KT_PAGES || kt_known(page));
	if (__builtin_mul_overflow(counter.entry->raw, times, &counter.cell.number))
		counter.cell = kt_cell_missing(KT_BAD, "the number is impossibly large");
	return counter;
}

static void put(struct kt_arena *arena, kt_diff_pairs *pairs, const struct counter sides[2])
{
	struct kt_diff_pair *pair = kt_list_push(arena, pairs);
	const char *names[2] = { sides[0].entry->field, sides[1].entry->field };

	if (!pair)
		return;
	*pair = (struct kt_diff_pair){ .has = { true, true } };
	pair->name = kt_arena_printf(arena, "%s", names[0]);
	pair->title = strcmp(names[0], names[1]) == 0
			      ? pair->name
			      : kt_arena_printf(arena, "%s, %s", names[0], names[1]);
	pair->key = pair->name;
	for (int i = 0; i < 2; i++) {
		pair->cells[i] = sides[i].cell;
		pair->qualities[i] = sides[i].quality;
		pair->stated[i] = true;
	}
}

struct alone {
	struct kt_buf names;
	size_t count;
};

static void note_alone(struct alone *alone, const struct kt_entry *entry)
{
	if (alone->count++ < EXAMPLES)
		kt_buf_join(&alone->names, ", ", "%s", entry->field);
}

static void compare_metric(struct kt_arena *arena, struct kt_snapshot *const snaps[2],
	enum kt_metric metric, struct kt_diff_counters *counters, struct alone alone[2])
{
	struct counter sides[2];

	for (int i = 0; i < 2; i++)
		sides[i] = counter_of(snaps[i], metric);
	for (size_t i = 0; i < KT_LEN(aliases); i++) {
		for (int k = 0; k < 2; k++) {
			bool here = !sides[k].entry && sides[!k].entry;

			/* the other name of the quantity; not the same to the page */
			if (!here || aliases[i].metric != metric ||
				entry_of(snaps[!k], aliases[i].other))
				continue;
			sides[k] = counter_of(snaps[k], aliases[i].other);
			sides[k].quality = KT_ESTIMATE;
		}
	}
	for (int i = 0; i < 2; i++) {
		if (sides[i].entry && (!sides[!i].entry || sides[i].bytes != sides[!i].bytes))
			note_alone(&alone[i], sides[i].entry);
	}
	if (sides[0].entry && sides[1].entry && sides[0].bytes == sides[1].bytes)
		put(arena, sides[0].bytes ? &counters->bytes : &counters->counts, sides);
}

/* The files of counters, and what shows the size of a page. */
static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_vmstat, &kt_source_zoneinfo,
		&kt_source_meminfo, &kt_source_vmallocinfo, &kt_source_slabinfo)
};

struct kt_err *kt_diff_counters(struct kt_arena *arena, const struct kt_machine_opts opts[2],
	struct kt_diff_counters *ret_counters)
{
	struct kt_machine machines[2] = { { 0 }, { 0 } };
	struct alone alone[2] = { { { 0 }, 0 }, { { 0 }, 0 } };
	struct kt_err *err = NULL;

	*ret_counters = (struct kt_diff_counters){ 0 };
	for (int i = 0; i < 2 && !err; i++)
		err = kt_machine_read(&opts[i], &machines[i], 0, &needs);
	if (!err) {
		struct kt_snapshot *const snaps[2] = { machines[0].snap, machines[1].snap };

		for (int i = 0; i < KT_METRIC_COUNT; i++)
			compare_metric(arena, snaps, (enum kt_metric)i, ret_counters, alone);
		for (int i = 0; i < 2; i++) {
			if (alone[i].count > EXAMPLES)
				kt_buf_printf(&alone[i].names, " and %zu more",
					alone[i].count - EXAMPLES);
			if (alone[i].count)
				ret_counters->alone[i] = kt_arena_text(arena, &alone[i].names);
		}
	} else if (kt_err_code(err) != KT_ERR_NOMEM) {
		kt_err_free(err); /* a side without counters, such as a log without a report */
		err = NULL;
	}
	for (int i = 0; i < 2; i++) {
		kt_buf_cleanup(&alone[i].names);
		kt_machine_cleanup(&machines[i]);
	}
	return err;
}
