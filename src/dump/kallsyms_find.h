// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_KALLSYMS_FIND_H
#define KT_DUMP_KALLSYMS_FIND_H

#include "dump/kallsyms.h"

/**
 * Finds the kernel's tables of symbols in its image, for kernels that do not say where they are:
 * VMCOREINFO has the addresses since 6.0 (f09bddbd8661). The table of tokens is recognised by its
 * contents; names, and the list of markers between the two, follow from it and from each other.
 *
 * The caller sets `target`. `from`: an address of the kernel's code, before the tables. `stext`:
 * the known address of _stext, which decides where the addresses are. PARSE: there are none.
 */
struct kt_err *kt_kallsyms_find(
	struct kt_kallsyms *kallsyms, uint64_t from, uint64_t stext) KT_MUST_CHECK;

#endif
