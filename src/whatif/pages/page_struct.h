// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_WHATIF_PAGE_STRUCT_H
#define KT_WHATIF_PAGE_STRUCT_H

#include "model/snapshot.h"

/** The size of a struct page, by the counter of struct pages made at boot. */
struct kt_page_struct {
	int64_t bytes;	  /* KT_UNKNOWN: not known */
	int64_t nr_pages; /* struct pages */
	int64_t map_bytes;
	const char *from, *why; /* `why`: it is not known */
};

struct kt_page_struct kt_page_struct_of(const struct kt_snapshot *snap);

#endif
