// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_IMPORT_JSON_H
#define KT_IMPORT_JSON_H

#include "base/err.h"
#include "base/span.h"

/**
 * JSON of any size, as a stream of what it consists of, in memory that does not grow. A library
 * that builds the whole text as a tree would need gigabytes for a file of sadf.
 */
enum kt_json_event {
	KT_JSON_END, /* of the text, or not JSON: see `bad` */
	KT_JSON_OPEN,
	KT_JSON_CLOSE, /* of an object or array; `depth` is the depth around it */
	KT_JSON_VALUE, /* text, number or word */
};

#define KT_JSON_DEPTH 32u
#define KT_JSON_TEXT  128u

struct kt_json {
	struct kt_span (*more)(void *arg); /* the next piece of the text; empty: there is none */
	void *arg;
	struct kt_span rest;
	uint64_t offset; /* bytes taken */
	uint64_t from;	 /* offset of the last event's first byte */
	unsigned depth;
	bool is_object[KT_JSON_DEPTH + 1];
	char keys[KT_JSON_DEPTH + 1][32]; /* of what is read at each depth; "" in an array */
	char text[KT_JSON_TEXT];	  /* of a value, cut; escapes are not decoded */
	bool bad, ended;
};

enum kt_json_event kt_json_next(struct kt_json *json);

#endif
