// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kt_output *const kt_outputs[] = {
#define OUTPUT(file, name) &kt_output_##name,
#include "output/outputs.def"
#undef OUTPUT
};

const size_t kt_nr_outputs = KT_LEN(kt_outputs);

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
