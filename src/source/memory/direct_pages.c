// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who has the pages that the kernel allocated straight from the page allocator: no file says it.

#include "memory/pages/direct_pages.h"

#include "source/memory/open.h"
#include "target/live.h"

#include <stdlib.h>
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

/* ---- the text of a recording ---- */

#define OWNERS_KEPT 64 /* the largest ones; the others of a kind are one line */
#define OTHERS	    "(others)"

static int by_pages(const void *a, const void *b)
{
	const struct kt_page_owner *x = a, *y = b;

	return (x->nr_pages < y->nr_pages) - (x->nr_pages > y->nr_pages);
}

/* The smaller owners of a kind are one line: their number is not bounded, and most come and go. */
static void condense(const struct kt_text *text, struct kt_buf *ret_text)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_page_owner others[KT_OWNER_KINDS] = { 0 };
	KT_CLEANUP(err) struct kt_err *err = snap ? parse(snap, text) : NULL;
	size_t count;

	ret_text->failed |=
		!snap || snap->arena.failed || (err && kt_err_code(err) == KT_ERR_NOMEM);
	if (!snap || snap->page_owners.count <= OWNERS_KEPT) {
		kt_buf_add(ret_text, text->data, text->size);
		return;
	}
	count = snap->page_owners.count;
	qsort(snap->page_owners.items, count, sizeof(*snap->page_owners.items), by_pages);
	for (size_t i = OWNERS_KEPT; i < count; i++) {
		const struct kt_page_owner *owner = &snap->page_owners.items[i];

		others[owner->kind].nr_pages += owner->nr_pages;
		others[owner->kind].nr_blocks += owner->nr_blocks;
		if (owner->name)
			others[owner->kind].name = OTHERS;
	}
	snap->page_owners.count = OWNERS_KEPT;
	for (size_t i = 0; i < KT_OWNER_KINDS; i++) {
		struct kt_page_owner *slot =
			others[i].nr_pages ? kt_list_push(&snap->arena, &snap->page_owners) : NULL;

		if (!slot)
			continue;
		*slot = others[i];
		slot->kind = (enum kt_page_owner_kind)i;
	}
	ret_text->failed |= snap->arena.failed;
	write_text(snap, ret_text);
}

/* "data 12 3 page_variable": the name is "data page_variable". */
static bool amount(uint32_t index, struct kt_span name, uint32_t nr_numbers, struct kt_span rest,
	struct kt_line_amount *ret_amount)
{
	enum kt_page_owner_kind kind;

	(void)rest;
	*ret_amount = (struct kt_line_amount){
		.times = KT_NO_NUMBER, .size = KT_NO_NUMBER, .unit = KT_PAGES, .nr_before_name = 2
	};
	return !index && nr_numbers >= 2 && take_kind(name, &kind);
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
	const struct kt_symbol_table *symbols;
	struct kt_direct_pages_sum sum;
	struct kt_memmap memmap;
	struct kt_err *err = kt_memory_map(memory, &memmap);

	if (!err)
		err = kt_memory_symbols(memory, &symbols);
	if (!err)
		err = kt_direct_pages_walk(&memmap, &memory->slub, symbols, snap, &sum);
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
	.condense = condense,
	.series = "pages",
	.amount = amount,
	.read = read_it,
};
