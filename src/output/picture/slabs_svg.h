// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PICTURE_SLABS_SVG_H
#define KT_OUTPUT_PICTURE_SLABS_SVG_H

#include "output/output.h"
#include "report/drawing.h"

/** Draws slabs to scale as an SVG picture. */
void kt_slabs_svg(const struct kt_drawing *drawing, const char *headline, struct kt_buf *ret_text);

#endif
