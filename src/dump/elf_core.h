// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_ELF_CORE_H
#define KT_DUMP_ELF_CORE_H

#include "dump/physical.h"

/**
 * A dump of physical memory as an ELF file: /proc/vmcore, makedumpfile -E, qemu's
 * dump-guest-memory, virsh dump --memory-only. Its segments are ranges of physical addresses. A
 * segment may be longer in memory than in the file, where a filter left pages out (makedumpfile).
 */

/** Whether the first bytes of a file are an ELF core. */
bool kt_elf_core_is(struct kt_span head);
/** Opens a file, which it takes over, even after an error. PARSE: see kt_dump_open(). */
struct kt_err *kt_elf_core_open(
	struct kt_dump_file *file, struct kt_physical **ret_physical) KT_MUST_CHECK;

/**
 * Finds VMCOREINFO among the ELF notes in bytes of a file; false: there is none. For formats with
 * such notes.
 */
bool kt_elf_notes_info(
	struct kt_dump_file *file, uint64_t at, uint64_t bytes, struct kt_buf *ret_text);
/** Finds the note NT_PRSTATUS with this number, from 0, in the same way. */
bool kt_elf_notes_status(struct kt_dump_file *file, uint64_t at, uint64_t bytes, uint32_t index,
	struct kt_buf *ret_bytes);

#endif
