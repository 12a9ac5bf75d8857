// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CASES_FILL_H
#define KT_CASES_FILL_H

#include "base/buf.h"
#include "cases/expr.h"

/**
 * Sentences with places for figures: "{dentries_negative} of {dentries} dentries". A place has an
 * expression, whose value is written in its unit. {$} is the thing that the case is tried on, and
 * {@hypervisor} a name among the facts.
 */

struct kt_fill_part;

struct kt_fill {
	const struct kt_fill_part *parts; /* NULL: no text */
	size_t count;
	const char *text; /* as in the file of its case; may be NULL */
};

#define KT_FILL_PARTS_MAX 64u
#define KT_FILL_MAX	  1024u /* bytes of a filled text */

struct kt_err *kt_fill_parse(
	struct kt_arena *arena, struct kt_span text, struct kt_fill *ret_fill) KT_MUST_CHECK;
/** Fills in a text, in `arena`. NULL: there is no text, or one of its figures is not known. */
const char *kt_fill_text(const struct kt_fill *fill, const struct kt_facts *facts,
	const char *thing, struct kt_arena *arena);
/** Writes a value in its unit: "1.4 GiB", "12,345", "34 %". */
void kt_fill_value(struct kt_buf *buf, struct kt_expr_value value);

#endif
