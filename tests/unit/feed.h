// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_FEED_H
#define KT_TEST_FEED_H

/** Short ways to fill a snapshot by hand or through a source's parser, and to ask it. */

#include "parse.h"

#include "account/derive.h"
#include "account/row.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

#define KIB (1ll << 10)
#define MIB (1ll << 20)
#define GIB (1ll << 30)

#define NO_ERROR (-1)

/** Runs a parser over a copy of exactly the text's size; gives the error's code or NO_ERROR. */
static inline int feed_bytes(struct kt_snapshot *snap, const struct kt_source *source,
	const char *path, const char *data, size_t size)
{
	struct kt_text text = { malloc(size ? size : 1), size, path };
	struct kt_err *err;
	int code;

	memcpy(text.data, data, size);
	err = parse_text(snap, source, &text);
	code = err ? (int)kt_err_code(err) : NO_ERROR;
	kt_err_free(err);
	/* what the snapshot keeps must not point into the text: the sanitizer would tell */
	kt_text_cleanup(&text);
	return code;
}

#define FEED(snap, name, path, text) \
	feed_bytes((snap), &kt_source_##name, (path), (text), strlen(text))

static inline struct kt_val value(const struct kt_snapshot *snap, enum kt_metric metric)
{
	return kt_snapshot_get(snap, metric, KT_NO_NODE);
}

static inline struct kt_val value_on(
	const struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	return kt_snapshot_get(snap, metric, node);
}

/** A snapshot of a machine with pages of 4 KiB, or of KT_UNKNOWN bytes. */
static inline struct kt_snapshot *machine(int64_t page_bytes)
{
	struct kt_snapshot *snap = kt_snapshot_new();

	snap->host.page_bytes = page_bytes;
	return snap;
}

static inline void put_entry(struct kt_snapshot *snap, enum kt_metric metric, enum kt_unit unit,
	enum kt_rank rank, const char *path, int64_t raw)
{
	kt_snapshot_put(snap, (struct kt_entry){ .metric = metric,
				      .node = KT_NO_NODE,
				      .unit = unit,
				      .rank = rank,
				      .raw = raw,
				      .path = path,
				      .field = kt_metric_name(metric) });
}

static inline void meminfo_kb(struct kt_snapshot *snap, enum kt_metric metric, int64_t kib)
{
	put_entry(snap, metric, KT_KB, KT_RANK_MEMINFO, "proc/meminfo", kib);
}

static inline void vmstat_pages(struct kt_snapshot *snap, enum kt_metric metric, int64_t pages)
{
	put_entry(snap, metric, KT_PAGES, KT_RANK_VMSTAT, "proc/vmstat", pages);
}

/** A number that only one file has, in bytes (a count: as it is). */
static inline void fact(struct kt_snapshot *snap, enum kt_metric metric, int64_t bytes)
{
	put_entry(snap, metric, KT_BYTES, KT_RANK_FIRST, "some/file", bytes);
}

static inline bool any_note_has(const struct kt_snapshot *snap, const char *text)
{
	for (size_t i = 0; i < snap->notes.count; i++) {
		if (strstr(snap->notes.items[i], text))
			return true;
	}
	return false;
}

/** A row by its terms: a missing part that it should take off makes it an upper bound. */
static inline struct kt_val row_value(const struct kt_snapshot *snap, const char *id)
{
	const struct kt_term *terms = kt_rows[kt_row_find(id)].terms;
	struct kt_val sum = value(snap, terms[0].metric);

	for (size_t i = 1; i < KT_ROW_TERMS && terms[i].sign; i++) {
		struct kt_val part = value(snap, terms[i].metric);

		part = terms[i].optional ? kt_val_or_some(part) : part;
		sum = terms[i].sign < 0 ? kt_val_sub(sum, part) : kt_val_add(sum, part);
	}
	return sum;
}

#define CHECK_ROW(snap, id, wanted)                                   \
	do {                                                          \
		if (CHECK_INT(row_value(snap, id).state, KT_OK))      \
			CHECK_INT(row_value(snap, id).value, wanted); \
	} while (0)
#define CHECK_VALUE(snap, id, wanted)                                  \
	do {                                                           \
		if (CHECK_INT(value(snap, KT_##id).state, KT_OK))      \
			CHECK_INT(value(snap, KT_##id).value, wanted); \
	} while (0)
#define CHECK_STATE(snap, id, wanted) CHECK_INT(value(snap, KT_##id).state, wanted)

#endif
