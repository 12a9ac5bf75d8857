// SPDX-License-Identifier: GPL-2.0-or-later
//
// Replays allocations with models of allocators and compares what each would hold: the four phases
// of Bonwick's measurement of 1994, or a trace of a kernel.

#include "simulate/simulate.h"
#include "base/open.h"
#include "cli/cmd.h"
#include "cmd/simulate/blocks.h"
#include "cmd/simulate/kept_file.h"
#include "cmd/slab/slab.h"
#include "root/stream.h"
#include "simulate/phases.h"
#include "simulate/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SEED_MAX 4294967295

struct simulate_args {
	int64_t seed;	 /* 0: not given */
	int64_t nr_cpus; /* 0: not given */
	const char *allocators, *phase, *drawn;
	bool buddy, shuffled;
};

/* ---- the shape of the report ---- */

static const struct kt_column field_columns[] = {
	{ .key = "input", .flags = KT_COL_SET, .help = "The file, or \"phases\"." },
	{ .key = "seed", .type = KT_CELL_COUNT, .help = "Of the phases." },
	{ .key = "cpus", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	{ .key = "page_bytes", .type = KT_CELL_BYTES, .flags = KT_COL_SET },
	{ .key = "allocations", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	{ .key = "frees", .type = KT_CELL_COUNT, .flags = KT_COL_SET },
	{ .key = "most_objects",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET,
		.help = "In use at the same time." },
	{ .key = "lost_events",
		.type = KT_CELL_COUNT,
		.help = "That the tracer dropped; null: the input is not a trace." },
	{ .key = "unknown_frees",
		.type = KT_CELL_COUNT,
		.help = "Of objects that were allocated before the trace." },
	{ .key = "unseen_frees",
		.type = KT_CELL_COUNT,
		.help = "Addresses that were allocated again, so that a free is missing." },
	{ .key = "unread_events", .type = KT_CELL_COUNT, .help = "That lack a field." },
};

enum { P_PHASE, P_ALLOCATOR, P_OBJECTS, P_ASKED, P_HELD, P_PAGES, P_WASTED };

static const struct kt_column phase_columns[] = {
	[P_PHASE] = { .key = "phase", .title = "PHASE", .flags = KT_COL_SET },
	[P_ALLOCATOR] = { .key = "allocator", .title = "ALLOCATOR", .flags = KT_COL_SET },
	[P_OBJECTS] = { .key = "objects",
		.title = "OBJECTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[P_ASKED] = { .key = "asked_bytes",
		.title = "ASKED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET },
	[P_HELD] = { .key = "held_bytes",
		.title = "HELD",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET,
		.help = "Pages, and tables of the allocator outside them." },
	[P_PAGES] = { .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[P_WASTED] = { .key = "wasted_share",
		.title = "WASTED",
		.type = KT_CELL_SHARE,
		.help = "Share of HELD that was not asked for; null: nothing is held." },
};

enum { C_CACHE, C_ALLOCATOR, C_OBJECTS, C_ASKED, C_HELD, C_PAGES, C_WASTED };

static const struct kt_column cache_columns[] = {
	[C_CACHE] = { .key = "cache", .title = "CACHE", .flags = KT_COL_KEY | KT_COL_SET },
	[C_ALLOCATOR] = { .key = "allocator",
		.title = "ALLOCATOR",
		.flags = KT_COL_KEY | KT_COL_SET },
	[C_OBJECTS] = { .key = "objects",
		.title = "OBJECTS",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[C_ASKED] = { .key = "asked_bytes",
		.title = "ASKED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET },
	[C_HELD] = { .key = "held_bytes",
		.title = "HELD",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SET | KT_COL_RANK },
	[C_PAGES] = { .key = "pages",
		.title = "PAGES",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[C_WASTED] = { .key = "wasted_share",
		.title = "WASTED",
		.type = KT_CELL_SHARE,
		.help = "Null: nothing is held." },
};

enum { W_ALLOCATOR, W_COUNT, W_WHAT };

static const struct kt_column work_columns[] = {
	[W_ALLOCATOR] = { .key = "allocator", .title = "ALLOCATOR", .flags = KT_COL_SET },
	[W_COUNT] = { .key = "count",
		.title = "COUNT",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SET },
	[W_WHAT] = { .key = "what", .title = "OF", .flags = KT_COL_SET },
};

static const struct kt_part fields_part = { KT_COLUMNS_OF(field_columns) };
static const struct kt_part phases_part = {
	.key = "phases",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(phase_columns),
	.help = "What each allocator holds when a phase ends.",
};
static const struct kt_part caches_part = {
	.key = "caches",
	.kind = KT_PART_PLAIN_LIST,
	KT_COLUMNS_OF(cache_columns),
	.help = "At the end of one phase; allocators whose pages belong to no cache have none.",
};
static const struct kt_part work_part = {
	.key = "work",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(work_columns),
	.help = "What the allocators did, from the start to the end.",
};

static const struct kt_shape shape = {
	.schema = "ktally/simulate/1",
	.parts = KT_PARTS(&fields_part, &phases_part, &caches_part, &kt_kept_part_real,
		&kt_blocks_part_zones, &kt_blocks_part_free, &kt_slab_drawn_part, &work_part),
};

/* ---- the input ---- */

/* The allocators that were asked for. */
struct chosen {
	const struct kt_sim_allocator *items[KT_SIM_ALLOCATORS_MAX];
	size_t count;
};

static struct kt_err *choose_one(struct chosen *chosen, struct kt_span word)
{
	for (size_t i = 0; i < kt_nr_sim_allocators; i++) {
		if (!kt_span_eq(word, kt_sim_allocators[i]->name))
			continue;
		for (size_t k = 0; k < chosen->count; k++) {
			if (chosen->items[k] == kt_sim_allocators[i])
				return NULL;
		}
		chosen->items[chosen->count++] = kt_sim_allocators[i];
		return NULL;
	}
	return kt_err_new(KT_ERR_USAGE,
		"there is no allocator '%.*s'; there are slub, sheaves, slab, magazines, slob, "
		"sunos, bsd and svr4",
		(int)(word.n < 32 ? word.n : 32), word.p);
}

static struct kt_err *choose(const struct simulate_args *args, struct chosen *ret)
{
	struct kt_span rest = kt_span_str(args->allocators ? args->allocators : ""), word;
	struct kt_err *err = NULL;

	for (size_t i = 0; !args->allocators && i < kt_nr_sim_allocators; i++)
		ret->items[ret->count++] = kt_sim_allocators[i];
	while (!err && kt_span_until(&rest, ',', &word))
		err = choose_one(ret, word);
	if (!err && args->allocators)
		err = choose_one(ret, rest);
	return err;
}

/* A trace that is read a second time. */
struct reading {
	struct kt_sim_trace *trace;
	struct kt_stream *stream;
	struct kt_span piece; /* its rest */
};

static struct kt_err *open_trace(const char *path, struct kt_stream **ret_stream)
{
	int fd = kt_open_kind(AT_FDCWD, path, KT_OPEN_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == KT_OPEN_OTHER)
		return kt_err_new(KT_ERR_REFUSED, "%s: not a file; a trace is read twice", path);
	if (fd < 0)
		return kt_err_os(errno, "%s", path);
	return kt_stream_of_fd(fd, KT_STREAM_BYTES, path, ret_stream);
}

static struct kt_err *learn(const char *path, struct kt_sim_trace *trace)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err = open_trace(path, &stream);
	struct kt_span piece, line;

	while (!err && kt_stream_next(stream, &piece)) {
		while (!err && kt_span_line(&piece, &line))
			err = kt_sim_trace_learn(trace, line);
	}
	if (!err)
		err = kt_stream_err(stream);
	if (!err)
		err = kt_sim_trace_learned(trace);
	return err;
}

static struct kt_err *read_trace(
	void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count)
{
	struct reading *reading = arg;
	struct kt_span line;

	*ret_count = 0;
	while (*ret_count + 2 <= room) {
		struct kt_err *err;
		size_t count;

		if (!kt_span_line(&reading->piece, &line)) {
			if (!kt_stream_next(reading->stream, &reading->piece))
				return kt_stream_err(reading->stream);
			continue;
		}
		err = kt_sim_trace_read(reading->trace, line, ret_events + *ret_count, &count);
		if (err)
			return err;
		*ret_count += count;
	}
	return NULL;
}

/* ---- the report ---- */

static struct kt_cell wasted(uint64_t asked_bytes, uint64_t held_bytes)
{
	if (!held_bytes)
		return kt_cell_missing(KT_ABSENT, "nothing is held");
	return kt_cell_real(1 - (double)asked_bytes / (double)held_bytes);
}

static struct kt_cell count_cell(uint64_t count)
{
	return kt_cell_number((int64_t)count);
}

static const char *name_of(const struct kt_sim_end *end)
{
	return end->phase ? end->phase : KT_SIM_LAST_END;
}

static void put_phases(
	struct kt_report *report, const struct kt_sim_result *result, const struct chosen *chosen)
{
	struct kt_table *table =
		kt_report_table(report, "phases", NULL, phase_columns, KT_LEN(phase_columns));

	for (size_t i = 0; table && i < result->ends.count; i++) {
		const struct kt_sim_end *end = &result->ends.items[i];

		for (size_t k = 0; k < chosen->count; k++) {
			const struct kt_sim_figures *figures = &end->figures[k];
			struct kt_report_row *row = kt_table_row(report, table);

			if (!row)
				return;
			row->cells[P_PHASE] = kt_report_text(report, name_of(end));
			row->cells[P_ALLOCATOR] = kt_cell_text(chosen->items[k]->name);
			row->cells[P_OBJECTS] = count_cell(end->nr_objs);
			row->cells[P_ASKED] = count_cell(end->asked_bytes);
			row->cells[P_HELD] = count_cell(figures->held_bytes);
			row->cells[P_PAGES] = count_cell(figures->pages);
			row->cells[P_WASTED] = wasted(end->asked_bytes, figures->held_bytes);
		}
	}
}

static void put_cache(struct kt_report *report, struct kt_table *table,
	const struct kt_sim_stream *stream, const struct kt_sim_end *end, size_t cache,
	const char *allocator, uint64_t pages)
{
	uint64_t held = pages * stream->machine.page_bytes;
	struct kt_report_row *row;

	if (!pages && !end->cache_objs[cache])
		return;
	row = kt_table_row(report, table);
	if (!row)
		return;
	row->cells[C_CACHE] = kt_report_text(report, stream->caches[cache].name);
	row->cells[C_ALLOCATOR] = kt_cell_text(allocator);
	row->cells[C_OBJECTS] = count_cell(end->cache_objs[cache]);
	row->cells[C_ASKED] = count_cell(end->cache_bytes[cache]);
	row->cells[C_HELD] = count_cell(held);
	row->cells[C_PAGES] = count_cell(pages);
	row->cells[C_WASTED] = wasted(end->cache_bytes[cache], held);
}

static void put_caches(struct kt_report *report, const struct kt_sim_stream *stream,
	const struct kt_sim_end *end, const struct chosen *chosen)
{
	struct kt_table *table = kt_report_list(report, "caches",
		kt_arena_printf(&report->arena, "Caches at the end of '%s'", name_of(end)),
		cache_columns, KT_LEN(cache_columns));

	if (!table)
		return;
	table->plain = true;
	for (size_t k = 0; k < chosen->count; k++) {
		const uint64_t *pages = end->figures[k].cache_pages;

		for (size_t i = 0; pages && i < stream->nr_caches; i++)
			put_cache(report, table, stream, end, i, chosen->items[k]->name, pages[i]);
	}
}

static void put_work(
	struct kt_report *report, const struct kt_sim_result *result, const struct chosen *chosen)
{
	struct kt_table *table =
		kt_report_table(report, "work", "Work", work_columns, KT_LEN(work_columns));

	for (size_t k = 0; table && k < chosen->count; k++) {
		const struct kt_sim_held *held = &result->held[k];

		for (size_t i = 0; i < held->nr_counts; i++) {
			struct kt_report_row *row = kt_table_row(report, table);

			if (!row)
				return;
			row->cells[W_ALLOCATOR] = kt_cell_text(chosen->items[k]->name);
			row->cells[W_COUNT] = count_cell(held->counts[i].count);
			row->cells[W_WHAT] = kt_cell_text(held->counts[i].name);
		}
	}
}

static void put_fact(struct kt_report *report, const char *key, const uint64_t *count)
{
	kt_report_field(report, NULL, key, KT_CELL_COUNT,
		count ? count_cell(*count)
		      : kt_cell_missing(KT_ABSENT, "the input is not a trace"));
}

static void put_fields(struct kt_report *report, const char *input, int64_t seed,
	const struct kt_sim_stream *stream, const struct kt_sim_result *result,
	const struct kt_sim_trace_facts *facts)
{
	kt_report_field(report, NULL, "input", KT_CELL_TEXT, kt_report_text(report, input));
	kt_report_field(report, NULL, "seed", KT_CELL_COUNT,
		seed ? kt_cell_number(seed) : kt_cell_missing(KT_ABSENT, NULL));
	kt_report_field(report, NULL, "cpus", KT_CELL_COUNT, count_cell(stream->machine.nr_cpus));
	kt_report_field(
		report, NULL, "page_bytes", KT_CELL_BYTES, count_cell(stream->machine.page_bytes));
	put_fact(report, "allocations", &result->nr_allocs);
	put_fact(report, "frees", &result->nr_frees);
	put_fact(report, "most_objects", &result->most_objs);
	put_fact(report, "lost_events", facts ? &facts->nr_lost : NULL);
	put_fact(report, "unknown_frees", facts ? &facts->nr_unknown : NULL);
	put_fact(report, "unseen_frees", facts ? &facts->nr_again : NULL);
	put_fact(report, "unread_events", facts ? &facts->nr_skipped : NULL);
}

/* Notes what a trace cannot show. */
static void note_facts(struct kt_report *report, const struct kt_sim_trace_facts *facts)
{
	if (facts->nr_lost)
		kt_report_note(report,
			"the tracer lost %llu events: objects whose free is missing stay in use",
			(unsigned long long)facts->nr_lost);
	if (facts->nr_unknown)
		kt_report_note(report,
			"%llu frees are of objects that were allocated before the trace; their "
			"slabs are not in the figures",
			(unsigned long long)facts->nr_unknown);
	if (facts->nr_again)
		kt_report_note(report,
			"%llu frees were not seen: their address was allocated again",
			(unsigned long long)facts->nr_again);
	if (facts->nr_skipped)
		kt_report_note(report, "%llu events could not be read",
			(unsigned long long)facts->nr_skipped);
}

/* Finds the end that the list of caches is of: the named phase, or the last one. */
static struct kt_err *find_end(
	const struct kt_sim_result *result, const char *name, const struct kt_sim_end **ret_end)
{
	*ret_end = &result->ends.items[result->ends.count - 1];
	for (size_t i = 0; name && i < result->ends.count; i++) {
		*ret_end = &result->ends.items[i];
		if (strcmp(name_of(*ret_end), name) == 0)
			return NULL;
	}
	return name ? kt_err_new(KT_ERR_USAGE, "the input has no phase '%.64s'", name) : NULL;
}

struct output {
	const char *input;
	int64_t seed;
	const struct kt_sim_trace *trace; /* NULL: no text */
	struct kt_sim_kept *kept;	  /* NULL: no file of events */
	const struct simulate_args *args;
};

static const struct kt_sim_trace_facts *facts_of_kept(
	const struct kt_sim_kept *kept, struct kt_sim_trace_facts *ret)
{
	const struct kt_events_end *end = &kt_sim_kept_facts(kept)->end;

	*ret = (struct kt_sim_trace_facts){ .nr_lines = end->nr_events,
		.nr_lost = end->nr_lost,
		.nr_unknown = end->nr_unknown,
		.nr_again = end->nr_again };
	return ret;
}

/* Number of the chosen allocator that is the model of the traced kernel's; -1: it is not chosen. */
static int own_of(const struct chosen *chosen, const struct kt_sim_kept *kept)
{
	for (size_t i = 0; i < chosen->count; i++) {
		if (strcmp(chosen->items[i]->name, kt_kept_own_model(kept)) == 0)
			return (int)i;
	}
	return -1;
}

static void put_drawing(struct kt_report *report, const struct kt_slab_drawing *drawing,
	const char *cache, const char *phase)
{
	const char *of = kt_report_text(report, cache).text;

	kt_slab_put_drawn(report, drawing, of, NULL);
	kt_report_note(report, "drawn: slabs of %s at the end of '%s'", of ? of : "", phase);
	kt_report_note(report,
		"a model decides about slabs; in a slab, the object that was freed last is "
		"allocated first");
}

static struct kt_err *put_all(struct kt_report *report, const struct kt_sim_stream *stream,
	const struct chosen *chosen, const struct output *output)
{
	struct kt_sim_trace_facts counted;
	const struct kt_sim_trace_facts *facts = output->trace ? kt_sim_trace_facts(output->trace)
						 : output->kept
							 ? facts_of_kept(output->kept, &counted)
							 : NULL;
	const struct kt_sim_end *end;
	const struct kt_sim_wants wants = {
		.phase = output->args->phase,
		.buddy = output->args->buddy,
		.drawn = output->args->drawn,
		.shuffled = output->args->shuffled,
	};
	struct kt_sim_result result;
	struct kt_err *err;

	err = kt_simulate(&report->arena, stream, chosen->items, chosen->count, &wants, &result);
	if (!err)
		err = find_end(&result, wants.phase, &end);
	if (err)
		return err;
	kt_report_headline(report, "%s: %llu allocations, %llu frees, at most %llu objects in use.",
		facts ? output->input : "The four phases", (unsigned long long)result.nr_allocs,
		(unsigned long long)result.nr_frees, (unsigned long long)result.most_objs);
	put_fields(report, output->input, output->seed, stream, &result, facts);
	put_phases(report, &result, chosen);
	put_caches(report, stream, end, chosen);
	if (output->kept)
		kt_kept_put_real(report, output->kept, &result, own_of(chosen, output->kept));
	if (wants.buddy)
		kt_blocks_put(report, chosen->items, chosen->count, &result, name_of(end));
	if (wants.drawn)
		put_drawing(report, &result.drawing, wants.drawn, name_of(end));
	put_work(report, &result, chosen);
	for (size_t i = 0; i < chosen->count; i++)
		kt_report_note(report, "%s: %s", chosen->items[i]->name, chosen->items[i]->title);
	if (facts)
		note_facts(report, facts);
	if (output->kept)
		kt_kept_note(report, output->kept);
	return NULL;
}

/* ---- the command ---- */

static struct kt_err *run_phases(
	const struct simulate_args *args, struct kt_report *report, const struct chosen *chosen)
{
	int64_t seed = args->seed ? args->seed : 1;
	uint32_t nr_cpus = args->nr_cpus ? (uint32_t)args->nr_cpus : 1;
	struct kt_sim_phases *phases = kt_sim_phases_new((uint64_t)seed, nr_cpus, 1);
	struct kt_sim_stream stream;
	struct kt_err *err;

	if (!phases)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	stream = kt_sim_phases_stream(phases);
	err = put_all(report, &stream, chosen,
		&(struct output){ .input = "phases", .seed = seed, .args = args });
	kt_sim_phases_free(phases);
	return err;
}

static struct kt_err *run_kept(const char *path, const struct simulate_args *args,
	struct kt_report *report, const struct chosen *chosen, bool *ret_is_kept)
{
	struct kt_kept_file file;
	struct kt_err *err = kt_kept_file_open(path, &file);
	struct kt_sim_stream stream;

	*ret_is_kept = err || file.kept;
	if (!err && file.kept) {
		stream = kt_sim_kept_stream(file.kept);
		err = put_all(report, &stream, chosen,
			&(struct output){ .input = path, .kept = file.kept, .args = args });
	}
	if (err && kt_err_code(err) == KT_ERR_PARSE)
		err = kt_err_prepend(err, "%s", path);
	kt_kept_file_close(&file);
	return err;
}

static struct kt_err *run_trace(const char *path, const struct simulate_args *args,
	struct kt_report *report, const struct chosen *chosen)
{
	struct reading reading = { 0 };
	struct kt_sim_stream stream;
	bool is_kept;
	struct kt_err *err = run_kept(path, args, report, chosen, &is_kept);

	if (is_kept)
		return err;
	reading.trace = kt_sim_trace_new();
	if (!reading.trace)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		err = learn(path, reading.trace);
	if (!err)
		err = open_trace(path, &reading.stream);
	if (!err) {
		stream = kt_sim_trace_stream(reading.trace);
		stream.read = read_trace;
		stream.arg = &reading;
		err = put_all(report, &stream, chosen,
			&(struct output){ .input = path, .trace = reading.trace, .args = args });
	}
	if (err && kt_err_code(err) == KT_ERR_PARSE)
		err = kt_err_prepend(err, "%s", path);
	kt_stream_free(reading.stream);
	kt_sim_trace_free(reading.trace);
	return err;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct simulate_args *args = kt_call_own(call);
	struct chosen chosen = { 0 };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = choose(args, &chosen);
	if (!err && call->nr_operands && (args->seed || args->nr_cpus))
		err = kt_err_new(
			KT_ERR_USAGE, "--phases and --cpus are for the phases, not for a trace");
	if (err)
		return err;
	if (args->drawn && chosen.count != 1)
		return kt_err_new(
			KT_ERR_USAGE, "--draw-cache takes one allocator, such as --allocator slub");
	if (args->shuffled && !args->drawn)
		return kt_err_new(KT_ERR_USAGE,
			"--random-freelist changes the slots of objects, not the slabs: it needs "
			"--draw-cache");
	if (call->nr_operands)
		return run_trace(call->operands[0], args, report, &chosen);
	return run_phases(args, report, &chosen);
}

static const struct kt_operand operands[] = {
	{ "TRACE", KT_ARG_INPUT, .optional = true },
};

static const struct kt_option options[] = {
	{ 0, "phases", "SEED", "simulate the four phases, made from this number; default: 1",
		.kind = KT_ARG_NUMBER, KT_AT(struct simulate_args, seed), .min = 1, .max = SEED_MAX,
		.takes = "a number from 1 to 4294967295" },
	{ 0, "allocator", "A,B", "only these allocators; default: all", .kind = KT_ARG_TEXT,
		KT_AT(struct simulate_args, allocators) },
	{ 0, "cpus", "N", "CPUs of the phases; default: 1", .kind = KT_ARG_NUMBER,
		KT_AT(struct simulate_args, nr_cpus), .min = 1, .max = 256,
		.takes = "a number from 1 to 256" },
	{ 0, "at", "PHASE", "list the caches at the end of this phase; default: the last one",
		.kind = KT_ARG_TEXT, KT_AT(struct simulate_args, phase) },
	{ 0, "buddy", NULL,
		"take pages from a model of the page allocator, and list its free blocks",
		.kind = KT_ARG_FLAG, KT_AT(struct simulate_args, buddy) },
	{ 0, "draw-cache", "CACHE",
		"draw slabs of the cache in one allocator, slot by slot (-o svg: a picture)",
		.kind = KT_ARG_TEXT, KT_AT(struct simulate_args, drawn) },
	{ 0, "random-freelist", NULL,
		"with --draw-cache: new slabs have their slots in a random order",
		.kind = KT_ARG_FLAG, KT_AT(struct simulate_args, shuffled) },
};

static const struct kt_example examples[] = {
	{ "ktally simulate", "what eight allocators waste in Bonwick's four phases" },
	{ "ktally simulate load.trace", "what allocators would hold for a trace of this kernel" },
	{ "ktally simulate trace.txt --allocator slub,sheaves",
		"what SLUB with and without sheaves would hold for a trace of tracefs" },
	{ "ktally simulate --allocator slab --draw-cache ufs_inode",
		"slabs of 1994 with their colours" },
	{ "ktally simulate --phases 7 --cpus 8 --at spike", "another run, caches after the spike" },
};

const struct kt_cmd kt_cmd_simulate = {
	.name = "simulate",
	.summary = "what other allocators would hold",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Replays allocations and frees with models of allocators, and compares what was "
		"asked for with the pages that each would hold. A model decides as its original "
		"does which page an object is in.\n\n"
		"slub: SLUB with CPU slabs. sheaves: SLUB with sheaves. slab: the slab allocator "
		"of 1994, with slabs of two kinds, colours, constructors, and reaping when memory "
		"is short. magazines: the same with a layer for each CPU. slob: the small "
		"allocator "
		"of Linux before 6.4, whose pages have objects of all kinds. sunos: first fit of "
		"SunOS 4.1.3. bsd: powers of two of 4.4BSD. svr4: lazy buddies of SVr4.\n\n"
		"TRACE is a file that 'ktally trace' made. It has the state of the slabs when it "
		"began, so the figures are of the whole machine, and what the kernel itself held "
		"at the end of each phase, which is listed next to its own model: slub, or sheaves "
		"from Linux 7.0 on.\n\n"
		"TRACE may also be the text of the events kmem:kmalloc, kmem:kfree, "
		"kmem:kmem_cache_alloc "
		"and kmem:kmem_cache_free, as tracefs or 'perf script' prints them: enable them in "
		"events/kmem of tracefs, and copy its file trace, or use 'perf record -a "
		"-e'. It is read twice, so it must be a file. A text that was written to "
		"trace_marker ends a phase. Objects that were allocated before the trace are not "
		"in "
		"the figures: the parameters trace_event= and trace_buf_size= trace from the boot "
		"on. Allocations name no cache; the free of an object does on newer kernels, and "
		"callers whose objects are not freed have the cache with their sizes, if there is "
		"only one. The model of SLUB computes orders and limits as mm/slub.c does for the "
		"CPUs in the trace, and knows no debugging and one node.\n\n"
		"--buddy puts a model of the page allocator of Linux below each allocator that "
		"takes blocks of pages: buddies up to 2^10 pages, and lists of free blocks for "
		"each CPU. It lists the blocks that are free when a phase ends, and how many "
		"blocks for huge pages are not free as a whole, next to the least number that has "
		"room for the pages. Its zone has only these pages, of one mobility type.\n\n"
		"--draw-cache CACHE draws slabs of one allocator at the end of a phase as 'ktally "
		"slab "
		"CACHE --draw' draws slabs of the kernel: slots in use, free slots and where "
		"their objects are, bytes left over, and the colours of slab and magazines. "
		"--random-freelist shuffles the slots of new slabs as CONFIG_SLAB_FREELIST_RANDOM "
		"does. A CPU takes objects from a slab in the order of its list, whichever slots "
		"they are in, so this changes no other figure.\n\n"
		"Without TRACE, the input is the measurement of Bonwick's paper: boot, a spike of "
		"256 processes with a socket each, find, and kenbus, made up from a seed. The "
		"paper has, in percent wasted: slab 11, 13, 14, 14; SunOS 4.1.3 7, 19, 19, 27; "
		"4.4BSD 20, 43, 43, 45; SVr4 23, 45, 45, 46. Only the number of objects of the "
		"boot is fitted to it.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct simulate_args),
	.lists = true,
	.alone = true,
	.shape = &shape,
	.run = run,
};
