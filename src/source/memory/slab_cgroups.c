// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts the objects of each slab cache that each cgroup is charged with, in kernel memory. The
// file that had these numbers, memory.kmem.slabinfo, has been empty since 5.9 (commit
// 9855609bde03).

#include "memory/slab_cgroups.h"

#include "source/memory/open.h"

#define NUMBERS(of) of slot_bytes, of nr_objs, of rcu_objs, of left_objs

/* ---- the text of a file ---- */

/* A path is last, because it may contain blanks; without a path the cgroup is not known. */
#define HEADER "# slot objects rcu left online|dying [cache] cgroup\n"

static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, HEADER);
	for (size_t i = 0; i < snap->slab_charges.count; i++) {
		const struct kt_slab_charge *charge = &snap->slab_charges.items[i];
		const int64_t numbers[] = { NUMBERS(charge->) };

		for (size_t k = 0; k < KT_LEN(numbers); k++)
			kt_buf_printf(ret_text, "%lld ", (long long)numbers[k]);
		kt_buf_printf(ret_text, "%s [%s] %s\n", charge->dying ? "dying" : "online",
			charge->cache, charge->cgroup ? charge->cgroup : "");
	}
}

static bool take_names(struct kt_snapshot *snap, struct kt_span line, struct kt_slab_charge *charge)
{
	struct kt_span word;

	if (!kt_span_word(&line, &word))
		return false;
	charge->dying = kt_span_eq(word, "dying");
	line = kt_span_trim(line);
	if ((!charge->dying && !kt_span_eq(word, "online")) || !kt_span_skip(&line, "[") ||
		!kt_span_until(&line, ']', &word) || !word.n)
		return false;
	charge->cache = kt_arena_name(&snap->arena, word);
	line = kt_span_trim(line);
	charge->cgroup = line.n ? kt_arena_name(&snap->arena, line) : NULL;
	return true;
}

static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_slab_charge charge = { 0 }, *slot;
	int64_t *const numbers[] = { NUMBERS(&charge.) };
	struct kt_span word;

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		if (!kt_span_word(&line, &word) || !kt_span_i64(word, numbers[i]) ||
			*numbers[i] < 0 || *numbers[i] > INT32_MAX)
			return false;
	}
	if (!charge.slot_bytes || charge.left_objs > charge.nr_objs + charge.rcu_objs ||
		!take_names(snap, line, &charge))
		return false;
	slot = kt_list_push(&snap->arena, &snap->slab_charges);
	if (slot)
		*slot = charge;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	return kt_memory_lines(snap, text, take_line, "a cache and a cgroup");
}

/* ---- memory ---- */

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	struct kt_slab_cgroups_sum sum = { 0 };
	struct kt_memmap memmap;
	struct kt_err *err = kt_memory_map(memory, &memmap);

	if (!err)
		err = kt_slab_cgroups_walk(&memmap, &memory->slub, snap, &sum);
	if (!err)
		kt_memory_unread(snap, sum.nr_unread);
	if (!err && sum.nr_torn)
		kt_snapshot_note(snap,
			"%llu slabs changed while they were read: some of their objects are in "
			"the rows without a cgroup",
			(unsigned long long)sum.nr_torn);
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_slab_cgroups, walk, write_text);
}

const struct kt_source kt_source_slab_cgroups = {
	.name = "slab_cgroups",
	.summary = "slab objects charged to each cgroup, in kernel memory",
	.paths = { "ktally/slab_cgroups" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally slab --by cgroup' is not possible",
	.gives = KT_MEMORY_GIVES ", and CONFIG_MEMCG",
	.parse = parse,
	.read = read_it,
};
