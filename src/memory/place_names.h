// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PLACE_NAMES_H
#define KT_MEMORY_PLACE_NAMES_H

#include "kernel/symbol_table.h"
#include "kernel/target.h"

/**
 * Names of what pointers in kernel memory lead to: functions of the kernel and of modules, and
 * structs of the kernel's own data. Objects that one driver made for one purpose share these
 * pointers.
 *
 * A struct of the kernel's data has a name where the kernel shows it (CONFIG_KALLSYMS_ALL);
 * elsewhere the first function that it points to stands for it.
 */
struct kt_place_names;

/** `symbols` must outlive the names. ABSENT: the kernel does not show where its code is. */
struct kt_err *kt_place_names_new(struct kt_target *target, const struct kt_symbol_table *symbols,
	struct kt_place_names **ret_names) KT_MUST_CHECK;
/** NULL is allowed. */
void kt_place_names_free(struct kt_place_names *names);
void kt_place_names_cleanup(struct kt_place_names **names);

/** Name of what is at an address, valid as long as the names; NULL: it has none. */
const char *kt_place_name(struct kt_place_names *names, uint64_t address);
/** Whether memory was short, so that names are missing. */
bool kt_place_names_failed(const struct kt_place_names *names);

#endif
