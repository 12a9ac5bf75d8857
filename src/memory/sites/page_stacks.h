// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SITES_PAGE_STACKS_H
#define KT_MEMORY_SITES_PAGE_STACKS_H

#include "base/buf.h"
#include "memory/kernel/code_names.h"

/**
 * Writes the pages of each stack that allocated them in the form of page_owner_stacks/show_stacks,
 * from the list that page_owner has of its stacks. ABSENT: the kernel has no such list, or
 * page_owner was off. PARSE: the list is damaged.
 */
struct kt_err *kt_file_page_stacks(struct kt_target *target, const struct kt_code_names *names,
	struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
