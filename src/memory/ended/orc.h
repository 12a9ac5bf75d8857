// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_ENDED_ORC_H
#define KT_MEMORY_ENDED_ORC_H

#include "kernel/target.h"

/**
 * The tables with which a kernel for x86-64 walks its own stacks (CONFIG_UNWINDER_ORC,
 * Documentation/arch/x86/orc-unwinder.rst): for each range of code, where the frame of the caller
 * is. The kernel's own tables and the tables of modules are read.
 */
struct kt_orc {
	struct kt_target *target;
	uint64_t addresses, entries; /* of the tables; 0: there are none */
	uint64_t count;
	uint32_t entry_bytes;
	bool renumbered; /* registers have the numbers of newer kernels */
	struct kt_field sp_offset, bp_offset, sp_reg, bp_reg, type, end;
	struct kt_field of_module, module_addresses, module_entries;
};

enum kt_orc_type { KT_ORC_LOST, KT_ORC_END, KT_ORC_CALL, KT_ORC_REGS, KT_ORC_REGS_PARTIAL };

/**
 * Registers that an address is counted from, with the numbers that they have always had until newer
 * kernels gave them others; arch/x86/include/asm/orc_types.h, ORC_REG_*.
 */
enum kt_orc_register {
	KT_ORC_UNDEFINED,
	KT_ORC_PREV_SP,
	KT_ORC_DX,
	KT_ORC_DI,
	KT_ORC_BP,
	KT_ORC_SP,
	KT_ORC_R10,
	KT_ORC_R13,
	KT_ORC_BP_INDIRECT,
	KT_ORC_SP_INDIRECT,
	KT_ORC_UNKNOWN = 15
};

struct kt_orc_entry {
	int64_t sp_offset, bp_offset;
	unsigned sp_reg, bp_reg; /* enum kt_orc_register, or any other value */
	enum kt_orc_type type;
};

/** False: this kernel has no such tables, or does not name them. */
bool kt_orc_open(struct kt_target *target, struct kt_orc *ret_orc);
/** Finds the entry for an instruction. False: no table has its code. */
bool kt_orc_find(const struct kt_orc *orc, uint64_t ip, struct kt_orc_entry *ret_entry);

#endif
