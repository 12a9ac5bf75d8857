// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file of any kind becomes a recording, or is refused; the recording can be read.

#include "fuzz_record.h"

#include "history/history.h"
#include "import/import.h"

#include <unistd.h>

static struct kt_err *count_sample(void *arg, struct kt_cursor *cursor, int64_t real_ms)
{
	(void)cursor, (void)real_ms;
	++*(uint64_t *)arg;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char folder[] = "/tmp/ktally-fuzz-XXXXXX", in[64], out[64];
	const char *inputs[] = { in };
	struct kt_import import = { .opts = { .force = true } };
	struct kt_history history = { 0 };
	struct kt_err *err;
	uint64_t count = 0;
	FILE *file;

	if (!*in) {
		if (!mkdtemp(folder))
			abort();
		snprintf(in, sizeof(in), "%s/in", folder);
		snprintf(out, sizeof(out), "%s/out", folder);
	}
	file = fopen(in, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
	err = kt_import_run(&import, inputs, 1, out);
	if (!err) {
		err = kt_history_open(out, &history);
		fuzz_must(!err, "an import that is no recording");
		err = kt_history_walk(&history, 0, count_sample, &count);
		fuzz_must(!err && count == import.nr_written, "an import with other samples");
		kt_history_cleanup(&history);
	} else
		fuzz_must(kt_err_code(err) != KT_ERR_NOMEM, "an import that needs much memory");
	kt_err_free(err);
	kt_import_fini(&import);
	unlink(out);
	return 0;
}
