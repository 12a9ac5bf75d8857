// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_PAGE_H
#define KT_TOP_PAGE_H

#include "output/output.h"
#include "top/screen.h"

/** Text longer than the screen: help, an explanation of a row, a cache and its picture. */
struct kt_page {
	char title[128];
	struct kt_buf text; /* text output, with its codes for bold and dim */
	size_t nr_lines, first;
};

void kt_page_cleanup(struct kt_page *page);
/** Empties the page. */
void kt_page_begin(struct kt_page *page, const char *title);
/** Appends a report as text of `width` columns. */
void kt_page_add(struct kt_page *page, const struct kt_report *report, bool unicode, int width);
/** Counts the lines; call it after the last kt_page_add(). */
void kt_page_end(struct kt_page *page);
/** Draws `room` rows of the page from row `y`. */
void kt_page_draw(struct kt_page *page, struct kt_screen *screen, int y, int room);

#endif
