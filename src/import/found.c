// SPDX-License-Identifier: GPL-2.0-or-later
#include "import/found.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX   64u
#define EXAMPLE_MAX 120 /* bytes of a line that is shown */

struct kt_err *kt_import_add(struct kt_import *import, const struct kt_import_sample *sample)
{
	if (import->nr_samples == KT_IMPORT_SAMPLES_MAX)
		return kt_err_new(KT_ERR_LIMIT, "more than %u samples", KT_IMPORT_SAMPLES_MAX);
	if (import->nr_samples == import->samples_room) {
		size_t room = import->samples_room ? import->samples_room * 2 : 64;
		void *grown = realloc(import->samples, room * sizeof(*import->samples));

		if (!grown)
			return kt_err_new(KT_ERR_NOMEM, "out of memory");
		import->samples = grown;
		import->samples_room = room;
	}
	import->samples[import->nr_samples++] = *sample;
	return NULL;
}

/* A note is said once, for the first of the files that it is true of. */
static const char *after_path(const char *note)
{
	const char *colon = strstr(note, ": ");

	return colon ? colon : note;
}

void kt_import_note(struct kt_import *import, const char *fmt, ...)
{
	char text[1024];
	const char **slot;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (size_t i = 0; i < import->notes.count; i++) {
		if (strcmp(after_path(import->notes.items[i]), after_path(text)) == 0)
			return;
	}
	slot = import->notes.count < NOTES_MAX ? kt_list_push(&import->arena, &import->notes)
					       : NULL;
	if (slot)
		*slot = kt_arena_name(&import->arena, kt_span_str(text));
}

void kt_import_undated(struct kt_import_input *input, uint64_t line)
{
	if (!input->nr_undated++)
		input->undated_line = line;
}

void kt_import_unread(
	struct kt_import *import, struct kt_import_input *input, uint64_t line, struct kt_span text)
{
	input->nr_unread++;
	if (input->nr_examples == KT_IMPORT_EXAMPLES)
		return;
	if (text.n > EXAMPLE_MAX)
		text.n = EXAMPLE_MAX;
	input->unread[input->nr_examples++] =
		(struct kt_import_line){ line, kt_arena_name(&import->arena, text) };
}
