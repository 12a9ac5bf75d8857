// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_API_H
#define KT_SERVE_API_H

#include "serve/desk.h"

/** A command that requests may run. */
struct kt_api {
	const char *command;
	const char *options; /* names between blanks */
	const char *operand; /* name under which its operand is given, or NULL */
};

bool kt_query_start(const char *command, const struct kt_options *base, struct kt_query *ret_query);

#endif
