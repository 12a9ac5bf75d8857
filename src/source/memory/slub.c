// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts the objects of each slab cache in kernel memory. /proc/slabinfo counts objects that CPUs
// keep ready as in use.

#include "source/fold.h"
#include "source/memory/open.h"
#include "source/memory/slab_beyond.h"

#include <stdlib.h>

/* The numbers of a cache, in the order of the text. */
#define NUMBERS(of)                                                                       \
	of slot_bytes, of object_bytes, of objs_per_slab, of pages_per_slab, of nr_slabs, \
		of nr_objs, of used_objs, of free_objs, of cached_objs, of rcu_objs,      \
		of uncertain_objs

/* ---- the text of a capture ---- */

/*
 * A capture and a recording have no memory, so they have what was found in it: a line for each
 * cache, its name last, because a name may contain blanks.
 */
#define HEADER                                                                                \
	"# slot object objects/slab pages/slab slabs objects used free cached rcu uncertain " \
	"reclaimable name\n"

static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, HEADER);
	for (size_t i = 0; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];
		const int64_t numbers[] = { NUMBERS(memory->) };

		for (size_t k = 0; k < KT_LEN(numbers); k++) {
			kt_buf_number(ret_text, numbers[k]);
			kt_buf_puts(ret_text, " ");
		}
		kt_buf_number(ret_text, memory->reclaimable);
		kt_buf_puts(ret_text, " ");
		kt_buf_puts(ret_text, memory->name);
		kt_buf_puts(ret_text, "\n");
	}
}

/* Parts that do not add up to the whole are not believed. */
static bool adds_up(const struct kt_cache_memory *memory)
{
	const int64_t parts[] = { memory->used_objs, memory->free_objs, memory->cached_objs,
		memory->rcu_objs };
	int64_t sum = 0;

	if (!kt_known(memory->used_objs))
		return true;
	for (size_t i = 0; i < KT_LEN(parts); i++) {
		if (!kt_known(parts[i]) || parts[i] > KT_AMOUNT_MAX)
			return false;
		sum += parts[i];
	}
	return sum == memory->nr_objs;
}

/* Texts of the first versions lack it: the name comes at once. */
static void take_reclaimable(struct kt_span *line, struct kt_cache_memory *memory)
{
	struct kt_span rest = *line, word;

	memory->reclaimable = KT_UNKNOWN;
	if (!kt_span_word(&rest, &word) || !rest.n || !kt_span_i64(word, &memory->reclaimable))
		return;
	if (memory->reclaimable == 0 || memory->reclaimable == 1 ||
		memory->reclaimable == KT_UNKNOWN)
		*line = rest;
	else
		memory->reclaimable = KT_UNKNOWN;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_cache_memory memory = { 0 }, *slot;
	int64_t *const numbers[] = { NUMBERS(&memory.) };

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		struct kt_span word;

		if (!kt_span_word(&line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] > KT_AMOUNT_MAX ||
			(*numbers[i] < 0 && *numbers[i] != KT_UNKNOWN))
			return false;
	}
	take_reclaimable(&line, &memory);
	line = kt_span_trim(line);
	if (!line.n || memory.slot_bytes <= 0 || memory.object_bytes > memory.slot_bytes ||
		!adds_up(&memory))
		return false;
	memory.name = kt_arena_name(&snap->arena, line);
	slot = kt_list_push(&snap->arena, &snap->cache_memories);
	if (slot)
		*slot = memory;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_err *err = kt_memory_lines(snap, text, take_line, "a slab cache");

	return err || snap->cache_memories.count
		       ? err
		       : kt_err_new(KT_ERR_PARSE, "%s: has no slab cache", text->path);
}

/* ---- the text of a recording ---- */

static int by_size(const void *a, const void *b)
{
	const struct kt_cache_memory *x = a, *y = b;
	int64_t x_bytes = kt_known_times(x->nr_objs, x->slot_bytes),
		y_bytes = kt_known_times(y->nr_objs, y->slot_bytes);

	return (x_bytes < y_bytes) - (x_bytes > y_bytes);
}

