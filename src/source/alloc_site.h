// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_ALLOC_SITE_H
#define KT_SOURCE_ALLOC_SITE_H

#include "base/arena.h"
#include "base/span.h"
#include "model/records.h"

#include <stdint.h>

/**
 * One line about a call site, as allocation profiling prints it (lib/alloc_tag.c,
 * alloc_tag_to_text(), and mm/show_mem.c with rounded sizes):
 * "BYTES CALLS FILE:LINE [MODULE] func:FUNCTION WORD..."
 */
struct kt_alloc_site {
	int64_t bytes; /* may be below 0 */
	int64_t nr;    /* allocations that were not freed */
	bool rounded;  /* "38.4 MiB" of a memory report, or "39M" of numfmt */
	bool inexact;  /* "accurate:no": allocations are missing in the numbers */
	struct kt_span place, module, function; /* `module` is empty for the kernel itself */
	struct kt_span size;			/* as printed */
};

/** False: the line is about no call site, or its numbers are impossible. */
bool kt_alloc_site(struct kt_span line, struct kt_alloc_site *ret_site);
/** Makes the user of a site; its texts are copied into `arena`. */
struct kt_user kt_alloc_site_user(
	struct kt_arena *arena, enum kt_user_file file, const struct kt_alloc_site *site);

#endif
