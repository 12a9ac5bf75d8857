// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts the objects of each slab cache in kernel memory. /proc/slabinfo counts objects that CPUs
// keep ready as in use.

#include "source/memory/open.h"
#include "source/memory/slab_beyond.h"

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
	.read = read_it,
};
