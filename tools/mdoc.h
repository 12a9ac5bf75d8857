// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOOLS_MDOC_H
#define KT_TOOLS_MDOC_H

#include "base/buf.h"

/** Appends prose as whole lines. Commands in 'quotes' are set in bold. */
void mdoc_text(struct kt_buf *buf, const char *text);
/** Appends prose of a table, "which caches grow", as a sentence that ends with `end`. */
void mdoc_sentence(struct kt_buf *buf, const char *phrase, char end);
/** Appends words as arguments of the macro that the last line began with. */
void mdoc_args(struct kt_buf *buf, const char *text);
/** Appends a command line to be copied. */
void mdoc_literal(struct kt_buf *buf, const char *line);

#endif
