// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_CODE_NAMES_H
#define KT_MEMORY_KERNEL_CODE_NAMES_H

#include "base/buf.h"
#include "kernel/symbol_table.h"
#include "kernel/target.h"

/** Names of addresses in code, as the kernel prints them. */
struct kt_code_names {
	const struct kt_symbol_table *symbols;
	uint64_t image_first, image_end; /* both 0: unknown */
};

/** The symbols must outlive the names. */
struct kt_code_names kt_code_names(
	const struct kt_target *target, const struct kt_symbol_table *symbols);
/**
 * Writes "function+0x1/0x2 [module]" (%pS), or the address where no symbol has it. `is_return`: it
 * is the address after a call, which may be the last instruction of its function (%pB).
 */
void kt_code_name(const struct kt_code_names *names, uint64_t address, bool is_return,
	struct kt_buf *ret_text);

#endif
