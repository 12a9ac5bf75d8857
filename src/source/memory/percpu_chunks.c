// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the chunks of per-CPU memory in kernel memory, with their pages. Debugfs has
// their use only with CONFIG_PERCPU_STATS, and their pages never.

#include "memory/percpu.h"

#include "source/memory/open.h"

#define CHUNKS_MAX 65536u
#define NUMBERS(of)                                                                            \
	of size_bytes, of populated_bytes, of nr_allocs, of free_bytes, of largest_free_bytes, \
		of fragment_bytes

static const char *kind_of(const struct kt_percpu_chunk *chunk)
{
	return chunk->first ? "first" : chunk->reserved ? "reserved" : "later";
}

/* A first line for all, then a line for each chunk, in bytes of one unit. */
static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	const struct kt_percpu_walk *walk = &snap->percpu_walk;

	kt_buf_printf(ret_text, "# units first-pages torn\nunits %lld %lld %lld\n",
		(long long)walk->nr_units, (long long)walk->nr_first_pages,
		(long long)walk->nr_torn);
	kt_buf_puts(ret_text, "# chunk size populated allocations free largest-free fragments\n");
	for (size_t i = 0; i < snap->percpu_chunks.count; i++) {
		const struct kt_percpu_chunk *chunk = &snap->percpu_chunks.items[i];
		const int64_t numbers[] = { NUMBERS(chunk->) };

		kt_buf_puts(ret_text, kind_of(chunk));
		for (size_t k = 0; k < KT_LEN(numbers); k++) {
			kt_buf_puts(ret_text, " ");
			kt_buf_number(ret_text, numbers[k]);
		}
		kt_buf_puts(ret_text, "\n");
	}
}

static bool take_numbers(struct kt_span line, int64_t *const numbers[], size_t count, int64_t min)
{
	for (size_t i = 0; i < count; i++) {
		struct kt_span word;

		if (!kt_span_word(&line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] < min || *numbers[i] > INT32_MAX)
			return false;
	}
	return !kt_span_trim(line).n;
}

static bool take_walk(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_percpu_walk *walk = &snap->percpu_walk;
	int64_t *const numbers[] = { &walk->nr_units, &walk->nr_first_pages, &walk->nr_torn };

	return take_numbers(line, numbers, KT_LEN(numbers), KT_UNKNOWN) && walk->nr_units > 0 &&
	       walk->nr_first_pages && walk->nr_torn >= 0;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_percpu_chunk chunk = { 0 }, *slot;
	int64_t *const numbers[] = { NUMBERS(&chunk.) };
	struct kt_span kind;

	if (kt_span_skip(&line, "units "))
		return take_walk(snap, line);
	if (!kt_known(snap->percpu_walk.nr_units) || !kt_span_word(&line, &kind) ||
		!take_numbers(line, numbers, KT_LEN(numbers), 0) || !chunk.size_bytes ||
		chunk.free_bytes > chunk.size_bytes ||
		chunk.largest_free_bytes > chunk.free_bytes ||
		chunk.fragment_bytes > chunk.free_bytes || snap->percpu_chunks.count >= CHUNKS_MAX)
		return false;
	chunk.first = kt_span_eq(kind, "first");
	chunk.reserved = kt_span_eq(kind, "reserved");
	if (!kt_span_eq(kind, kind_of(&chunk)))
		return false;
	slot = kt_list_push(&snap->arena, &snap->percpu_chunks);
	if (slot)
		*slot = chunk;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_err *err = kt_memory_lines(snap, text, take_line, "a per-CPU chunk");

	return err || snap->percpu_chunks.count
		       ? err
		       : kt_err_new(KT_ERR_PARSE, "%s: has no per-CPU chunk", text->path);
}

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	struct kt_memmap memmap;
	struct kt_err *err;

	if (kt_percpu_has_symbols(memory->target))
		return kt_percpu_walk(memory->target, NULL, snap);
	err = kt_memory_map(memory, &memmap);
	return err ? err : kt_percpu_walk(memory->target, &memmap, snap);
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_percpu_chunks, walk, write_text);
}

const struct kt_source kt_source_percpu_chunks = {
	.name = "percpu_chunks",
	.summary = "chunks of per-CPU memory and their pages, in kernel memory",
	.paths = { "ktally/percpu_chunks" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally percpu --chunks' is not possible",
	.gives = KT_MEMORY_GIVES,
	.parse = parse,
	.read = read_it,
};
