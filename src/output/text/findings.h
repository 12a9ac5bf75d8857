// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_TEXT_FINDINGS_H
#define KT_OUTPUT_TEXT_FINDINGS_H

#include "output/output.h"

/** Appends the findings of a report, gravest first as they are: a paragraph each. */
void kt_text_findings(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text);

/** Appends them as notes, a line each. */
void kt_text_findings_brief(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text);

#endif
