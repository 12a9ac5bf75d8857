// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_TEXT_CHART_H
#define KT_OUTPUT_TEXT_CHART_H

#include "output/output.h"
#include "report/chart.h"

/** Draws a chart with characters: stacks as areas, lines as braille patterns. */
void kt_text_chart(
	const struct kt_chart *chart, const struct kt_output_opts *opts, struct kt_buf *ret_text);

#endif
