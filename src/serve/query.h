// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_QUERY_H
#define KT_SERVE_QUERY_H

#include "cli/cmd.h"

/** A question about a command: the checked options of a request. */
#define KT_QUERY_KEY	1024 /* bytes of a key */
#define KT_QUERY_VALUES 1024 /* bytes of all values together */
struct kt_query {
	const struct kt_cmd *cmd;
	struct kt_call call;
	char key[KT_QUERY_KEY]; /* equal questions have equal keys */
	char values[KT_QUERY_VALUES];
	size_t key_size, values_size;
	bool plain;   /* the request has no option */
	bool past;    /* it is about a sample of a recording, which does not change */
	bool may_run; /* by the caller: there is time left for uncached answers */
};

/** Starts a question; false: requests may not run the command. `base` holds for all requests. */
bool kt_query_start(const char *command, const struct kt_call *base, struct kt_query *ret_query);
/** Adds an option. USAGE: the command does not take it. Copies the value. */
struct kt_err *kt_query_add(
	struct kt_query *query, const char *name, const char *value) KT_MUST_CHECK;
/**
 * Makes it a question about the last sample of a recording up to a time, in milliseconds since
 * 1970. The path must outlive the query. USAGE: it has a time already.
 */
struct kt_err *kt_query_at(
	struct kt_query *query, const char *recording, int64_t at_ms) KT_MUST_CHECK;
/** Appends the option names that requests for the command may use, with blanks between. */
void kt_query_names(const struct kt_cmd *cmd, struct kt_buf *ret_names);

#endif
