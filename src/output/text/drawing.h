// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_TEXT_DRAWING_H
#define KT_OUTPUT_TEXT_DRAWING_H

#include "output/output.h"
#include "report/drawing.h"

/** Draws slabs with characters, to scale, in 80 columns. */
void kt_text_drawing(const struct kt_drawing *drawing, const struct kt_output_opts *opts,
	struct kt_buf *ret_text);

#endif
