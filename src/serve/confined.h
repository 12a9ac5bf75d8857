// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SERVE_CONFINED_H
#define KT_SERVE_CONFINED_H

#include "cli/cmd.h"
#include "serve/guard.h"

/**
 * Keeps what the server still needs and drops everything else: the files that it goes on reading,
 * and open files that need a capability. Call once, with the socket open and before any thread
 * starts.
 */
struct kt_err *kt_serve_confine(const struct kt_call *call, const struct kt_address *address,
	const char *recording) KT_MUST_CHECK;

#endif
