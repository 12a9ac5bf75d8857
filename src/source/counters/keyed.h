// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_COUNTERS_KEYED_H
#define KT_SOURCE_COUNTERS_KEYED_H

#include "model/snapshot.h"
#include "root/root.h"

/** A field of a "name value" file. Known fields that are not used have KT_METRIC_NONE. */
struct kt_key {
	const char *name;
	enum kt_metric metric;
	enum kt_unit unit;
};

struct kt_keys {
	const struct kt_key *keys;
	size_t count;
	enum kt_rank rank;
	const char *unknown_prefix; /* only unknown fields with this prefix are memory amounts */
	const char *skip;	    /* text before the key on each line ("Node 0 "); NULL: none */
	int node;
};

/** Parses the whole text. A malformed line makes only its own metric bad. */
struct kt_err *kt_keyed_parse(
	struct kt_snapshot *snap, const struct kt_text *text, const struct kt_keys *keys);

/** Finds a key. `hint` holds the position of the last key, because files keep their order. */
const struct kt_key *kt_keyed_find(const struct kt_keys *keys, struct kt_span name, size_t *hint);

/** Names of the fields of vmstat, which /proc/zoneinfo uses too. */
extern const struct kt_keys kt_vmstat_keys;
extern const struct kt_keys kt_meminfo_keys;

#endif