/* Counts the objects of a cache in bytes, so that caches of any size add up. */
static void add_bytes(struct kt_cache_memory *sum, const struct kt_cache_memory *memory)
{
	const int64_t from[] = { memory->nr_objs, memory->used_objs, memory->free_objs,
		memory->cached_objs, memory->rcu_objs, memory->uncertain_objs };
	int64_t *const to[] = { &sum->nr_objs, &sum->used_objs, &sum->free_objs, &sum->cached_objs,
		&sum->rcu_objs, &sum->uncertain_objs };
	int64_t pages = kt_known_times(memory->nr_slabs, memory->pages_per_slab);

	for (size_t i = 0; i < KT_LEN(to); i++) {
		int64_t bytes = kt_known_times(from[i], memory->slot_bytes);

		*to[i] = kt_known(bytes) && kt_known(*to[i]) ? *to[i] + bytes : KT_UNKNOWN;
	}
	sum->nr_slabs =
		kt_known(pages) && kt_known(sum->nr_slabs) ? sum->nr_slabs + pages : KT_UNKNOWN;
}

/* As /proc/slabinfo in a recording: the smallest of very many caches are one line a kind. */
static void condense(const struct kt_text *text, struct kt_buf *ret_text)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	KT_CLEANUP(err) struct kt_err *err = snap ? parse(snap, text) : NULL;
	struct kt_cache_memory others[3] = { 0 }; /* not known, not reclaimable, reclaimable */

	ret_text->failed |=
		!snap || snap->arena.failed || (err && kt_err_code(err) == KT_ERR_NOMEM);
	if (!snap || snap->cache_memories.count <= KT_FOLD_CACHES) {
		kt_buf_add(ret_text, text->data, text->size);
		return;
	}
	qsort(snap->cache_memories.items, snap->cache_memories.count,
		sizeof(*snap->cache_memories.items), by_size);
	for (size_t i = KT_FOLD_CACHES; i < snap->cache_memories.count; i++) {
		const struct kt_cache_memory *memory = &snap->cache_memories.items[i];

		add_bytes(&others[memory->reclaimable - KT_UNKNOWN], memory);
	}
	snap->cache_memories.count = KT_FOLD_CACHES;
	for (size_t i = 0; i < KT_LEN(others); i++) {
		struct kt_cache_memory *slot =
			others[i].nr_objs ? kt_list_push(&snap->arena, &snap->cache_memories)
					  : NULL;

		if (!slot)
			continue;
		*slot = others[i];
		slot->name = KT_FOLD_OTHERS;
		slot->slot_bytes = slot->object_bytes = slot->pages_per_slab = 1;
		slot->objs_per_slab = KT_UNKNOWN;
		slot->reclaimable = (int64_t)i + KT_UNKNOWN;
	}
	ret_text->failed |= snap->arena.failed;
	write_text(snap, ret_text);
}

enum { SLOT_BYTES = 0, USED = 6, FREE, CACHED, FOR_RCU, NR_BEFORE_NAME = 12 };

/* In slots, so that the parts of a cache add up. */
static bool amount(uint32_t index, struct kt_span name, uint32_t nr_numbers, struct kt_span rest,
	struct kt_line_amount *ret_amount)
{
	static const struct {
		const char *series;
		uint32_t number;
	} parts[] = { { "slab_used", USED }, { "slab_free", FREE }, { "slab_cached", CACHED },
		{ "slab_rcu", FOR_RCU } };

	(void)rest;
	if (index >= KT_LEN(parts) || name.n || nr_numbers < NR_BEFORE_NAME)
		return false;
	*ret_amount = (struct kt_line_amount){ .number = parts[index].number,
		.times = SLOT_BYTES,
		.size = SLOT_BYTES,
		.unit = KT_BYTES,
		.nr_before_name = NR_BEFORE_NAME,
		.series = parts[index].series };
	return true;
}

/* ---- memory ---- */

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	struct kt_slub_sum sum;
	struct kt_err *err = kt_slub_walk(memory->target, &memory->slub, snap, &sum);

	if (!err && snap->asked_beyond)
		err = kt_slab_beyond_read(memory, snap);
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_slub, walk, write_text);
}

const struct kt_source kt_source_slub = {
	.name = "slub",
	.summary = "slab caches in kernel memory: objects in use, cached per CPU, free",
	.paths = { "ktally/slub" },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "objects that CPUs keep ready count as in use",
	.gives = KT_MEMORY_GIVES,
	.parse = parse,
	.condense = condense,
	.series = "slab_used",
	.amount = amount,
	.read = read_it,
};
