// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_TABLES_H
#define KT_DUMP_TABLES_H

#include "dump/translation.h"

/**
 * Checks of a kernel's page tables (x86-64), for files whose places of memory are a guess: a wrong
 * guess reads other pages as tables, and those do not hold together.
 */
struct kt_tables {
	/* the direct map: each page of it is mapped to its own place */
	uint64_t end;	/* physical address after its last page */
	uint64_t after; /* mapped bytes from the end of the file on */
	bool is_whole;	/* false: a table is unreadable, empty or maps other pages */
	bool is_cut;	/* the only tables that are unreadable are after the end of the file */
	/* tables from address `high` on: that lead to memory only, and that do not */
	uint32_t nr_good, nr_bad;
};

/** `high`, `file_end`: physical addresses. `budget`: entries that may be looked at; taken down. */
void kt_tables_check(const struct kt_translation *translation, uint64_t direct, uint64_t high,
	uint64_t file_end, uint32_t *budget, struct kt_tables *ret_tables);

#endif
