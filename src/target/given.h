// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TARGET_GIVEN_H
#define KT_TARGET_GIVEN_H

#include "dump/vmcoreinfo.h"
#include "dump/vmlinux.h"
#include "kernel/target.h"

/** Files with what a kernel does not have in its memory, as the user gave them; NULL: none. */
struct kt_target_given {
	const char *btf;     /* type data */
	const char *vmlinux; /* the kernel's ELF file: types and symbols */
};

/** Takes the types of a vmlinux, whose bytes the target owns from then on. */
struct kt_err *kt_given_vmlinux_types(
	struct kt_vmlinux *vmlinux, const char *path, struct kt_target *target) KT_MUST_CHECK;
/**
 * Checks that a vmlinux is of the kernel in a dump: by the build id, in VMCOREINFO or in the
 * kernel's own notes, and by the address of _stext. `ret_slide`: what KASLR added to its addresses.
 * PARSE: it is of another kernel, or nothing says which one.
 */
struct kt_err *kt_given_check(const struct kt_vmlinux *vmlinux, const char *path,
	const struct kt_vmcoreinfo *info, struct kt_target *target,
	uint64_t *ret_slide) KT_MUST_CHECK;
/**
 * Checks that type data which the user gave is of the kernel in a dump, by what VMCOREINFO says of
 * types and what symbols say of the kernel's own type data. PARSE: it contradicts them, or knows
 * none of the types.
 */
struct kt_err *kt_given_check_types(
	const char *path, const struct kt_vmcoreinfo *info, struct kt_target *target) KT_MUST_CHECK;
/** Returns the address of a symbol of vmlinux in memory; offsets of per-CPU data do not move. */
static inline uint64_t kt_given_address(uint64_t address, uint64_t slide)
{
	return address >> 63 ? address + slide : address;
}

#endif
