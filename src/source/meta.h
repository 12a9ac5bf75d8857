// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_META_H
#define KT_SOURCE_META_H

#include "base/buf.h"
#include "model/snapshot.h"

/** Writes the text of ktally/meta for a snapshot. */
void kt_meta_write(const struct kt_snapshot *snap, struct kt_buf *ret_text);
/** Adds the zone of the machine's clock, if it is known: for a text that is of one time. */
void kt_meta_write_zone(const struct kt_snapshot *snap, struct kt_buf *ret_text);

#endif
