// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_ENDED_REGISTERS_H
#define KT_MEMORY_ENDED_REGISTERS_H

#include "kernel/target.h"

/** The registers that a walk of a stack needs. */
struct kt_registers {
	uint64_t ip, sp, fp; /* fp: rbp, x29 */
	uint64_t dx, di, r10, r13;
	bool has_rest; /* dx and the registers after it are known */
	bool is_exact; /* ip is the next instruction; false: the address after a call */
};

/** How this kernel saves registers: members of its struct pt_regs. */
struct kt_register_form {
	bool arm64;
	uint32_t bytes; /* of struct pt_regs */
	struct kt_field ip, sp, fp, cs, dx, di, r10, r13, flags;
};

#define KT_REGISTERS_MAX 512u /* bytes of a struct pt_regs */

/** False: the type data has no struct pt_regs of a machine that ktally knows. */
bool kt_register_form(const struct kt_types *types, struct kt_register_form *ret_form);
/** Takes registers from a copy of a struct pt_regs. False: they are of user code. */
bool kt_registers_take(
	const struct kt_register_form *form, const char *copy, struct kt_registers *ret_registers);
/**
 * Reads the registers that a CPU saved when the kernel crashed. False: it saved none, as where no
 * crash kernel was loaded.
 */
bool kt_registers_saved(struct kt_target *target, const struct kt_register_form *form, unsigned cpu,
	struct kt_registers *ret_registers);

#endif
