// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TARGET_DUMP_H
#define KT_TARGET_DUMP_H

#include "kernel/symbol_table.h"
#include "kernel/target.h"
#include "target/given.h"

/**
 * Opens a dump of a machine's memory as a target: a file, or the files of a split dump. The dump
 * describes itself: symbols and types are read from its memory. `given`: files for a dump that
 * lacks them; NULL: none. PARSE: no such dump, or the kernel in it is not found; the error says
 * what is missing.
 */
struct kt_err *kt_target_dump(const int *files, size_t nr_files,
	const struct kt_target_given *given, struct kt_target **ret_target) KT_MUST_CHECK;
/** Reads all symbols of a target that kt_target_dump() opened. The caller cleans up. */
struct kt_err *kt_target_dump_symbol_table(
	struct kt_target *target, struct kt_symbol_table *ret_table) KT_MUST_CHECK;
/** The release of the dumped kernel, such as "6.12.5"; not terminated. */
struct kt_span kt_target_dump_release(const struct kt_target *target);
/** Finds a number in the kernel's VMCOREINFO, "NUMBER(name)"; false: there is none. */
bool kt_target_dump_number(const struct kt_target *target, const char *name, uint64_t *ret_value);
/** Nodes of memory that the kernel has places for, by VMCOREINFO; 0: it does not say. */
uint32_t kt_target_dump_nodes(struct kt_target *target);
/** Whether a filter left out any memory. */
bool kt_target_dump_is_filtered(const struct kt_target *target);
/** Whether the filter left out the page at a physical address. */
bool kt_target_dump_left_out(const struct kt_target *target, uint64_t physical);
/** Has the note say that the filter left out pages which the kernel uses. */
void kt_target_dump_blame_filter(struct kt_target *target);
/** Describes damage of the file to the user; empty: none. */
void kt_target_dump_note(const struct kt_target *target, struct kt_buf *ret_note);
/** Whether the header of the dump has all ranges of the machine's memory. */
bool kt_target_dump_has_ranges(const struct kt_target *target);
/** Called with each range of the machine's memory, by the dump: its first address and its size. */
typedef void (*kt_target_dump_range)(void *arg, uint64_t first, uint64_t bytes);
void kt_target_dump_ranges(const struct kt_target *target, kt_target_dump_range fn, void *arg);

#endif
