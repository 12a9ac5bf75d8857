// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_KIND_H
#define KT_IMPORT_KIND_H

#include "base/buf.h"
#include "import/found.h"
#include "import/sink.h"

/** Readers of inputs, a file each; private to src/import. */

struct kt_import_kind {
	const char *name; /* in words: "dated text" */
	/** Whether an input is of this kind, by the beginning of its text. NULL: decided later. */
	bool (*is)(struct kt_span head);
	/** Finds the samples of input `index` and adds them. */
	struct kt_err *(*find)(struct kt_import *import, uint32_t index);
	/** Hands the files of a sample to the sink. */
	struct kt_err *(*read)(struct kt_import *import, const struct kt_import_sample *sample,
		struct kt_sink *sink);
};

extern const struct kt_import_kind kt_import_text, kt_import_sadf, kt_import_sar, kt_import_machine,
	kt_import_log, kt_import_stamped;

void kt_import_log_forget(struct kt_import *import); /* frees what its reader keeps */

/** The text of an input that is read by lines, in bounded memory. Longer lines come cut. */
struct kt_lines {
	int fd;
	struct kt_span text; /* of an input in memory; then there is no `fd` */
	char *data;
	size_t size, at;
	uint64_t offset;   /* of `data` in the file */
	uint64_t line;	   /* of the last line, from 1 */
	uint64_t from, to; /* bytes of the last line in the file, newline included */
	bool skipping;
	int errnum;
};

struct kt_err *kt_lines_open(const struct kt_import_input *input, uint64_t offset,
	struct kt_lines *ret_lines) KT_MUST_CHECK;
bool kt_lines_next(struct kt_lines *lines, struct kt_span *ret_line);
/** Returns the error that ended the lines early; NULL: none. */
struct kt_err *kt_lines_err(const struct kt_lines *lines, const char *path) KT_MUST_CHECK;
void kt_lines_cleanup(struct kt_lines *lines);
/** Reads bytes of a file, up to KT_IMPORT_SAMPLE_MAX. */
struct kt_err *kt_lines_bytes(const struct kt_import_input *input, uint64_t offset, uint64_t size,
	struct kt_buf *ret_text) KT_MUST_CHECK;

/** Hands the files that are in a text to the sink, and counts what is left. */
struct kt_err *kt_import_put_text(struct kt_import *import, const struct kt_import_sample *sample,
	struct kt_span text, struct kt_sink *sink) KT_MUST_CHECK;

/** Takes the name of the host that a line has. REFUSED: another line or input has another host. */
struct kt_err *kt_import_host(struct kt_import *import, struct kt_import_input *input,
	uint64_t line, struct kt_span name) KT_MUST_CHECK;
bool kt_import_same_host(const char *a, const char *b); /* one of them may have its domain */
/** Finds the name of the host in the output of "uname -a" or in a prompt. */
bool kt_import_host_of(struct kt_span line, struct kt_span *ret_name);
/** Notes a word in the first lines of samples that may be the host, when it changes. */
void kt_import_first_line(struct kt_import *import, struct kt_import_input *input, uint64_t line,
	struct kt_span text);

/** Where in a text each time is. */
struct kt_dated {
	uint64_t from, to; /* bytes of its line in the file */
	uint64_t line;
	int64_t ms;
	int64_t uptime_ms; /* of the line; -1: it has none */
	uint64_t extra;	   /* the reader's own */
	uint32_t boot;	   /* restarts before it */
	struct kt_stamp stamp;
};

/** Times of an input, in the order of its text. Free `items`. */
struct kt_dates {
	struct kt_dated *items;
	size_t count, room;
};

/** LIMIT: there are more than KT_IMPORT_SAMPLES_MAX. */
struct kt_err *kt_dates_add(
	struct kt_dates *dates, const char *path, const struct kt_dated *dated) KT_MUST_CHECK;
/** Fills the gaps of all times of an input, and says how. REFUSED: they have two readings. */
struct kt_err *kt_import_settle(struct kt_import *import, struct kt_import_input *input,
	struct kt_dated *dated, size_t count) KT_MUST_CHECK;

/**
 * Writes the metrics of node_exporter in a text as meminfo, vmstat and slabinfo. False: it has
 * none. Memory that ran out is in `failed` of the buffers.
 */
bool kt_exporter_take(struct kt_span text, struct kt_buf *meminfo, struct kt_buf *vmstat,
	struct kt_buf *slabinfo, uint64_t *ret_nr_lines);

#endif
