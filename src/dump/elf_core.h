// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_ELF_CORE_H
#define KT_DUMP_ELF_CORE_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A dump of physical memory as an ELF file: /proc/vmcore, qemu's dump-guest-memory, virsh dump
 * --memory-only. Its segments are ranges of physical addresses. Memory outside of the file is
 * absent, never zero: no segment names it, a filter left it out, or the file is cut off.
 *
 * The file is mapped, so its length must not change while it is read.
 */
struct kt_elf_core {
	const char *bytes; /* the file */
	bool mapped;	   /* `bytes` is a mapping of its own */
	size_t size;
	uint16_t machine;		 /* EM_X86_64, EM_AARCH64 */
	struct kt_elf_range *ranges;	 /* sorted, without overlaps */
	size_t nr_ranges, last;		 /* `last`: of the latest read, tried first */
	uint64_t cut_bytes;		 /* the headers promise them after the end of the file */
	uint64_t left_out_bytes;	 /* in no segment's file part: a filter left them out */
	uint64_t headers_at, nr_headers; /* program headers in the file */
};

/** Physical memory that the file has. */
struct kt_elf_range {
	uint64_t first, bytes;
	uint64_t place; /* offset in the file */
};

/** Whether the first bytes of a file are an ELF core. */
bool kt_elf_core_is(struct kt_span head);
/**
 * Maps the file of a descriptor, which may be closed afterwards. PARSE: no ELF core of a machine
 * that ktally knows. The caller calls kt_elf_core_fini() after an error too.
 */
struct kt_err *kt_elf_core_open(int fd, struct kt_elf_core *ret_core) KT_MUST_CHECK;
/** Same with a file in memory, which must outlive it. */
struct kt_err *kt_elf_core_of_bytes(
	struct kt_span file, struct kt_elf_core *ret_core) KT_MUST_CHECK;
void kt_elf_core_fini(struct kt_elf_core *core);

/**
 * Finds physical memory in the file. `ret_bytes`: bytes from there on, at least 1. NULL: the file
 * does not have it.
 */
const char *kt_elf_core_at(struct kt_elf_core *core, uint64_t physical, uint64_t *ret_bytes);
/** Copies physical memory of any range of addresses; false: at least one byte is absent. */
bool kt_elf_core_read(struct kt_elf_core *core, uint64_t physical, void *to, size_t size);
/** Finds the contents of the first note of a name, such as "VMCOREINFO"; false: there is none. */
bool kt_elf_core_note(const struct kt_elf_core *core, const char *name, struct kt_span *ret_text);

#endif
