// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_VMCOREINFO_H
#define KT_DUMP_VMCOREINFO_H

#include "dump/physical.h"

/**
 * VMCOREINFO: the lines "SYMBOL(_stext)=ffffffff81000000" with which a kernel describes itself to
 * readers of its dump (kernel/vmcore_info.c).
 */
struct kt_vmcoreinfo {
	struct kt_span text;
	struct kt_buf bytes; /* that have the text */
};

/** Finds it in the notes of a dump; false: the dump has no such note. */
bool kt_vmcoreinfo_of_note(struct kt_physical *physical, struct kt_vmcoreinfo *ret_info);
/**
 * Finds it in memory, where it begins a page: hypervisors write dumps without a note. `at`: the
 * physical address from which to look; set to where the next search begins. A kernel that was
 * started by another one may find the text of its predecessor too, so the caller checks it.
 */
bool kt_vmcoreinfo_scan(struct kt_physical *physical, uint64_t *at, struct kt_vmcoreinfo *ret_info);
/** Says which machine its kernel is for, as EM_X86_64 or EM_AARCH64; 0: another one. */
uint16_t kt_vmcoreinfo_machine(const struct kt_vmcoreinfo *info);
void kt_vmcoreinfo_cleanup(struct kt_vmcoreinfo *info);

/** Finds the value of a line by its key, such as "OSRELEASE"; false: there is none. */
bool kt_vmcoreinfo_find(
	const struct kt_vmcoreinfo *info, const char *key, struct kt_span *ret_value);
/** Finds the address in "SYMBOL(name)". */
bool kt_vmcoreinfo_symbol(const struct kt_vmcoreinfo *info, const char *name, uint64_t *ret_value);
/** Finds the number in "NUMBER(name)": decimal, with or without a sign, or hexadecimal with 0x. */
bool kt_vmcoreinfo_number(const struct kt_vmcoreinfo *info, const char *name, uint64_t *ret_value);
/** Finds the number in "LENGTH(name)": elements of an array. */
bool kt_vmcoreinfo_length(const struct kt_vmcoreinfo *info, const char *name, uint64_t *ret_value);

#endif
