// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PAGE_MAP_H
#define KT_OUTPUT_PAGE_MAP_H

#include "model/snapshot.h"
#include "output/canvas.h"

/**
 * Physical memory as a picture: System RAM in the order of its addresses along a curve, a
 * dot for a run of pages in the blend of their colours, and a legend. The snapshot has a
 * census with a map.
 */
struct kt_err *kt_page_map_draw(
	const struct kt_snapshot *snap, struct kt_canvas *ret_canvas) KT_MUST_CHECK;

#endif
