// SPDX-License-Identifier: GPL-2.0-or-later
//
// Per-CPU memory: the first chunk, the later chunks, the used part, and the number of memory
// cgroups, the usual reason for a large amount.
//
// The total is Percpu of /proc/meminfo, which includes the first chunk. The kernel takes that
// chunk before the page allocator exists, so it is outside MemTotal, and only the log of the boot
// has its size. Debugfs (percpu_stats) has the use of each chunk, as bytes of one CPU.
//
// A chunk has a unit of equal size for each possible CPU, so an allocation costs its size times the
// possible CPUs, whether they exist or not. The parts add up to the total: two of them, the
// rounding of the first chunk and the free part of the later ones, take the rest.

#include "analysis/percpu.h"
#include "base/human.h"
#include "base/kernel_files.h"
#include "cli/cmd.h"
#include "machine/machine.h"

#include <string.h>

/* the log of the boot has the first chunk; vmstat and zoneinfo show the page size */

#define CGROUPS_SHARE 4 /* from a quarter on, memory cgroups are the reason */

/*
 * SIZE is for all CPUs, EACH CPU is SIZE divided by the possible CPUs. SHARE is of all per-CPU
 * memory. All are summed. Bytes of one CPU. USED and FREE add up to UNIT. IN ONE PIECE is the
 * largest allocation that still fits; IN GAPS is free memory between allocations, a part of FREE.
 */
enum { COL_NAME, COL_BYTES, COL_GROWTH, COL_RATE, COL_EACH, COL_SHARE };

static const struct kt_column part_columns[] = {
	[COL_NAME] = { .key = "name",
		.title = "PER-CPU MEMORY",
		.flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_BYTES] = { .key = "bytes",
		.title = "SIZE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK | KT_COL_SIGNED,
		.metric = KT_FAMILY(PERCPU_BYTES),
		.help = "Signed: the rest of files that were read one after the other." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_EACH] = { .key = "bytes_per_cpu",
		.title = "EACH CPU",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_SIGNED,
		.help = "Signed: the rest of files that were read one after the other." },
	[COL_SHARE] = { .key = "share",
		.title = "SHARE",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SUM | KT_COL_SIGNED },
};

enum {
	CHUNK_NAME,
	CHUNK_ALLOCS,
	CHUNK_HELD,
	CHUNK_IDLE,
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
	[CHUNK_HELD] = { .key = "populated_bytes_per_cpu",
		.title = "POPULATED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.help = "Backed by pages; only with --chunks." },
	[CHUNK_IDLE] = { .key = "idle_bytes_per_cpu",
		.title = "IDLE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.help = "Backed by pages and free; only with --chunks." },
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

/* Without statistics, used and free memory are one part, and its name must not promise more. */
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
					   : "all chunks, not separated";
	}
}

/* 80 columns have no room for growth next to the other two. */
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
		if (kt_known(view->nr_cpus))
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
	if (kt_known(chunk->size_bytes))
		return chunk->size_bytes;
	if (chunk->reserved)
		return percpu->reserved_bytes;
	return chunk->first ? percpu->dynamic_bytes : percpu->unit_bytes;
}

/* Pages at the edges of the first chunk's parts are not all theirs. */
static struct kt_cell idle_of(const struct kt_percpu_chunk *chunk)
{
	int64_t idle;

	if (!kt_known(chunk->populated_bytes))
		return kt_cell_missing(KT_ABSENT, NULL);
	idle = chunk->populated_bytes - (chunk->size_bytes - chunk->free_bytes);
	return kt_cell_number(idle < 0 ? 0 : idle < chunk->free_bytes ? idle : chunk->free_bytes);
}

