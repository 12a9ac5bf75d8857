// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_KERNEL_MODULES_H
#define KT_MEMORY_KERNEL_MODULES_H

#include "base/buf.h"
#include "kernel/symbol_table.h"
#include "kernel/target.h"

/**
 * Writes the loaded modules in the form of /proc/modules. A text that is not whole ends with
 * KT_LIST_CUT. ABSENT: the kernel does not name its list. PARSE: no module is found.
 */
struct kt_err *kt_file_modules(struct kt_target *target, struct kt_buf *ret_text) KT_MUST_CHECK;

/**
 * Adds the symbols of all modules, each with the name of its module. Symbols that cannot be read
 * are left out. Same errors; symbols before one are kept. kt_symbol_table_end() must follow.
 */
struct kt_err *kt_module_symbols(
	struct kt_target *target, struct kt_symbol_table *table) KT_MUST_CHECK;

/** Finds the struct of the module that has an address in its image; false: none has. */
bool kt_module_at(struct kt_target *target, uint64_t address, uint64_t *ret_module);

#endif
