// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_PAGE_SIZE_H
#define KT_MODEL_PAGE_SIZE_H

#include "model/snapshot.h"

/**
 * Sets snap->host.page_bytes from quantities that meminfo has in kB and vmstat or zoneinfo in
 * pages, and from how many objects the slabs of the caches hold, if at least two agree. Does
 * nothing if the page size is known.
 */
void kt_page_size_infer(struct kt_snapshot *snap);

#endif