static void put_chunk(struct kt_report *report, struct kt_table *table,
	const struct kt_percpu *percpu, const struct kt_percpu_chunk *chunk, size_t number)
{
	struct kt_report_row *row = kt_table_row(report, table);
	int64_t size = size_of(percpu, chunk);

	if (!row)
		return;
	row->cells[CHUNK_NAME] = kt_cell_text(chunk_name(report, chunk, number));
	row->cells[CHUNK_ALLOCS] = cell_known(chunk->nr_allocs);
	row->cells[CHUNK_HELD] = cell_known(chunk->populated_bytes);
	row->cells[CHUNK_IDLE] = idle_of(chunk);
	row->cells[CHUNK_FREE] = cell_known(chunk->free_bytes);
	row->cells[CHUNK_LARGEST] = cell_known(chunk->largest_free_bytes);
	row->cells[CHUNK_FRAGMENTS] = cell_known(chunk->fragment_bytes);
	row->cells[CHUNK_UNIT] = kt_cell_number(size);
	if (chunk->free_bytes >= 0)
		row->cells[CHUNK_USED] = cell_known(size - chunk->free_bytes);
}

/* Prefers the chunks in kernel memory to the statistics, which do not have their pages. */
static void put_chunks(struct kt_report *report, const struct kt_snapshot *snap)
{
	bool memory = snap->percpu_chunks.count > 0;
	const struct kt_percpu_chunk *chunks =
		memory ? snap->percpu_chunks.items : snap->percpu.chunks.items;
	size_t count = memory ? snap->percpu_chunks.count : snap->percpu.chunks.count;
	struct kt_column *shown = kt_arena_alloc(&report->arena, sizeof(chunk_columns));
	struct kt_table *table;

	if (!shown)
		return;
	memcpy(shown, chunk_columns, sizeof(chunk_columns));
	if (!memory) {
		shown[CHUNK_HELD].flags |= KT_COL_DATA_ONLY;
		shown[CHUNK_IDLE].flags |= KT_COL_DATA_ONLY;
	}
	table = kt_report_list(
		report, "chunks", "Chunks, bytes of one CPU", shown, KT_LEN(chunk_columns));
	for (size_t i = 0; table && i < count; i++)
		put_chunk(report, table, &snap->percpu, &chunks[i], i + 1);
}

/* ---- chunks against the counter ---- */

/*
 * The counter includes the whole first chunk. The first chunk in the list is only its dynamic part,
 * so the size of the whole comes from symbols or from the log of the boot.
 */
static void put_walk(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_percpu_view *view)
{
	const struct kt_percpu_walk *walk = &snap->percpu_walk;
	bool known = kt_known(walk->nr_units);
	int64_t page = snap->host.page_bytes, later = 0, first = KT_UNKNOWN;
	struct kt_val unit = kt_snapshot_get(snap, KT_PERCPU_FIRST_UNIT, KT_NO_NODE);

	for (size_t i = 0; i < snap->percpu_chunks.count; i++) {
		const struct kt_percpu_chunk *chunk = &snap->percpu_chunks.items[i];

		if (!chunk->first && !chunk->reserved)
			later += chunk->populated_bytes;
	}
	if (known && kt_known(walk->nr_first_pages) && kt_known(page))
		first = walk->nr_first_pages * page;
	else if (known && kt_ok(unit))
		first = unit.value;
	kt_report_field(report, NULL, "units", KT_CELL_COUNT, cell_known(walk->nr_units));
	kt_report_field(report, NULL, "later_chunks_bytes", KT_CELL_BYTES,
		cell_known(known ? later * walk->nr_units : KT_UNKNOWN));
	kt_report_field(report, NULL, "chunks_bytes", KT_CELL_BYTES,
		cell_known(kt_known(first) ? (later + first) * walk->nr_units : KT_UNKNOWN));
	kt_report_field(
		report, NULL, "counter_bytes", KT_CELL_BYTES, cell_known(view->total.bytes));
	kt_report_field(report, NULL, "torn_chunks", KT_CELL_COUNT,
		cell_known(known ? walk->nr_torn : KT_UNKNOWN));
	if (!known)
		return;
	if (kt_known(first))
		kt_report_note(report,
			"kernel memory has %s in all chunks, for %lld CPUs; the kernel's counter "
			"has %s",
			kt_report_bytes(report, (later + first) * walk->nr_units),
			(long long)walk->nr_units, kt_report_bytes(report, view->total.bytes));
	else
		kt_report_note(report,
			"kernel memory has %s in later chunks, for %lld CPUs; the kernel's counter "
			"has %s with the first chunk, whose size is not known",
			kt_report_bytes(report, later * walk->nr_units), (long long)walk->nr_units,
			kt_report_bytes(report, view->total.bytes));
	if (walk->nr_torn)
		kt_report_warn(report,
			kt_arena_printf(&report->arena,
				"%lld chunks or lists of chunks changed each time they were read, "
				"and are not shown",
				(long long)walk->nr_torn));
}

