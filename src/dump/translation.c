// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/translation.h"

#include <elf.h>

#define X86_IMAGE 0xffffffff80000000ull /* __START_KERNEL_map */

/* ---- the walk ---- */

/* In an address of the kernel, all bits above the translated bits are set. */
static bool is_kernel(const struct kt_page_form *form, uint64_t address)
{
	unsigned bits = form->halves ? form->va_bits - 1 : form->va_bits;

	return address >> bits == ~0ull >> bits;
}

static bool walk(
	const struct kt_translation *translation, uint64_t address, struct kt_extent *ret_extent)
{
	const struct kt_page_form *form = translation->form;
	unsigned step = form->page_shift - 3; /* bits of an index */
	uint64_t at = translation->root, below = address & ((1ull << form->va_bits) - 1);

	if (!is_kernel(form, address))
		return false;
	for (unsigned level = form->levels; level-- > 0;) {
		unsigned shift = form->page_shift + level * step;
		uint64_t index = below >> shift & ((1ull << step) - 1);
		uint64_t entry, mask = (1ull << shift) - 1;

		if (!kt_physical_read(translation->memory, at + index * KT_PAGE_ENTRY_BYTES, &entry,
			    sizeof(entry)) ||
			!(entry & form->present))
			return false;
		at = entry & form->address & ~translation->sme_mask;
		if (!level || kt_page_form_is_large(form, entry)) {
			*ret_extent = (struct kt_extent){ address & ~mask, at & ~mask, mask + 1 };
			return true;
		}
	}
	return false;
}

bool kt_translate(struct kt_translation *translation, uint64_t address, uint64_t *ret_physical,
	uint64_t *ret_bytes)
{
	struct kt_extent *kept =
		&translation
			 ->kept[(address >> translation->form->page_shift) % KT_TRANSLATION_KEPT];
	uint64_t at = address - kept->address;

	if (address < kept->address || at >= kept->bytes) {
		struct kt_extent extent;

		if (!walk(translation, address, &extent))
			return false;
		*kept = extent;
		at = address - extent.address;
	}
	*ret_physical = kept->physical + at;
	*ret_bytes = kept->bytes - at;
	return true;
}

bool kt_translation_read(
	struct kt_translation *translation, uint64_t address, void *to, size_t size)
{
	while (size) {
		uint64_t physical, bytes;

		if (!kt_translate(translation, address, &physical, &bytes))
			return false;
		if (bytes > size)
			bytes = size;
		if (!kt_physical_read(translation->memory, physical, to, (size_t)bytes))
			return false;
		to = (char *)to + bytes;
		address += bytes;
		size -= (size_t)bytes;
	}
	return true;
}

/* ---- finding it ---- */

/* Finds the difference of the image's physical address and the kernel's own. */
static bool find_image(
	const struct kt_physical *memory, const struct kt_vmcoreinfo *info, uint64_t *ret_offset)
{
	uint64_t number;

	if (memory->machine == EM_X86_64) {
		if (!kt_vmcoreinfo_number(info, "phys_base", &number))
			return false;
		*ret_offset = number - X86_IMAGE;
		return true;
	}
	if (!kt_vmcoreinfo_number(info, "kimage_voffset", &number))
		return false;
	*ret_offset = 0 - number;
	return true;
}

/* Whether the table leads to the kernel's code, and the code is in the dump. */
static bool fits(struct kt_translation *translation, uint64_t stext, uint64_t offset)
{
	struct kt_extent extent;
	uint64_t physical;
	char byte;

	if (!walk(translation, stext, &extent))
		return false;
	physical = extent.physical + (stext - extent.address);
	return physical == stext + offset &&
	       kt_physical_read(translation->memory, physical, &byte, 1);
}

struct kt_err *kt_translation_find(struct kt_physical *memory, const struct kt_vmcoreinfo *info,
	struct kt_translation *ret_translation)
{
	enum kt_page_machine machine;
	uint64_t stext, root, offset, page_bytes = 0;
	struct kt_span value;

