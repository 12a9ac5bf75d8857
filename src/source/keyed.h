// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_KEYED_H
#define KT_SOURCE_KEYED_H

#include "model/snapshot.h"
#include "root/root.h"

/** A field of a "name value" file. Known fields that nobody needs have KT_METRIC_NONE. */
struct kt_key {
	const char *name;
	enum kt_metric metric;
	enum kt_unit unit;
};

struct kt_keys {
	const struct kt_key *keys;
	size_t count;
	enum kt_rank rank;
	const char *unknown_prefix; /* only unknown fields that start so are memory amounts */
	const char *skip;	    /* stands before the key on each line ("Node 0 ") or NULL */
	int node;
};

/** Parses the whole text; a line that is not as it should be makes its metric bad, not the rest. */
struct kt_err *kt_keyed_parse(
	struct kt_snapshot *snap, const struct kt_text *text, const struct kt_keys *keys);

/** Finds a key. `hint` remembers where the last one was, because files keep their order. */
const struct kt_key *kt_keyed_find(const struct kt_keys *keys, struct kt_span name, size_t *hint);

/** The vmstat names, which /proc/zoneinfo uses too. */
extern const struct kt_keys kt_vmstat_keys;
extern const struct kt_keys kt_meminfo_keys;

#endif
