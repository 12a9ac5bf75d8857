// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_PAGE_H
#define KT_TOP_PAGE_H

#include "output/output.h"
#include "top/screen.h"

/** Text to read, longer than the screen: help, what a row is, a cache and its picture. */
struct kt_page {
	char title[128];
	struct kt_buf text; /* as the text output makes it, with its codes for bold and dim */
	size_t nr_lines, first;
};

void kt_page_cleanup(struct kt_page *page);
/** Empties it. */
void kt_page_begin(struct kt_page *page, const char *title);
/** Appends a report, as text that wide. */
void kt_page_add(struct kt_page *page, const struct kt_report *report, bool unicode, int width);
/** Counts the lines; to be called when all is in it. */
void kt_page_end(struct kt_page *page);
/** Draws it from row `y` on, `room` rows of it. */
void kt_page_draw(struct kt_page *page, struct kt_screen *screen, int y, int room);

#endif
