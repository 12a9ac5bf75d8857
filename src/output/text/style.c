// SPDX-License-Identifier: GPL-2.0-or-later

#include "output/text/style.h"

#include "base/printable.h"

#include <string.h>

/* Bytes of the next unbreakable piece of `text`: a word, or a part of a long path. */
static size_t next_piece(const char *text, int room)
{
	size_t n = strcspn(text, " "), step;

	if ((int)n <= room)
		return n;
	step = strcspn(text, "/ ");
	return step < n ? step + 1 : n;
}

void kt_text_wrapped(struct kt_buf *buf, const char *text, int indent, int width)
{
	bool glued = true;
	int at = indent;

	while (*text) {
		size_t n = next_piece(text, width - indent);
		int w = 0;

		for (size_t i = 0; i < n; i++)
			w += (text[i] & 0xc0) != 0x80;
		if (at > indent && at + !glued + w > width) {
			kt_buf_puts(buf, "\n");
			kt_buf_repeat(buf, " ", (size_t)indent);
			at = indent;
		} else if (at > indent && !glued) {
			kt_buf_puts(buf, " ");
			at++;
		}
		kt_buf_printable(buf, (struct kt_span){ text, n }, 0);
		at += w;
		text += n;
		glued = *text != ' ';
		text += strspn(text, " ");
	}
}
