// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_CONTENTS_H
#define KT_CMD_CONTENTS_H

#include "machine/machine.h"
#include "source/source.h"

/** Contents of a source of numbers, for messages of commands that do not find theirs. */

/**
 * Names what gives the list of a source: its own files, or the output of a tool that the same
 * command shows; NULL: the root has none of them.
 */
const char *kt_contents_giver(
	struct kt_root *root, const struct kt_source *source, struct kt_arena *arena);
/** Lists the kinds of files that some command shows: "slabinfo, buddyinfo"; "": none. */
const char *kt_contents_names(struct kt_root *root, struct kt_arena *arena);
/**
 * Adds to an error the name of the source, and which command shows what it contains: "it contains
 * slabinfo: 'ktally slab -s FILE' shows it". Returns `err`, which may be NULL.
 */
struct kt_err *kt_contents_blame(const struct kt_machine *machine, struct kt_err *err);

#endif
