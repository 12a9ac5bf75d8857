// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who has the pages that the kernel allocated straight from the page allocator: no file says it.

#include "memory/pages/direct_pages.h"

#include "source/memory/open.h"
#include "target/live.h"

#include <string.h>

static const char *const kinds[KT_OWNER_KINDS] = {
	[KT_OWNER_DATA] = "data",
	[KT_OWNER_OBJECT] = "object",
	[KT_OWNER_MAPPED] = "mapped",
	[KT_OWNER_TABLE] = "table",
	[KT_OWNER_USER_TABLE] = "user_table",
	[KT_OWNER_MEMMAP] = "memmap",
	[KT_OWNER_POOL] = "pool",
	[KT_OWNER_HASH] = "hash",
	[KT_OWNER_NAMELESS] = "nameless",
	[KT_OWNER_NOBODY] = "nobody",
	[KT_OWNER_VMALLOC] = "vmalloc",
	[KT_OWNER_STACK] = "stack",
	[KT_OWNER_PERCPU] = "percpu",
	[KT_OWNER_KMALLOC] = "kmalloc",
	[KT_OWNER_CPU_FREE] = "cpu_free",
	[KT_OWNER_CHANGED] = "changed",
};

/* A line for each owner; the name may have blanks. */
static void write_text(const struct kt_snapshot *snap, struct kt_buf *ret_text)
{
	kt_buf_puts(ret_text, "# kind pages blocks [name]\n");
	for (size_t i = 0; i < snap->page_owners.count; i++) {
		const struct kt_page_owner *owner = &snap->page_owners.items[i];

		kt_buf_printf(ret_text, "%s %lld %lld%s%s\n", kinds[owner->kind],
			(long long)owner->nr_pages, (long long)owner->nr_blocks,
			owner->name ? " " : "", owner->name ? owner->name : "");
	}
}

static bool take_kind(struct kt_span word, enum kt_page_owner_kind *ret_kind)
{
	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		if (kt_span_eq(word, kinds[i])) {
			*ret_kind = (enum kt_page_owner_kind)i;
			return true;
		}
	}
	return false;
}

/* No owner has more pages than memory can have (memory/pages/page_set.h), so all of them add up. */
static bool take_line(struct kt_snapshot *snap, struct kt_span line)
{
	struct kt_page_owner owner = { 0 }, *slot;
	struct kt_span word;

	if (!kt_span_word(&line, &word) || !take_kind(word, &owner.kind) ||
		!kt_span_word(&line, &word) || !kt_span_i64(word, &owner.nr_pages) ||
		!kt_span_word(&line, &word) || !kt_span_i64(word, &owner.nr_blocks) ||
		owner.nr_pages < 0 || owner.nr_pages > UINT32_MAX || owner.nr_blocks < 0 ||
		owner.nr_blocks > owner.nr_pages)
		return false;
	line = kt_span_trim(line);
	owner.name = line.n ? kt_arena_name(&snap->arena, line) : NULL;
	slot = kt_list_push(&snap->arena, &snap->page_owners);
	if (slot)
		*slot = owner;
	return true;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_err *err = kt_memory_lines(snap, text, take_line, "an owner of pages");

	return err || snap->page_owners.count
		       ? err
		       : kt_err_new(KT_ERR_PARSE, "%s: has no owner of pages", text->path);
}

static void note(struct kt_snapshot *snap, const char *text)
{
	const char **slot = kt_list_push(&snap->arena, &snap->notes);

	if (slot)
		*slot = text;
}

static void put_notes(struct kt_snapshot *snap, const struct kt_direct_pages_sum *sum)
{
	if (!sum->has_page_table)
		note(snap,
			"the kernel's page table was not understood: pages of vmalloc, of stacks "
			"and of per-CPU memory are among the pages of other owners");
	if (sum->has_free_lists)
		note(snap, kt_arena_printf(&snap->arena,
				   "free pages that CPUs keep: %llu by their lists, %llu by their "
				   "counters",
				   (unsigned long long)sum->nr_cpu_free,
				   (unsigned long long)sum->nr_cpu_counted));
	else
		note(snap, "free pages that CPUs keep were not found: most of them count as freed "
			   "meanwhile, and a pointer that is left over gives some an owner");
	if (sum->nr_unread || sum->nr_torn)
		note(snap,
			kt_arena_printf(&snap->arena,
				"%llu pages and slabs could not be read, and %llu slabs and lists "
				"changed meanwhile: owners that point from there are missing",
				(unsigned long long)sum->nr_unread,
				(unsigned long long)sum->nr_torn));
	if (sum->truncated)
		note(snap, "there are more objects that point to pages than are kept: some pages "
			   "have no owner here");
}

static struct kt_err *walk(struct kt_memory *memory, struct kt_snapshot *snap)
{
	KT_CLEANUP(symbol_table) struct kt_symbol_table symbols = { 0 };
	struct kt_direct_pages_sum sum;
	struct kt_memmap memmap;
	struct kt_err *err = kt_memory_map(memory, &memmap);

	if (!err)
		err = kt_memory_symbol_table(memory, &symbols);
	if (!err)
		err = kt_direct_pages_walk(&memmap, &memory->slub, &symbols, snap, &sum);
	if (!err)
		put_notes(snap, &sum);
	return err;
}

static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	return kt_memory_read(root, snap, &kt_source_direct_pages, walk, write_text);
}

const struct kt_source kt_source_direct_pages = {
	.name = "direct_pages",
	.summary = "who has the pages that no counter names, in kernel memory",
	.paths = { "ktally/direct_pages" },
	.cost = KT_COST_SCAN,
	.extra = true,
	.lack = "'ktally pages' has no list",
	.gives = KT_MEMORY_GIVES,
	.parse = parse,
	.read = read_it,
};
