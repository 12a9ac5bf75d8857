// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_MEMREPORT_TRACE_H
#define KT_SOURCE_MEMREPORT_TRACE_H

#include "source/memreport/detail.h"

/**
 * Takes the lines between a request and its report: kernel release, hardware, the process, and
 * of a failed vmalloc (`of_vmalloc`), the first function of the call trace outside the allocator.
 * False: another line.
 */
bool kt_memreport_trace(struct kt_memreport_detail *detail, struct kt_arena *arena,
	struct kt_span message, bool of_vmalloc);

#endif
