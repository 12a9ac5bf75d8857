// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CLI_NEEDS_H
#define KT_CLI_NEEDS_H

#include "cli/cmd.h"
#include "confine/confine.h"

/**
 * Lists what a command needs from the system while it reads untrusted files, so that it can give up
 * the rest (confine/confine.h).
 */

/**
 * Opens the files of the running machine that need a capability (root/kept.h), before the
 * capability is given up. Without them the account has no kernel log and no map of memory.
 */
void kt_needs_keep_machine(void);

/**
 * Confines the process to what the command needs, if its options name files to read; for the
 * running machine, nothing is given up. Opens the libraries that the command will need; fails if a
 * library cannot be opened. `needs`: further needs of the command.
 */
struct kt_err *kt_needs_confine(const struct kt_cmd *cmd, const struct kt_call *call,
	struct kt_confine_needs needs) KT_MUST_CHECK;

#endif
