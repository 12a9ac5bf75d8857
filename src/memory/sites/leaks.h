// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_SITES_LEAKS_H
#define KT_MEMORY_SITES_LEAKS_H

#include "base/buf.h"
#include "memory/kernel/code_names.h"

/**
 * Writes the objects to which kmemleak's last scan found no pointer in the form of its file,
 * without their contents. The text is empty if there are none. ABSENT: the kernel has no kmemleak,
 * or did not scan. PARSE: its list of objects is damaged.
 */
struct kt_err *kt_file_leaks(struct kt_target *target, const struct kt_code_names *names,
	struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
