// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_VMLINUX_H
#define KT_DUMP_VMLINUX_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KT_BUILD_ID_MAX 64u /* bytes; the usual one has 20 */

/**
 * A file vmlinux: the ELF file of a kernel, as its build leaves it or as a debug package has it.
 * Types are in the section .BTF, symbols in .symtab; either may be missing.
 */
struct kt_vmlinux {
	struct kt_span types;		 /* contents of .BTF; empty: it has none */
	struct kt_span symbols, strings; /* contents of .symtab and of its names; empty: none */
	unsigned char build_id[KT_BUILD_ID_MAX];
	size_t build_id_bytes; /* 0: it has none */
	uint64_t notes_at;     /* address of its notes in the kernel, without KASLR */
	size_t notes_bytes;    /* 0: it has none */
	char *bytes[3];	       /* of the spans */
};

/**
 * Reads the file at a path. PARSE: it is none; the error says what it is instead where that is
 * known. LIMIT: a section is larger than 64 MiB. The caller cleans up, after an error too.
 */
struct kt_err *kt_vmlinux_open(const char *path, struct kt_vmlinux *ret_vmlinux) KT_MUST_CHECK;
void kt_vmlinux_cleanup(struct kt_vmlinux *vmlinux);

/** Called with each symbol that has a name and a place; addresses are without KASLR. */
typedef void (*kt_vmlinux_fn)(void *arg, struct kt_span name, uint64_t address);
void kt_vmlinux_each(const struct kt_vmlinux *vmlinux, kt_vmlinux_fn fn, void *arg);
/** Finds the address of a symbol, without KASLR. */
bool kt_vmlinux_symbol(const struct kt_vmlinux *vmlinux, const char *name, uint64_t *ret_address);

/** Whether ELF notes, of a kernel in memory, have the build id of the file. */
bool kt_vmlinux_has_notes(const struct kt_vmlinux *vmlinux, struct kt_span notes);
/** Whether a build id, as hexadecimal digits, is the file's. */
bool kt_vmlinux_has_id(const struct kt_vmlinux *vmlinux, struct kt_span digits);

#endif
