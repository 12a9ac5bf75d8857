// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads debugfs percpu_stats: the chunks of the per-CPU allocator and the free space in them. All
// sizes are of one CPU's unit. Format: mm/percpu-stats.c.

#include "source/source.h"

#define PATH	   "sys/kernel/debug/percpu_stats"
#define CHUNKS_MAX 65536u    /* chunks that are read */
#define CALM_BYTES (4 << 20) /* bytes of one CPU; four chunks of the usual size */

/* The number of a "name : number" line; KT_UNKNOWN: not a number, or impossible. */
static int64_t number_of(struct kt_span text)
{
	int64_t value;

	if (!kt_span_i64(kt_span_trim(text), &value) || value < 0 || value > KT_AMOUNT_MAX)
		return KT_UNKNOWN;
	return value;
}

static void parse_allocator(struct kt_percpu *percpu, struct kt_span name, int64_t value)
{
	if (kt_span_eq(name, "unit_size"))
		percpu->unit_bytes = value > 0 ? value : KT_UNKNOWN;
	else if (kt_span_eq(name, "static_size"))
		percpu->static_bytes = value;
	else if (kt_span_eq(name, "reserved_size"))
		percpu->reserved_bytes = value;
	else if (kt_span_eq(name, "dyn_size"))
		percpu->dynamic_bytes = value;
}

static void parse_chunk(struct kt_percpu_chunk *chunk, struct kt_span name, int64_t value)
{
	if (kt_span_eq(name, "nr_alloc"))
		chunk->nr_allocs = value;
	else if (kt_span_eq(name, "free_bytes"))
		chunk->free_bytes = value;
	else if (kt_span_eq(name, "contig_bytes"))
		chunk->largest_free_bytes = value;
	else if (kt_span_eq(name, "sum_frag"))
		chunk->fragment_bytes = value;
}

/* "Chunk:", "Chunk: <- First Chunk", "Chunk (sidelined):" */
static struct kt_percpu_chunk *start_chunk(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_percpu *percpu = &snap->percpu;
	struct kt_percpu_chunk *chunk = percpu->chunks.count < CHUNKS_MAX
						? kt_list_push(&snap->arena, &percpu->chunks)
						: NULL;

	if (chunk)
		*chunk = (struct kt_percpu_chunk){ .first = kt_span_find(line, "First") < line.n,
			.reserved = kt_span_find(line, "Reserved") < line.n,
			.size_bytes = KT_UNKNOWN,
			.populated_bytes = KT_UNKNOWN,
			.nr_allocs = KT_UNKNOWN,
			.free_bytes = KT_UNKNOWN,
			.largest_free_bytes = KT_UNKNOWN,
			.fragment_bytes = KT_UNKNOWN };
	return chunk;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line, name;
	struct kt_percpu_chunk *chunk = NULL;
	bool in_chunks = false;

	while (kt_span_line(&rest, &line)) {
		if (kt_span_starts(line, "Chunk")) {
			chunk = start_chunk(snap, line);
			in_chunks = true;
			continue;
		}
		if (!kt_span_until(&line, ':', &name))
			continue;
		name = kt_span_trim(name);
		if (chunk)
			parse_chunk(chunk, name, number_of(line));
		else if (!in_chunks)
			parse_allocator(&snap->percpu, name, number_of(line));
	}
	if (!kt_known(snap->percpu.unit_bytes))
		return kt_err_new(KT_ERR_PARSE, "%s: contains no size of a unit", text->path);
	return NULL;
}

/*
 * Reads only little per-CPU memory without --expensive. The kernel locks the allocator and turns
 * interrupts off while it sorts every chunk's map: about 3 ms for a full chunk of 5,000
 * allocations.
 */
static bool wanted(const struct kt_snapshot *snap, unsigned want)
{
	struct kt_val all = kt_snapshot_get(snap, KT_PERCPU, KT_NO_NODE);
	int64_t nr_cpus = kt_known_of(snap->host.nr_cpus_possible, 1);

	return (want & KT_WANT_EXPENSIVE) || !snap->host.live || !kt_ok(all) ||
	       all.value / nr_cpus < CALM_BYTES;
}

const struct kt_source kt_source_percpu_stats = {
	.name = "percpu_stats",
	.summary = "chunks of the per-CPU allocator and the free space in them",
	.paths = { PATH },
	.cost = KT_COST_STOPS, /* walks the map of every chunk with the allocator locked */
	.extra = true,
	.lack = "per-CPU memory is not split into used and free",
	.gives = "root, a mounted debugfs and CONFIG_PERCPU_STATS",
	.unwanted = "this much per-CPU memory would stall the machine while it is read; "
		    "--expensive reads it",
	.wanted = wanted,
	.parse = parse,
};
