// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_JUDGE_OLDER_H
#define KT_CMD_JUDGE_OLDER_H

#include "cases/facts.h"
#include "cli/cmd.h"

/**
 * Reads the facts of an older capture of the same machine, and attaches them to the facts of now:
 * cases then see growth. `ret_older` must outlive `facts`; the caller cleans it up after an error
 * too.
 */
struct kt_err *kt_older_attach(const struct kt_call *call, const char *path,
	const struct kt_snapshot *now, struct kt_facts *facts,
	struct kt_facts *ret_older) KT_MUST_CHECK;

#endif
