// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_HELD_HELD_LIST_H
#define KT_SOURCE_HELD_HELD_LIST_H

#include "base/buf.h"
#include "model/snapshot.h"
#include "root/root.h"

/**
 * Path of the list of pages that processes hold; captures keep it in place of the files of all
 * processes.
 */
#define KT_HELD_LIST "ktally/held"

void kt_held_list_write(const struct kt_snapshot *snap, struct kt_buf *ret_text);
struct kt_err *kt_held_list_parse(
	struct kt_snapshot *snap, const struct kt_text *text) KT_MUST_CHECK;
/** Copies the list without names of programs. */
void kt_held_list_scrub(const struct kt_text *text, struct kt_buf *ret_text);

#endif
