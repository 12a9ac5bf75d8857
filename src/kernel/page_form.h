// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_PAGE_FORM_H
#define KT_KERNEL_PAGE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The forms of page tables: how many levels they have, and what the bits of an entry mean.
 * x86-64: arch/x86/include/asm/pgtable_types.h; arm64: arch/arm64/include/asm/pgtable-hwdef.h. A
 * large page ends the walk early: on x86-64 bit 7 says so, on arm64 a missing bit 1.
 */

#define KT_PAGE_ENTRY_BYTES 8u
#define KT_PAGE_LEVELS_MAX  5u

enum kt_page_machine { KT_PAGE_X86_64, KT_PAGE_ARM64 };

struct kt_page_form {
	enum kt_page_machine machine;
	const char *of; /* a struct that only kernels of this architecture have */
	unsigned page_shift, va_bits, levels;
	bool halves; /* the lower half of the table is of processes */
	uint64_t present, large,
		table;	  /* bits of an entry; `table`: set where it is no large page */
	uint64_t address; /* bits of an entry that are the address of a page */
};

extern const struct kt_page_form kt_page_forms[];
extern const size_t kt_nr_page_forms;

/** Whether an entry that is not of the lowest level maps a large page. */
static inline bool kt_page_form_is_large(const struct kt_page_form *form, uint64_t entry)
{
	return (entry & form->large) || (form->table && !(entry & form->table));
}

#endif
