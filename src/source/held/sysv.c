// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads /proc/sysvipc/shm: System V shared memory of the reader's IPC namespace. Its pages are
// shared memory without a file. The column rss has the bytes that are in memory (ipc/shm.c:
// sysvipc_shm_proc_show).

#include "source/source.h"

#define COLUMNS_MAX 32

/* Returns the column of a word in the header; -1: none. */
static int column_of(struct kt_span header, const char *name)
{
	struct kt_span word;

	for (int i = 0; i < COLUMNS_MAX && kt_span_word(&header, &word); i++) {
		if (kt_span_eq(word, name))
			return i;
	}
	return -1;
}

static bool take_column(struct kt_span line, int column, int64_t *ret)
{
	struct kt_span word = { 0 };

	for (int i = 0; i <= column; i++) {
		if (!kt_span_word(&line, &word))
			return false;
	}
	return kt_span_i64(word, ret) && *ret >= 0 && *ret <= KT_AMOUNT_MAX;
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_span rest = kt_text_span(text), line;
	int64_t sum = 0, bytes;
	int column;

	column = kt_span_line(&rest, &line) ? column_of(line, "rss") : -1;
	if (column < 0)
		return kt_err_new(KT_ERR_PARSE, "%s: has no column rss", text->path);
	while (kt_span_line(&rest, &line)) {
		if (!take_column(line, column, &bytes) || bytes > KT_AMOUNT_MAX - sum)
			return kt_err_new(KT_ERR_PARSE, "%s: no size in a line", text->path);
		sum += bytes;
	}
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_SYSV_SHARED,
				      .node = KT_NO_NODE,
				      .unit = KT_BYTES,
				      .quality = KT_LOWER_BOUND,
				      .raw = sum,
				      .path = text->path,
				      .field = "rss" });
	return NULL;
}

const struct kt_source kt_source_sysv = {
	.name = "sysv",
	.summary = "System V shared memory",
	.paths = { "proc/sysvipc/shm" },
	.cost = KT_COST_CHEAP,
	.extra = true,
	.lack = "shared memory is not split into segments and other memory",
	.gives = "a mounted /proc and CONFIG_SYSVIPC",
	.parse = parse,
};
