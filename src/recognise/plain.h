// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECOGNISE_PLAIN_H
#define KT_RECOGNISE_PLAIN_H

#include "base/buf.h"
#include "base/span.h"

/**
 * Undoes what mailers, terminals and web pages do to a text, so that its lines look as the kernel
 * printed them.
 */

/** Disguises that were undone, as bits. */
enum kt_mend {
	KT_MEND_UTF16 = 1u << 0,
	KT_MEND_BOM = 1u << 1,
	KT_MEND_CRLF = 1u << 2,
	KT_MEND_QUOTE = 1u << 3,  /* "> ", ">> ", "| " */
	KT_MEND_INDENT = 1u << 4, /* blanks or a line number before the line */
	KT_MEND_COLOUR = 1u << 5, /* escape sequences of a terminal */
	KT_MEND_HTML = 1u << 6,	  /* tags and entities */
	KT_MEND_BLANKS = 1u << 7, /* no-break and other foreign blanks */
	KT_MEND_GREP = 1u << 8,	  /* a path and a colon before each line */
	KT_MEND_WRAP = 1u << 9,	  /* one line had become several */
	KT_MEND_JOIN = 1u << 10,  /* several lines had become one */
	KT_MEND_UNIT = 1u << 11,  /* "kB" was missing in all lines */
};

/** Returns true if the text begins as UTF-16 does, with a byte order mark or without. */
bool kt_plain_is_utf16(struct kt_span head);
/** Appends UTF-16 text as UTF-8. What is no character becomes '?'. */
void kt_plain_utf16(struct kt_span text, struct kt_buf *ret_text);
/**
 * Returns a line without its disguise, which points into `line` or into `scratch`. It has newlines
 * in it where HTML has line breaks. What was undone is added to `ret_mends`.
 */
struct kt_span kt_plain_line(struct kt_span line, struct kt_buf *scratch, unsigned *ret_mends);
/** Removes quotes, indentation, line numbers and paths before a line. */
struct kt_span kt_plain_unquote(struct kt_span line, unsigned *ret_mends);
/** Lists in words what was undone, such as "quotes, line breaks". */
void kt_plain_words(unsigned mends, struct kt_buf *ret_text);

#endif
