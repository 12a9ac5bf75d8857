// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_PRINTABLE_H
#define KT_BASE_PRINTABLE_H

#include "base/buf.h"
#include "base/span.h"

/**
 * Defines which characters may reach a terminal, a log or a page: valid UTF-8 without control
 * characters (C0, DEL, C1), and without characters that reorder their neighbours (bidi), have no
 * width, or separate lines. Names of files, caches, processes and cgroups are untrusted: each such
 * character lets a name control the terminal or look like another name.
 */
bool kt_printable(uint32_t code);

#define KT_CODE_BAD UINT32_MAX
/** Takes one code point from the front; an invalid byte is KT_CODE_BAD and one byte. */
uint32_t kt_utf8_take(struct kt_span *rest);

enum kt_printable_flags {
	KT_PRINTABLE_LINES = 1u << 0,  /* lets newlines, tabs, and CR before a newline through */
	KT_PRINTABLE_COLORS = 1u << 1, /* lets "select graphic rendition" through: ESC [ 1 ; 2 m */
	KT_PRINTABLE_ASCII = 1u << 2,  /* the terminal supports only ASCII */
};

/** Bytes at the front of `text` that are printable unchanged. */
size_t kt_printable_front(struct kt_span text, unsigned flags);
/** Appends `text` with one '?' for each unprintable character or invalid byte. */
void kt_buf_printable(struct kt_buf *buf, struct kt_span text, unsigned flags);
/** Appends `text` as a JSON string; unprintable characters are escaped, so nothing is lost. */
void kt_buf_json(struct kt_buf *buf, const char *text);

#endif
