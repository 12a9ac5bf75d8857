// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_TOOLS_TOOL_H
#define KT_SOURCE_TOOLS_TOOL_H

#include "base/err.h"
#include "model/snapshot.h"
#include "source/tools/amount.h"

/**
 * Readers of what tools print: they put the kernel's counters in it into the snapshot. A number
 * that a tool computes, such as "used", is no counter and is not read.
 */

/** One output of a tool. */
struct kt_reading {
	struct kt_snapshot *snap;
	const char *tool; /* title, "vmstat -s" */
	struct kt_span text;
	const char *options; /* of its command line, where the name of the file has them; or NULL */
	bool cut;	     /* the text ends inside a line */
	int64_t error_bytes; /* largest error of a number that was put; 0: all are exact */
};

/** Whether a total that the tool printed is of the machine that other files are of. */
struct kt_err *kt_tool_total(struct kt_reading *reading, struct kt_amount total) KT_MUST_CHECK;
/** Puts a counter; `field` is its name in the output and must live as long as the snapshot. */
void kt_tool_put(struct kt_reading *reading, enum kt_metric metric, int node,
	struct kt_amount amount, const char *field);
/**
 * Says why page cache, buffers and reclaimable slab are not known each: the tool has only their
 * sum, named `field`.
 */
void kt_tool_sum(struct kt_reading *reading, struct kt_amount sum, const char *field, bool buffers);
/** An error that names the tool. */
struct kt_err *kt_tool_err(const struct kt_reading *reading, const char *fmt, ...) KT_PRINTF(2, 3);

/** One line of a list of slab caches, for checks that are the same for all of them. */
struct kt_tool_caches {
	int64_t nr_bad, bytes;
};

/**
 * Whether objects of a size between `low` and `high` fill a slab as the kernel fills one, so that
 * no digit is missing. `slab_bytes` may be KT_UNKNOWN: any power of two pages.
 */
bool kt_tool_fills(int64_t low, int64_t high, int64_t per_slab, int64_t slab_bytes);
/** Adds a cache, or counts its line as damaged where `ok` is false. */
void kt_tool_cache(struct kt_reading *reading, struct kt_tool_caches *caches, struct kt_span name,
	struct kt_cache cache, bool ok);
/** Ends a list; `whole`: it has every cache, so that they add up to the slab of the machine. */
struct kt_err *kt_tool_caches_end(
	struct kt_reading *reading, struct kt_tool_caches *caches, bool whole) KT_MUST_CHECK;

#define TOOL(id, title) struct kt_err *kt_read_##id(struct kt_reading *reading) KT_MUST_CHECK;
#include "source/tools/readers.def"
#undef TOOL

#endif
