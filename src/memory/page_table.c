// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/page_table.h"

#include <stdlib.h>
#include <string.h>

/* ---- the walk ---- */

static bool read_entry(
	const struct kt_page_table *table, uint64_t at, uint64_t index, uint64_t *ret)
{
	return kt_target_number(
		table->memmap->target, at + index * KT_PAGE_ENTRY_BYTES, KT_PAGE_ENTRY_BYTES, ret);
}

bool kt_page_table_look(
	const struct kt_page_table *table, uint64_t address, uint64_t *ret_pfn, uint64_t *ret_pages)
{
	const struct kt_page_form *form = table->form;
	unsigned step = form->page_shift - 3; /* bits of an index */
	uint64_t at = table->root, entry;

	for (unsigned level = form->levels; level-- > 0;) {
		unsigned shift = form->page_shift + level * step;
		uint64_t below =
			address & (form->va_bits < 64 ? (1ull << form->va_bits) - 1 : ~0ull);
		uint64_t index = below >> shift & ((1ull << step) - 1);

		if (!read_entry(table, at, index, &entry) || !(entry & form->present))
			return false;
		if (!level || kt_page_form_is_large(form, entry)) {
			*ret_pages = 1ull << (shift - form->page_shift);
			*ret_pfn =
				((entry & form->address) >> form->page_shift) & ~(*ret_pages - 1);
			*ret_pfn += (address & ((1ull << shift) - 1)) >> form->page_shift;
			return true;
		}
		at = kt_memmap_virtual(table->memmap, (entry & form->address) >> form->page_shift);
	}
	return false;
}

bool kt_page_table_below(const struct kt_page_table *table, uint64_t entry, uint64_t *ret_pfn)
{
	*ret_pfn = (entry & table->form->address) >> table->form->page_shift;
	return (entry & table->form->present) && !kt_page_form_is_large(table->form, entry);
}

/* ---- the whole table ---- */

struct each {
	const struct kt_page_table *table;
	const struct kt_page_table_visit *visit;
	char *entries[KT_PAGE_LEVELS_MAX]; /* a copy of a table of each level */
	uint64_t nr_tables, nr_tables_max;
};

/* `address`: the first one that the table at `at` maps. False: there are too many tables. */
/* NOLINTNEXTLINE(misc-no-recursion): by level */
static bool each_entry(struct each *each, unsigned level, uint64_t at, uint64_t address)
{
	const struct kt_page_form *form = each->table->form;
	const struct kt_memmap *memmap = each->table->memmap;
	unsigned step = form->page_shift - 3, shift = form->page_shift + level * step;
	uint64_t nr_entries = 1ull << step, first = 0, entry;
	bool is_root = level + 1 == form->levels;

	if (++each->nr_tables > each->nr_tables_max)
		return false;
	/* the highest level has as many entries as the address has bits left */
	if (is_root && form->va_bits - shift < step)
		nr_entries = 1ull << (form->va_bits - shift);
	if (is_root && form->halves)
		first = nr_entries / 2;
	if (!kt_target_read(
		    memmap->target, at, each->entries[level], nr_entries * KT_PAGE_ENTRY_BYTES))
		return true;
	each->visit->table(each->visit->arg, (at - memmap->direct) / memmap->target->page_bytes);
	for (uint64_t i = first; i < nr_entries; i++) {
		uint64_t pfn, to = address + (i << shift);

		memcpy(&entry, each->entries[level] + i * KT_PAGE_ENTRY_BYTES, sizeof(entry));
		if (!(entry & form->present))
			continue;
		pfn = (entry & form->address) >> form->page_shift;
		if (!level || kt_page_form_is_large(form, entry))
			each->visit->mapped(each->visit->arg, to,
				pfn & ~((1ull << (shift - form->page_shift)) - 1),
				1ull << (shift - form->page_shift));
		else if (!each_entry(each, level - 1, kt_memmap_virtual(memmap, pfn), to))
			return false;
	}
	return true;
}

