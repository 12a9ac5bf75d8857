// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_LIST_CUT_H
#define KT_SOURCE_LIST_CUT_H

#include "base/span.h"
#include "model/snapshot.h"

/**
 * Whether a line says that its list is not whole (KT_LIST_CUT). Notes the reason when the line is
 * the first one, for which `partial` is false, and sets it.
 */
bool kt_list_cut(struct kt_snapshot *snap, struct kt_span line, bool *partial);

#endif
