// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PICTURE_PAGE_MAP_H
#define KT_OUTPUT_PICTURE_PAGE_MAP_H

#include "model/snapshot.h"
#include "output/picture/canvas.h"

/**
 * Draws physical memory as a picture: System RAM in address order along a curve, one pixel per run
 * of pages in the blend of their colours, and a legend. The snapshot must have a census with a map.
 */
struct kt_err *kt_page_map_draw(
	const struct kt_snapshot *snap, struct kt_canvas *ret_canvas) KT_MUST_CHECK;
/** Draws the same as SVG: the map is a raster in it, and text is text. Sizes are in pixels. */
struct kt_err *kt_page_map_svg(const struct kt_snapshot *snap, int *ret_width, int *ret_height,
	struct kt_buf *ret_svg) KT_MUST_CHECK;

#endif
