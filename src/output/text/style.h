// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_TEXT_STYLE_H
#define KT_OUTPUT_TEXT_STYLE_H

#include "base/buf.h"

/** Style of texts for terminals: colours, and lines that fit. */

#define KT_TEXT_BOLD   "\033[1m"
#define KT_TEXT_DIM    "\033[2m"
#define KT_TEXT_RED    "\033[1;31m"
#define KT_TEXT_YELLOW "\033[33m"
#define KT_TEXT_CYAN   "\033[36m"
#define KT_TEXT_PLAIN  "\033[0m"

/**
 * Appends a text without control characters, wrapped at blanks; each further line begins with
 * `indent` blanks, and the first one is there already. `width`: columns of the terminal.
 */
void kt_text_wrapped(struct kt_buf *buf, const char *text, int indent, int width);

#endif
