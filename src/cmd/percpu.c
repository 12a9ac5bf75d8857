// SPDX-License-Identifier: GPL-2.0-or-later
//
// Per-CPU memory: what the first chunk has, what the later ones, what is used in them, and
// how many memory cgroups there are, the usual reason why there is much of it.

#include "analysis/percpu.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "output/output.h"

#include <string.h>

/* the log of the boot tells the first chunk; vmstat and zoneinfo the size of a page */
#define SOURCES "host meta vmstat zoneinfo meminfo kmsg percpu_stats cgroup_count btf_sizes"

#define CGROUPS_SHARE 4 /* a quarter: memory cgroups are the reason */

enum { COL_NAME, COL_BYTES, COL_GROWTH, COL_RATE, COL_EACH, COL_SHARE };

static const struct kt_column part_columns[] = {
	[COL_NAME] = { .key = "name",
		.title = "PER-CPU MEMORY",
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = "ktally_percpu_bytes",
		.help = "Per-CPU memory of all CPUs." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_EACH] = { .key = "bytes_per_cpu",
		.title = "EACH CPU",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM },
};

enum {
	CHUNK_NAME,
	CHUNK_ALLOCS,
	CHUNK_USED,
	CHUNK_FREE,
	CHUNK_LARGEST,
	CHUNK_FRAGMENTS,
	CHUNK_UNIT,
	CHUNK_FILL
};

