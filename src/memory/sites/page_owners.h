// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SITES_PAGE_OWNERS_H
#define KT_MEMORY_SITES_PAGE_OWNERS_H

#include "base/buf.h"
#include "memory/kernel/code_names.h"
#include "memory/memmap.h"

/** Where the pages are whose owners are read. */
struct kt_page_owners_opts {
	const struct kt_pfn_range *ranges; /* of RAM */
	size_t nr_ranges;
	uint32_t section_bits; /* a section of memory has 2^section_bits bytes */
};

/**
 * Writes the pages of each stack that allocated them, as page_owner_sort does of page_owner: from
 * what page_owner keeps of each page, for kernels without its list of stacks. ABSENT: the kernel
 * has no page_owner, or it was off. PARSE: what it keeps cannot be read.
 */
struct kt_err *kt_file_page_owners(struct kt_target *target, const struct kt_page_owners_opts *opts,
	const struct kt_code_names *names, struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
