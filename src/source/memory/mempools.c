// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds mempools in kernel memory: the kernel has no list of them, and no file.

#include "memory/mempools.h"

#include "source/memory/open.h"

#include <string.h>

static const char *const kind_names[] = { [KT_MEMPOOL_SLAB] = "slab",
	[KT_MEMPOOL_KMALLOC] = "kmalloc",
	[KT_MEMPOOL_KVMALLOC] = "kvmalloc",
	[KT_MEMPOOL_PAGES] = "pages" };

/* A line for each pool. Names of slab caches may contain blanks, so they are in brackets. */
static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, "# kind element-bytes minimum current offset [element] [place]\n");
	for (size_t i = 0; i < snap->mempools.count; i++) {
		const struct kt_mempool *pool = &snap->mempools.items[i];

		kt_buf_printf(ret_text, "%s %lld %lld %lld %lld [%s] [%s]\n",
			kind_names[pool->kind], (long long)pool->element_bytes,
			(long long)pool->min_objs, (long long)pool->objs,
			(long long)pool->place_offset, pool->element ? pool->element : "",
			pool->place ? pool->place : "");
	}
}

static bool take_kind(struct kt_span *line, struct kt_mempool *pool)
{
	struct kt_span word;

	if (!kt_span_word(line, &word))
		return false;
	for (size_t i = 0; i < KT_LEN(kind_names); i++) {
		if (kt_span_eq(word, kind_names[i])) {
			pool->kind = (enum kt_mempool_kind)i;
			return true;
		}
	}
	return false;
}

/* "[name]"; empty: NULL. */
static bool take_name(struct kt_arena *arena, struct kt_span *line, const char **ret_name)
{
	struct kt_span name;

	*line = kt_span_trim(*line);
	if (!kt_span_skip(line, "[") || !kt_span_until(line, ']', &name))
		return false;
	*ret_name = name.n ? kt_arena_name(arena, name) : NULL;
	return true;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_mempool pool = { 0 }, *slot;
	int64_t *const numbers[] = { &pool.element_bytes, &pool.min_objs, &pool.objs,
		&pool.place_offset };
	struct kt_span word;

	if (!take_kind(&line, &pool))
		return false;
	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (!kt_span_word(&line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] > INT32_MAX || *numbers[i] < (i == 3 ? KT_UNKNOWN : 0))
			return false;
	}
	if (!take_name(&snap->arena, &line, &pool.element) ||
		!take_name(&snap->arena, &line, &pool.place) || kt_span_trim(line).n)
		return false;
	slot = kt_list_push(&snap->arena, &snap->mempools);
	if (slot)
		*slot = pool;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	return kt_memory_lines(snap, text, take_line, "a mempool");
}

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	struct kt_mempools_sum sum = { 0 };
	struct kt_memmap memmap;
	struct kt_err *err = kt_memory_map(memory, &memmap);

	if (!err)
		err = kt_mempools_walk(&memmap, &memory->slub, snap, &sum);
	if (!err)
		kt_memory_unread(snap, sum.nr_unread);
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_mempools, walk, write_text);
}

const struct kt_source kt_source_mempools = {
	.name = "mempools",
	.summary = "reserves of objects that drivers keep, in kernel memory",
	.paths = { "ktally/mempools" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally mempools' has no list",
	.gives = KT_MEMORY_GIVES,
	.parse = parse,
	.read = read_it,
};