	*ret_translation = (struct kt_translation){ .memory = memory };
	if (!memory->machine)
		memory->machine = kt_vmcoreinfo_machine(info);
	machine = memory->machine == EM_X86_64 ? KT_PAGE_X86_64 : KT_PAGE_ARM64;
	if (!kt_vmcoreinfo_symbol(info, "_stext", &stext) ||
		!kt_vmcoreinfo_symbol(info, "swapper_pg_dir", &root) ||
		!kt_vmcoreinfo_find(info, "PAGESIZE", &value) || !kt_span_u64(value, &page_bytes) ||
		!find_image(memory, info, &offset))
		return kt_err_new(KT_ERR_PARSE, "its VMCOREINFO does not say where the page table "
						"is (kernels before 4.12)");
	if (!kt_vmcoreinfo_number(info, "sme_mask", &ret_translation->sme_mask))
		ret_translation->sme_mask = 0;
	ret_translation->root = root + offset;
	for (size_t i = 0; i < kt_nr_page_forms; i++) {
		const struct kt_page_form *form = &kt_page_forms[i];

		ret_translation->form = form;
		if (form->machine == machine && page_bytes == 1ull << form->page_shift &&
			fits(ret_translation, stext, offset))
			return NULL;
	}
	return kt_err_new(KT_ERR_PARSE,
		"its page table does not lead to the kernel: the page table is not in the dump, or "
		"has a form that ktally does not know");
}

/* ---- the direct map ---- */

#define ENTRIES_MAX (1u << 20) /* entries that are looked at; a damaged table may be a maze */
#define RANGES_MAX  1024u      /* ranges that are checked, in even steps */

/* Finds the first address that a table maps, from entry `index` on. */
/* NOLINTNEXTLINE(misc-no-recursion): by level */
static bool first_mapped(const struct kt_translation *translation, unsigned level, uint64_t at,
	uint64_t index, uint64_t address, uint32_t *budget, struct kt_extent *ret_extent)
{
	const struct kt_page_form *form = translation->form;
	unsigned step = form->page_shift - 3, shift = form->page_shift + level * step;

	for (; index < 1ull << step; index++) {
		uint64_t from = address + (index << shift), entry, to;

		if (!*budget || !kt_physical_read(translation->memory,
					at + index * KT_PAGE_ENTRY_BYTES, &entry, sizeof(entry)))
			return false;
		--*budget;
		if (!(entry & form->present))
			continue;
		to = entry & form->address & ~translation->sme_mask;
		if (!level || kt_page_form_is_large(form, entry)) {
			*ret_extent = (struct kt_extent){ from, to & ~((1ull << shift) - 1),
				1ull << shift };
			return true;
		}
		if (first_mapped(translation, level - 1, to, 0, from, budget, ret_extent))
			return true;
	}
	return false;
}

/* Whether ranges of the dump that are mapped there are where this map has them. */
static bool maps_all(const struct kt_translation *translation, uint64_t direct)
{
	const struct kt_physical *memory = translation->memory;
	size_t step = memory->nr_ranges / RANGES_MAX + 1;
	unsigned nr_right = 0;

	for (size_t i = 0; i < memory->nr_ranges; i += step) {
		uint64_t physical = memory->ranges[i].first + memory->ranges[i].bytes / 2;
		struct kt_extent extent;

		if (!walk(translation, direct + physical, &extent))
			continue;
		if (extent.physical + (direct + physical - extent.address) != physical)
			return false;
		nr_right++;
	}
	return nr_right > 0;
}

bool kt_translation_direct(const struct kt_translation *translation, uint64_t *ret_direct)
{
	const struct kt_page_form *form = translation->form;
	unsigned step = form->page_shift - 3, level = form->levels - 1;
	unsigned shift = form->page_shift + level * step;
	uint64_t first = form->halves ? 1ull << (step - 1) : 0;
	uint64_t address = ~0ull << form->va_bits, nr_entries = 1ull << (form->va_bits - shift);
	uint32_t budget = ENTRIES_MAX;

	/* each entry of the highest level: other maps may come before the direct one */
	for (uint64_t index = first; index < nr_entries; index++) {
		struct kt_extent extent;

		if (!first_mapped(translation, level, translation->root, index, address, &budget,
			    &extent))
			return false;
		if (maps_all(translation, extent.address - extent.physical)) {
			*ret_direct = extent.address - extent.physical;
			return true;
		}
		index = (extent.address - address) >> shift;
	}
	return false;
}