static const struct kt_column chunk_columns[] = {
	[CHUNK_NAME] = { .key = "chunk", .title = "CHUNK", .flags = KT_COL_KEY },
	[CHUNK_ALLOCS] = { .key = "allocations",
		.title = "ALLOCATIONS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[CHUNK_USED] = { .key = "used_bytes_per_cpu",
		.title = "USED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK },
	[CHUNK_FREE] = { .key = "free_bytes_per_cpu",
		.title = "FREE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[CHUNK_LARGEST] = { .key = "largest_free_bytes",
		.title = "IN ONE PIECE",
		.type = KT_CELL_BYTES },
	[CHUNK_FRAGMENTS] = { .key = "fragments_bytes",
		.title = "IN GAPS",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[CHUNK_UNIT] = { .key = "unit_bytes",
		.title = "UNIT",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_WIDE },
	[CHUNK_FILL] = { .key = "fill_share",
		.title = "FILL",
		.type = KT_CELL_SHARE,
		.num = CHUNK_USED,
		.den = CHUNK_UNIT },
};

static struct kt_cell cell_known(int64_t value)
{
	return value >= 0 ? kt_cell_number(value) : kt_cell_missing(KT_ABSENT, NULL);
}

/* ---- the parts ---- */

static const char *title_of(const struct kt_percpu_view *view, size_t id)
{
	switch (id) {
	case KT_PERCPU_STATIC: return "first chunk, variables of the kernel";
	case KT_PERCPU_MODULES: return "first chunk, reserve for modules";
	case KT_PERCPU_FIRST_USED: return "first chunk, allocated";
	case KT_PERCPU_FIRST_FREE: return "first chunk, free";
	case KT_PERCPU_FIRST_REST: return view->split ? "first chunk, rounding" : "first chunk";
	case KT_PERCPU_LATER_USED: return "later chunks, allocated";
	default:
		return view->split	   ? "later chunks, free"
		       : view->first.known ? "later chunks"
					   : "all chunks, not told apart";
	}
}

/* 80 columns have no room for growth beside the other two. */
static const struct kt_column *choose_columns(struct kt_report *report, bool followed)
{
	struct kt_column *chosen = kt_arena_alloc(&report->arena, sizeof(part_columns));

	if (!chosen || !followed)
		return part_columns;
	memcpy(chosen, part_columns, sizeof(part_columns));
	chosen[COL_EACH].flags |= KT_COL_WIDE;
	chosen[COL_SHARE].flags |= KT_COL_WIDE;
	return chosen;
}

static void put_parts(struct kt_report *report, const struct kt_percpu_view *view, bool followed)
{
	struct kt_table *table = kt_report_list(
		report, "parts", NULL, choose_columns(report, followed), KT_LEN(part_columns));

	for (size_t i = 0; table && i < KT_PERCPU_NR_PARTS; i++) {
		const struct kt_percpu_part *part = &view->parts[i];
		struct kt_report_row *row = part->known ? kt_table_row(report, table) : NULL;

		if (!row)
			continue;
		row->cells[COL_NAME] = kt_cell_text(title_of(view, i));
		row->cells[COL_BYTES] = kt_cell_number(part->bytes);
		if (view->nr_cpus)
			row->cells[COL_EACH] = kt_cell_number(part->bytes / view->nr_cpus);
		if (view->total.bytes)
			row->cells[COL_SHARE] =
				kt_cell_real((double)part->bytes / (double)view->total.bytes);
	}
}

/* ---- the chunks ---- */

static const char *chunk_name(
	struct kt_report *report, const struct kt_percpu_chunk *chunk, size_t number)
{
	return kt_arena_printf(&report->arena, "%zu%s", number,
		chunk->first	  ? " (first)"
		: chunk->reserved ? " (for modules)"
				  : "");
}

/* The size that `free_bytes` is of: the first chunk has been divided. */
static int64_t size_of(const struct kt_percpu *percpu, const struct kt_percpu_chunk *chunk)
{
	if (chunk->reserved)
		return percpu->reserved_bytes;
	return chunk->first ? percpu->dynamic_bytes : percpu->unit_bytes;
}

static void put_chunks(struct kt_report *report, const struct kt_percpu *percpu)
{
	struct kt_table *table = kt_report_list(
		report, "chunks", "Chunks, bytes of one CPU", chunk_columns, KT_LEN(chunk_columns));

	for (size_t i = 0; table && i < percpu->chunks.count; i++) {
		const struct kt_percpu_chunk *chunk = &percpu->chunks.items[i];
		struct kt_report_row *row = kt_table_row(report, table);
		int64_t size = size_of(percpu, chunk);

		if (!row)
			return;
		row->cells[CHUNK_NAME] = kt_cell_text(chunk_name(report, chunk, i + 1));
		row->cells[CHUNK_ALLOCS] = cell_known(chunk->nr_allocs);
		row->cells[CHUNK_FREE] = cell_known(chunk->free_bytes);
		row->cells[CHUNK_LARGEST] = cell_known(chunk->largest_free_bytes);
		row->cells[CHUNK_FRAGMENTS] = cell_known(chunk->fragment_bytes);
		row->cells[CHUNK_UNIT] = kt_cell_number(size);
		if (chunk->free_bytes >= 0)
			row->cells[CHUNK_USED] = cell_known(size - chunk->free_bytes);
	}
}

/* ---- what stands above ---- */

static void put_fields(struct kt_report *report, const struct kt_percpu_view *view)
{
	const struct {
		const char *key, *metric, *help;
		enum kt_cell_type type;
		int64_t number;
	} fields[] = {
		{ "possible_cpus", NULL, NULL, KT_CELL_COUNT, view->nr_cpus ? view->nr_cpus : -1 },
		{ "memory_cgroups", "ktally_memory_cgroups",
			"Memory cgroups, those included that were removed and still hold memory.",
			KT_CELL_COUNT, view->nr_cgroups },
		{ "dying_cgroups", NULL, NULL, KT_CELL_COUNT, view->nr_dying },
		{ "bytes_per_cgroup_and_cpu", NULL, NULL, KT_CELL_BYTES,
			view->bytes_per_cgroup ? view->bytes_per_cgroup : -1 },
		{ "cgroup_bytes", "ktally_percpu_cgroup_bytes",
			"Estimate of the per-CPU memory that memory cgroups have.", KT_CELL_BYTES,
			view->cgroup_bytes },
	};

	for (size_t i = 0; i < KT_LEN(fields); i++) {
		struct kt_field *field = kt_report_field(
			report, NULL, fields[i].key, fields[i].type, cell_known(fields[i].number));

		if (field) {
			field->metric = fields[i].metric;
			field->help = fields[i].help;
		}
	}
}

static void say_size(struct kt_report *report, const struct kt_percpu_view *view)
{
	char all[24], each[24];

	kt_human_bytes(view->total.bytes, all);
	if (!view->nr_cpus) {
		kt_report_headline(report, "%s of per-CPU memory", all);
		return;
	}
	kt_human_bytes(view->total.bytes / view->nr_cpus, each);
	kt_report_headline(report, "%s of per-CPU memory: %s for each of %lld possible CPUs", all,
		each, (long long)view->nr_cpus);
}

static void say_cgroups(struct kt_report *report, const struct kt_percpu_view *view)
{
	const char *text = "";
	char human[24];

	if (view->nr_cgroups < 0)
		return;
	if (view->nr_dying > 0)
		text = kt_arena_printf(&report->arena, ", of which %lld are removed and dying",
			(long long)view->nr_dying);
	if (view->cgroup_bytes >= 0) {
		kt_human_bytes(view->cgroup_bytes, human);
		text = kt_arena_printf(&report->arena, "%s; %s %s of it is theirs%s", text,
			view->at_least ? "at least" : "about", human,
			view->total.bytes && view->cgroup_bytes > view->total.bytes / CGROUPS_SHARE
				? ": 'ktally cgroups' shows where they are"
				: "");
	}
	kt_report_headline(report, "%lld memory cgroup%s%s", (long long)view->nr_cgroups,
		view->nr_cgroups == 1 ? "" : "s", text);
}

static void put_notes(struct kt_report *report, const struct kt_session *session,
	const struct kt_percpu_view *view)
{
	for (size_t i = 0; i < session->snap->notes.count; i++)
		kt_report_note(report, "%s", session->snap->notes.items[i]);
	if (!view->first.known)
		kt_report_note(report, "no log of the boot tells how large the first chunk is, "
				       "which is no part of "
				       "MemTotal");
	for (size_t i = 0; i < session->snap->sources.count && !view->split; i++) {
		const struct kt_source_state *state = &session->snap->sources.items[i];

		if (kt_source_find(state->name) == &kt_source_percpu_stats)
			kt_report_note(report, "used and free are not told apart: %s",
				state->why ? state->why : "the statistics do not fit the counters");
	}
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_percpu_view view;
	struct kt_err *err;

	kt_report_init(report, "ktally/percpu/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, SOURCES);
	if (err)
		return err;
	kt_percpu_view(session.snap, &view);
	if (!view.total.known)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT,
				"proc/meminfo has no line Percpu: this kernel does not count "
				"per-CPU memory"));
	kt_session_describe(&session, options, report);
	put_fields(report, &view);
	say_size(report, &view);
	say_cgroups(report, &view);
	put_parts(report, &view, options->interval_s > 0);
	put_chunks(report, &session.snap->percpu);
	put_notes(report, &session, &view);
	return NULL;
}

const struct kt_cmd kt_cmd_percpu = {
	.name = "percpu",
	.summary = "per-CPU memory: its chunks, what is used, who has it",
	.help = "Shows the memory that exists once for each possible CPU: counters, lists, "
		"statistics. The first chunk is made at boot, outside MemTotal; later ones "
		"when it is full. They are given back only when nothing is left in them, so "
		"that 'later chunks, free' is what fragmentation costs.\n\n"
		"Where CONFIG_PERCPU_STATS gives statistics, each chunk is a row: allocations, "
		"used and free bytes of one CPU, the largest free piece, and what is free in "
		"gaps between allocations.\n\n"
		"Much of it comes from memory cgroups as a rule, removed ones that still hold "
		"memory included: their number stands above, with what they take by the type "
		"data of the kernel. Else it is network interfaces and namespaces, mounts, BPF "
		"maps. On machines with many possible CPUs that never come, possible_cpus= or "
		"nr_cpus= on the kernel command line saves their share.",
	.repeats = true,
	.run = run,
};
