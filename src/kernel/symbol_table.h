// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_SYMBOL_TABLE_H
#define KT_KERNEL_SYMBOL_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/**
 * All symbols of the kernel and its modules by address, about 5 MiB. Only commands that name what
 * is at an address need it; a walk that needs an address by its name uses kernel/symbols.h.
 */
struct kt_symbol {
	uint64_t address;
	uint32_t name;	  /* offset in the table's names */
	uint32_t padding; /* bytes before it that have a symbol of their own, which is left out */
};

struct kt_symbol_table {
	KT_LIST(struct kt_symbol) symbols; /* sorted by kt_symbol_table_end(); from malloc() */
	struct kt_buf names;		   /* each ends with a NUL; "name [module]" for a module */
	uint64_t padding;		   /* address of padding that was added last; 0: none */
	bool failed;			   /* memory ran out */
};

/** Takes lines of /proc/kallsyms, in pieces that end with a whole line. */
void kt_symbol_table_take(struct kt_symbol_table *table, struct kt_span lines);
/** Adds one symbol; `module`: with brackets, or empty. Symbols without an address are left out. */
void kt_symbol_table_add(struct kt_symbol_table *table, uint64_t address, struct kt_span name,
	struct kt_span module);
/** Sorts the symbols. NOMEM, or ABSENT: there is no symbol with an address. */
struct kt_err *kt_symbol_table_end(struct kt_symbol_table *table) KT_MUST_CHECK;
/** Returns the last symbol at or before an address; NULL: there is none. */
const struct kt_symbol *kt_symbol_table_find(const struct kt_symbol_table *table, uint64_t address);
const char *kt_symbol_name(const struct kt_symbol_table *table, const struct kt_symbol *symbol);
void kt_symbol_table_fini(struct kt_symbol_table *table);
void kt_symbol_table_cleanup(struct kt_symbol_table *table);

#endif
