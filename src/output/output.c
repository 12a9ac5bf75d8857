// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/output.h"

#include "base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kt_output *const kt_outputs[] = {
#define OUTPUT(file, name) &kt_output_##name,
#include "output/outputs.def"
#undef OUTPUT
};

const size_t kt_nr_outputs = KT_LEN(kt_outputs);

void kt_output_escape(struct kt_buf *buf, const char *text, size_t most)
{
	KT_CLEANUP(buf) struct kt_buf clean = { 0 };

	kt_buf_printable(&clean, kt_span_str(text), 0);
	buf->failed |= clean.failed;
	for (size_t i = 0; i < clean.size; i++) {
		/* a letter of several bytes is not cut */
		if (i >= most && (clean.data[i] & 0xc0) != 0x80)
			break;
		switch (clean.data[i]) {
		case '<': kt_buf_puts(buf, "&lt;"); break;
		case '>': kt_buf_puts(buf, "&gt;"); break;
		case '&': kt_buf_puts(buf, "&amp;"); break;
		case '"': kt_buf_puts(buf, "&quot;"); break;
		default: kt_buf_add(buf, clean.data + i, 1);
		}
	}
}

void kt_output_fed(const struct kt_table *table, const struct kt_output_opts *opts,
	kt_row_visit visit, void *arg, struct kt_buf *text)
{
	struct kt_err *err;

	if (!table->feed.each || text->failed || (opts->sink && opts->sink->err))
		return;
	err = table->feed.each(table->feed.arg, visit, arg);
	if (opts->sink) {
		opts->sink->err = err;
	} else {
		text->failed |= err != NULL;
		kt_err_free(err);
	}
}

struct kt_err *kt_output_drain(const struct kt_output_opts *opts, struct kt_buf *text)
{
	struct kt_err *err;

	if (text->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!opts->sink || text->size < KT_SINK_BYTES)
		return NULL;
	err = opts->sink->write(text->data, text->size);
	text->size = 0;
	return err;
}

const struct kt_output *kt_output_find(const char *name)
{
	for (size_t i = 0; i < kt_nr_outputs; i++) {
		if (strcmp(kt_outputs[i]->name, name) == 0)
			return kt_outputs[i];
	}
	return NULL;
}