/* ---- headlines ---- */

static void put_fields(struct kt_report *report, const struct kt_percpu_view *view)
{
	const struct {
		const char *key;
		const struct kt_family *metric;
		enum kt_cell_type type;
		int64_t number;
	} fields[] = {
		{ "possible_cpus", NULL, KT_CELL_COUNT, view->nr_cpus },
		{ "memory_cgroups", KT_FAMILY(MEMORY_CGROUPS), KT_CELL_COUNT, view->nr_cgroups },
		{ "dying_cgroups", NULL, KT_CELL_COUNT, view->nr_dying },
		{ "bytes_per_cgroup_and_cpu", NULL, KT_CELL_BYTES, view->bytes_per_cgroup },
		{ "cgroup_bytes", KT_FAMILY(PERCPU_CGROUP_BYTES), KT_CELL_BYTES,
			view->cgroup_bytes },
	};

	for (size_t i = 0; i < KT_LEN(fields); i++) {
		struct kt_field *field = kt_report_field(
			report, NULL, fields[i].key, fields[i].type, cell_known(fields[i].number));

		if (field)
			field->metric = fields[i].metric;
	}
}

static void say_size(struct kt_report *report, const struct kt_percpu_view *view)
{
	char all[24], each[24];

	kt_human_bytes(view->total.bytes, all);
	if (!kt_known(view->nr_cpus)) {
		kt_report_headline(report, "%s of per-CPU memory", all);
		return;
	}
	kt_human_bytes(view->total.bytes / view->nr_cpus, each);
	kt_report_headline(report, "%s of per-CPU memory: %s for each of %lld possible CPUs", all,
		each, (long long)view->nr_cpus);
}

/*
 * The estimate is from the sizes of the structs in the kernel's type data. It leaves out smaller
 * per-CPU data of a group, so it is rather too low.
 */
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
		text = kt_arena_printf(&report->arena, "%s; they own %s %s of it%s", text,
			view->at_least ? "at least" : "about", human,
			view->total.bytes && view->cgroup_bytes > view->total.bytes / CGROUPS_SHARE
				? ": 'ktally cgroups' lists them"
				: "");
	}
	kt_report_headline(report, "%lld memory cgroup%s%s", (long long)view->nr_cgroups,
		view->nr_cgroups == 1 ? "" : "s", text);
}

static void put_notes(struct kt_report *report, const struct kt_machine *machine,
	const struct kt_percpu_view *view)
{
	const struct kt_source_state *state =
		kt_source_outcome(machine->snap, &kt_source_percpu_stats);

	kt_machine_put_notes(report, machine->snap);
	if (!view->first.known)
		kt_report_note(report,
			"no log of the boot shows the size of the first chunk, which is not "
			"part of MemTotal");
	if (!view->split && state)
		kt_report_note(report, "used and free memory are not separated: %s",
			state->why ? state->why : "the statistics do not fit the counters");
}