static uint64_t nr_pages_of(const struct kt_memmap *memmap)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < memmap->nr_ranges; i++)
		nr += memmap->ranges[i].end - memmap->ranges[i].first;
	return nr;
}

struct kt_err *kt_page_table_each(
	const struct kt_page_table *table, const struct kt_page_table_visit *visit)
{
	const struct kt_page_form *form = table->form;
	struct each each = {
		.table = table, .visit = visit, .nr_tables_max = nr_pages_of(table->memmap)
	};
	uint64_t first = form->va_bits < 64 ? ~0ull << form->va_bits : 0;
	char *copies = malloc((size_t)form->levels << form->page_shift);
	bool whole;

	if (!copies)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	for (unsigned i = 0; i < form->levels; i++)
		each.entries[i] = copies + ((size_t)i << form->page_shift);
	whole = each_entry(&each, form->levels - 1, table->root, first);
	free(copies);
	return whole ? NULL
		     : kt_err_new(KT_ERR_LIMIT,
			       "the kernel's page table has more tables than memory has pages");
}

/* ---- finding it ---- */

/* The table of the task that reads has the kernel's half too, on x86-64. */
static bool root_of_task(struct kt_target *target, uint64_t *ret_root)
{
	struct kt_field mm, pgd;

	return target->ops->current_task && target->ops->current_task(target, ret_root) &&
	       kt_types_field(&target->types, "task_struct", "mm", &mm) &&
	       kt_types_field(&target->types, "mm_struct", "pgd", &pgd) &&
	       kt_target_pointer(target, *ret_root + mm.offset, ret_root) && *ret_root &&
	       kt_target_pointer(target, *ret_root + pgd.offset, ret_root) && *ret_root;
}

static bool root_of_kernel(struct kt_target *target, uint64_t *ret_root)
{
	struct kt_field pgd;
	uint64_t at;

	return kt_symbols_find(&target->symbols, "init_mm", &at) &&
	       kt_types_field(&target->types, "mm_struct", "pgd", &pgd) &&
	       kt_target_pointer(target, at + pgd.offset, ret_root) && *ret_root;
}

/*
 * Forms with less bits find the direct map of one with more, as both begin at the table's first
 * entry; the kernel's image is in the last one.
 */
static bool maps_image(const struct kt_page_table *table)
{
	uint64_t at, pfn, pages;

	return !kt_symbols_find(&table->memmap->target->symbols, "_stext", &at) ||
	       kt_page_table_look(table, at, &pfn, &pages);
}

/* Whether the form finds the first pages of memory where they are known to be. */
static bool fits(const struct kt_page_table *table)
{
	const struct kt_memmap *memmap = table->memmap;
	unsigned nr_right = 0;

	if (memmap->target->page_bytes != 1u << table->form->page_shift ||
		!kt_types_size(&memmap->target->types, table->form->of))
		return false;
	for (size_t i = 0; i < memmap->nr_ranges; i++) {
		const struct kt_pfn_range *range = &memmap->ranges[i];
		uint64_t pfn = range->first + (range->end - range->first) / 2, found, pages;

		if (!kt_page_table_look(table, kt_memmap_virtual(memmap, pfn), &found, &pages))
			continue; /* some pages of memory are left out of the map */
		if (found != pfn)
			return false;
		nr_right++;
	}
	return nr_right > 0 && maps_image(table);
}

static bool find_form(struct kt_page_table *table)
{
	for (size_t i = 0; i < kt_nr_page_forms; i++) {
		table->form = &kt_page_forms[i];
		if (fits(table))
			return true;
	}
	return false;
}

struct kt_err *kt_page_table_find(const struct kt_memmap *memmap, struct kt_page_table *ret_table)
{
	*ret_table = (struct kt_page_table){ .memmap = memmap };
	if ((root_of_kernel(memmap->target, &ret_table->root) && find_form(ret_table)) ||
		(root_of_task(memmap->target, &ret_table->root) && find_form(ret_table)))
		return NULL;
	return kt_err_new(KT_ERR_ABSENT, "the kernel's page table is not found, or has a form that "
					 "ktally does not know");
}
