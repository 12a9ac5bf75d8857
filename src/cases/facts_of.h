// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_FACTS_OF_H
#define KT_CASES_FACTS_OF_H

#include "account/account.h"
#include "cases/facts.h"

/**
 * Makes facts of what was read of a machine. `account` may be NULL: rows are unknown then. The
 * facts need neither afterwards. False: out of memory.
 */
bool kt_facts_of(const struct kt_snapshot *snap, const struct kt_account *account,
	struct kt_facts *ret_facts);

/**
 * Size of a kmalloc cache, "1024" for kmalloc-1k, kmalloc-cg-1k, kmalloc-rnd-07-1k and
 * size-1024(DMA), as facts name it; NULL: another cache, or out of memory.
 */
const char *kt_facts_kmalloc_size(const char *cache, struct kt_arena *arena);

#endif