static const struct kt_column field_columns[] = {
	{ .key = "possible_cpus", .type = KT_CELL_COUNT },
	{ .key = "memory_cgroups",
		.type = KT_CELL_COUNT,
		.help = "Removed cgroups that still hold memory included." },
	{ .key = "dying_cgroups",
		.type = KT_CELL_COUNT,
		.help = "Removed cgroups that still hold memory; null where the kernel does not "
			"count them." },
	{ .key = "bytes_per_cgroup_and_cpu",
		.type = KT_CELL_BYTES,
		.help = "At least, by the type data of the kernel." },
	{ .key = "cgroup_bytes",
		.type = KT_CELL_BYTES,
		.help = "Of all memory cgroups and CPUs; an estimate, rather too low." },
	{ .key = "units",
		.type = KT_CELL_COUNT,
		.help = "CPUs for which chunks have memory; this and the next fields only with "
			"--chunks." },
	{ .key = "later_chunks_bytes",
		.type = KT_CELL_BYTES,
		.help = "Pages of all units, by kernel memory, without the first chunk." },
	{ .key = "chunks_bytes",
		.type = KT_CELL_BYTES,
		.help = "With the first chunk; null where its size is not known." },
	{ .key = "counter_bytes", .type = KT_CELL_BYTES, .help = "The same by /proc/meminfo." },
	{ .key = "torn_chunks",
		.type = KT_CELL_COUNT,
		.help = "Chunks and lists that changed each time they were read." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part parts_part = {
	.key = "parts",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(part_columns),
};
static const struct kt_part chunks_part = {
	.key = "chunks",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(chunk_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/percpu/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &parts_part, &chunks_part),
};

#define FILES                                                                     \
	&kt_source_host, &kt_source_meta, &kt_source_vmstat, &kt_source_zoneinfo, \
		&kt_source_meminfo, &kt_source_kmsg, &kt_source_percpu_stats,     \
		&kt_source_cgroup_count, &kt_source_btf_sizes

static const struct kt_needs needs = { .only = KT_SOURCES(FILES) };
static const struct kt_needs needs_of_chunks = { .only = KT_SOURCES(FILES, &kt_source_iomem,
							 &kt_source_percpu_chunks) };

struct percpu_args {
	bool chunks;
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct percpu_args *args = kt_call_own(call);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_percpu_view view;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(
		&call->machine, &machine, 0, args->chunks ? &needs_of_chunks : &needs);
	if (!err && args->chunks && !machine.snap->percpu_chunks.count)
		err = kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT, "--chunks: %s",
				kt_machine_why(&machine, &kt_source_percpu_chunks)));
	if (err)
		return err;
	kt_percpu_view(machine.snap, &view);
	if (!view.total.known)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				KT_FILE_MEMINFO " has no line Percpu: this kernel does not count "
						"per-CPU memory"));
	kt_machine_describe(&machine, report);
	put_fields(report, &view);
	say_size(report, &view);
	say_cgroups(report, &view);
	put_parts(report, &view, call->interval_s > 0);
	put_chunks(report, machine.snap);
	put_walk(report, machine.snap, &view);
	put_notes(report, &machine, &view);
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "chunks", NULL, "read the chunks and their pages in kernel memory",
		.kind = KT_ARG_FLAG, KT_AT(struct percpu_args, chunks) },
};

static const struct kt_example examples[] = {
	{ "ktally percpu", "the first chunk and the later ones, used and free" },
	{ "ktally percpu -i 10", "whether it grows, every 10 seconds" },
	{ "ktally percpu --chunks", "which chunks hold pages for nothing" },
};

const struct kt_cmd kt_cmd_percpu = {
	.name = "percpu",
	.summary = "per-CPU memory: chunks, use, fragmentation",
	.help = "Shows the memory that exists once for each possible CPU: counters, lists, "
		"statistics. The first chunk is made at boot, outside MemTotal; later chunks "
		"are made when it is full. A chunk is freed only when nothing is left in it, "
		"so 'later chunks, free' is the cost of fragmentation.\n\n"
		"Where CONFIG_PERCPU_STATS gives statistics, each chunk is a row: "
		"allocations, used and free bytes of one CPU, the largest free piece, and "
		"free bytes in gaps between allocations.\n\n"
		"--chunks reads the chunks in kernel memory, through /proc/kcore or a BPF program "
		"that only reads; no statistics are needed. POPULATED is backed by pages, IDLE is "
		"the free part of that. FREE also has what no page backs yet.\n\n"
		"Memory cgroups usually own much of it, including removed ones that still "
		"hold memory. Their number is shown above, with the size that the kernel's "
		"type data gives. Other owners are network interfaces and namespaces, mounts, "
		"BPF maps. On machines with many possible CPUs that never come, "
		"possible_cpus= or nr_cpus= on the kernel command line saves their share.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct percpu_args),
	.shape = &shape,
	.run = run,
};
