// SPDX-License-Identifier: GPL-2.0-or-later
//
// The same as JSON, each report on a line of its own: for repetition, and for tools that read
// lines.

#include "output/output.h"

/*
 * Appends JSON without its line breaks and indentation. In texts line breaks are escaped, so each
 * one is between two values.
 */
static void put_on_one_line(struct kt_buf *buf, const struct kt_buf *json)
{
	size_t from = 0;

	for (size_t at = 0; at < json->size; at++) {
		if (json->data[at] != '\n')
			continue;
		kt_buf_add(buf, json->data + from, at - from);
		/* one blank of the indentation stays where a blank is usual */
		while (at + 1 < json->size && json->data[at + 1] == ' ')
			at++;
		from = at && buf->size && buf->data[buf->size - 1] == ',' ? at : at + 1;
	}
	if (json->size)
		kt_buf_add(buf, json->data + from, json->size - from);
	kt_buf_puts(buf, "\n");
	buf->failed |= json->failed;
}

static void render(
	const struct kt_report *report, const struct kt_output_opts *opts, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf json = { 0 };
	struct kt_output_opts whole = *opts;

	whole.sink = NULL;
	kt_output_json.render(report, &whole, &json);
	put_on_one_line(ret_text, &json);
}

const struct kt_output kt_output_jsonl = {
	.name = "jsonl",
	.summary = "JSON Lines: as json, each report on one line, for -i and export",
	.notes = true,
	.render = render,
};
