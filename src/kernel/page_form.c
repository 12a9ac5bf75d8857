// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/page_form.h"

#include "base/attr.h"

#define BITS(high, low) ((~0ull >> (63 - (high))) & (~0ull << (low)))
#define X86(bits, levels)                                                                        \
	{                                                                                        \
		KT_PAGE_X86_64, "x86_hw_tss", 12, bits, levels, true, 1, 1 << 7, 0, BITS(51, 12) \
	}
#define ARM64(shift, bits, levels)                                                       \
	{                                                                                \
		KT_PAGE_ARM64, "user_pt_regs", shift, bits, levels, false, 1, 0, 1 << 1, \
			BITS(49, shift)                                                  \
	}

/*
 * With 52 bits of arm64 the address has two more bits at another place, for memory above a PiB.
 * An entry of x86-64 may mark encrypted memory (AMD) by one of the bits of the address.
 */
const struct kt_page_form kt_page_forms[] = {
	X86(48, 4),
	X86(57, 5),
	ARM64(12, 48, 4),
	ARM64(12, 39, 3),
	ARM64(12, 52, 5),
	ARM64(14, 47, 3),
	ARM64(14, 48, 4),
	ARM64(14, 52, 4),
	ARM64(16, 48, 3),
	ARM64(16, 52, 3),
	ARM64(16, 42, 2),
};

const size_t kt_nr_page_forms = KT_LEN(kt_page_forms);
