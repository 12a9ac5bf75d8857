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

#endif
