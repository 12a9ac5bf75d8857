// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/tables.h"

#define REGION_BITS 40		 /* the direct map has a size of whole TiB (arch/x86/mm/kaslr.c) */
#define PLACE_MAX   (1ull << 46) /* of memory and devices on machines that have a raw image */

struct checking {
	const struct kt_translation *translation;
	uint64_t direct, high, file_end;
	struct kt_tables *tables;
	uint32_t *budget; /* a damaged table may be a maze */
	bool ended;	  /* the direct map has ended */
};

/* Whether an address is of the direct map, as far as that is known by now. */
static bool is_direct(const struct checking *checking, uint64_t address)
{
	uint64_t end = checking->tables->end;

	return !checking->ended &&
	       (address - checking->direct) >> REGION_BITS <= (end ? end - 1 : 0) >> REGION_BITS;
}

/* Takes a page that is mapped; false: memory is not mapped like this. */
static bool take_page(struct checking *checking, uint64_t address, uint64_t to, uint64_t bytes)
{
	struct kt_tables *tables = checking->tables;

	if (!checking->ended && to == address - checking->direct) {
		tables->end = to + bytes;
		if (tables->end > checking->file_end)
			tables->after +=
				to > checking->file_end ? bytes : tables->end - checking->file_end;
		return true;
	}
	if (is_direct(checking, address)) {
		tables->is_whole = tables->is_cut = false;
		return false;
	}
	checking->ended = true;
	return to < PLACE_MAX;
}

static void note_table(struct checking *checking, uint64_t at, uint64_t address,
	unsigned nr_present, unsigned nr_wrong)
{
	struct kt_tables *tables = checking->tables;

	/* vfree() leaves empty tables, but not in the direct map */
	if (!nr_present && is_direct(checking, address))
		tables->is_whole = tables->is_cut = false;
	if (at < checking->high || !nr_present)
		return;
	tables->nr_bad += nr_wrong != 0;
	tables->nr_good += !nr_wrong;
}

static void note_unreadable(struct checking *checking, uint64_t at, uint64_t address)
{
	struct kt_tables *tables = checking->tables;

	if (!is_direct(checking, address))
		return;
	tables->is_whole = false;
	tables->is_cut &= at >= checking->file_end;
}

/* NOLINTNEXTLINE(misc-no-recursion): by level */
static void look_at(struct checking *checking, unsigned level, uint64_t at, uint64_t address)
{
	const struct kt_page_form *form = checking->translation->form;
	unsigned step = form->page_shift - 3, shift = form->page_shift + level * step;
	unsigned nr_present = 0, nr_wrong = 0;

	for (uint64_t i = 0; i < 1ull << step && *checking->budget; i++) {
		uint64_t from = address + (i << shift), entry, to;

		if (from + ((1ull << shift) - 1) < checking->direct)
			continue;
		--*checking->budget;
		if (!kt_physical_read(checking->translation->memory, at + i * KT_PAGE_ENTRY_BYTES,
			    &entry, sizeof(entry))) {
			note_unreadable(checking, at, from);
			return;
		}
		if (!(entry & form->present))
			continue;
		nr_present++;
		to = entry & form->address & ~checking->translation->sme_mask;
		if (!level || kt_page_form_is_large(form, entry)) {
			to &= ~((1ull << shift) - 1);
			nr_wrong += !take_page(checking, from, to, 1ull << shift);
			continue;
		}
		nr_wrong += checking->tables->end && to >= checking->tables->end && checking->ended;
		look_at(checking, level - 1, to, from);
	}
	note_table(checking, at, address, nr_present, nr_wrong);
}

void kt_tables_check(const struct kt_translation *translation, uint64_t direct, uint64_t high,
	uint64_t file_end, uint32_t *budget, struct kt_tables *ret_tables)
{
	const struct kt_page_form *form = translation->form;
	struct checking checking = { .translation = translation,
		.direct = direct,
		.high = high,
		.file_end = file_end,
		.tables = ret_tables,
		.budget = budget };

	*ret_tables = (struct kt_tables){ .is_whole = true, .is_cut = true };
	look_at(&checking, form->levels - 1, translation->root, ~0ull << form->va_bits);
	if (!ret_tables->end || (!*budget && !checking.ended))
		ret_tables->is_whole = ret_tables->is_cut = false;
}
