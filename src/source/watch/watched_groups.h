// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_WATCHED_GROUPS_H
#define KT_SOURCE_WATCHED_GROUPS_H

#include "kernel/symbol_table.h"
#include "memory/memmap.h"
#include "memory/page_words.h"
#include "model/snapshot.h"
#include "trace/trace.h"

/** Samples of a watch, added up by stack; what is left at the end stays single until it was found.
 */
struct kt_watched_groups;

/** All arguments must outlive the groups. NOMEM */
struct kt_err *kt_watched_groups_new(struct kt_trace *trace, const struct kt_symbol_table *symbols,
	struct kt_snapshot *snap, struct kt_watched_groups **ret_groups) KT_MUST_CHECK;
void kt_watched_groups_free(struct kt_watched_groups *groups); /* accepts NULL */

/** Takes a sample that was freed; `arg`: the groups. */
void kt_watched_take(void *arg, const struct kt_trace_sample *sample);
/** Takes a sample that was not. */
void kt_watched_rest(void *arg, const struct kt_trace_sample *sample);
/** An object is allocated in memory: if it is a sample, the sample is found. */
void kt_watched_found(struct kt_watched_groups *groups, uint64_t address);
/** Finds samples that are struct pages, if their page is allocated and nothing that has a counter.
 */
void kt_watched_look_at_pages(
	struct kt_watched_groups *groups, struct kt_memmap *memmap, struct kt_page_words *words);
/**
 * Adds the rest up, at the time `now_ns` of the boot clock, and appends the groups to
 * snap->watched, largest first. `verified`: what was not found is free. Returns the number of such
 * samples.
 */
int64_t kt_watched_end(struct kt_watched_groups *groups, uint64_t now_ns, bool verified);

/** Bytes of the samples that were seen to be freed so far, themselves. */
int64_t kt_watched_freed_bytes(const struct kt_watched_groups *groups);
/** Bytes of the largest sample. */
uint64_t kt_watched_largest_bytes(const struct kt_watched_groups *groups);
/** Bytes of a stack below which it may have no sample, in one of 100 cases; 0: all were drawn. */
int64_t kt_watched_unlisted_bytes(const struct kt_watched_groups *groups);

#endif
