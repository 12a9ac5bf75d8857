// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_PARSE_H
#define KT_TEST_PARSE_H

#include "source/source.h"

/** Runs the parser of a source over a text, also of one that takes files in pieces only. */
static inline struct kt_err *parse_text(
	struct kt_snapshot *snap, const struct kt_source *source, const struct kt_text *text)
{
	KT_CLEANUP(stream) struct kt_stream *stream = NULL;
	struct kt_err *err;

	if (source->parse)
		return source->parse(snap, text);
	err = kt_stream_of_span(kt_text_span(text), text->path, &stream);
	return err ? err : source->take(snap, text->path, stream);
}

#endif
