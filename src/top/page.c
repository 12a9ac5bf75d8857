// SPDX-License-Identifier: GPL-2.0-or-later
//
// Shows the text output of other commands, so that top explains a row in the same words. The text
// is kept once and scanned from its start for each drawing, so no index of lines is needed.

#include "top/page.h"

#include <stdio.h>
#include <string.h>

void kt_page_cleanup(struct kt_page *page)
{
	kt_buf_cleanup(&page->text);
	*page = (struct kt_page){ 0 };
}

void kt_page_begin(struct kt_page *page, const char *title)
{
	page->text.size = 0;
	page->nr_lines = page->first = 0;
	snprintf(page->title, sizeof(page->title), "%s", title);
}

void kt_page_add(struct kt_page *page, const struct kt_report *report, bool unicode, int width)
{
	struct kt_output_opts opts = { .color = true, .unicode = unicode, .width = width };

	kt_output_text.render(report, &opts, &page->text);
}

void kt_page_end(struct kt_page *page)
{
	kt_buf_add(&page->text, "", 1); /* terminating NUL */
	page->nr_lines = 0;
	for (size_t i = 0; i < page->text.size; i++)
		page->nr_lines += page->text.data[i] == '\n';
}

/*
 * Reads a code of the text output: "ESC [ N m". Understands only the codes of ktally's own text
 * output; all others are skipped and mean plain.
 */
static enum kt_style take_code(const char **text)
{
	const char *p = *text + 1;
	int number = 0;

	if (*p == '[')
		p++;
	for (; *p >= '0' && *p <= '9'; p++)
		number = (number * 10 + (*p - '0')) % 1000;
	while (*p && *p != 'm' && *p != '\n')
		p++;
	*text = *p == 'm' ? p + 1 : p;
	return number == 1    ? KT_STYLE_BOLD
	       : number == 2  ? KT_STYLE_DIM
	       : number == 36 ? KT_STYLE_BAR
			      : KT_STYLE_PLAIN;
}

/* Draws one line; returns the start of the next. */
static const char *draw_line(struct kt_screen *screen, int y, const char *text)
{
	enum kt_style style = KT_STYLE_PLAIN;
	int x = 0;

	while (*text && *text != '\n') {
		uint32_t code;

		if (*text == '\033') {
			style = take_code(&text);
			continue;
		}
		code = kt_char_take(&text);
		kt_screen_put_char(screen, y, x, style, code);
		x += kt_char_columns(code);
	}
	return *text ? text + 1 : text;
}

/* Limits `first` here and not at the key, because the number of rows is only known when drawing. */
void kt_page_draw(struct kt_page *page, struct kt_screen *screen, int y, int room)
{
	size_t last = page->nr_lines > (size_t)room ? page->nr_lines - (size_t)room : 0;
	const char *text = page->text.data;

	page->first = page->first > last ? last : page->first;
	if (!text || page->text.failed)
		return;
	for (size_t i = 0; i < page->first && *text; i++)
		text += strcspn(text, "\n") + 1;
	for (int i = 0; i < room && *text; i++)
		text = draw_line(screen, y + i, text);
}
