// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOOLS_GEN_DOCS_H
#define KT_TOOLS_GEN_DOCS_H

#include "base/buf.h"
#include "base/err.h"

/**
 * Man pages, shell completion and JSON schemas, made from the tables that the program itself is
 * made from. An entry of a table that a generator cannot show is an error: the build fails
 * instead of leaving it out.
 */

/**
 * Copies `prose`; text of the tables replaces each line that is @NAME@. `command`: the command that
 * the page describes; NULL: another page.
 */
struct kt_err *gen_man(
	const char *prose, const char *command, struct kt_buf *ret_text) KT_MUST_CHECK;
struct kt_err *gen_bash(struct kt_buf *ret_text) KT_MUST_CHECK;
struct kt_err *gen_zsh(struct kt_buf *ret_text) KT_MUST_CHECK;
/** Writes the JSON schema of each report into `directory`, and removes other schemas from it. */
struct kt_err *gen_schemas(const char *directory) KT_MUST_CHECK;

#endif
