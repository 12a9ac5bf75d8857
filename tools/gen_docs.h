// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOOLS_GEN_DOCS_H
#define KT_TOOLS_GEN_DOCS_H

#include "base/buf.h"
#include "base/err.h"

/**
 * Man page and shell completion, made from the tables that the program itself is made
 * from. What the tables have and a generator does not know how to show is an error, so
 * that the build fails instead of leaving it out.
 */

/** Copies `prose`; each line that is @NAME@ becomes what the tables say. */
struct kt_err *gen_man(const char *prose, struct kt_buf *ret_text) KT_MUST_CHECK;
struct kt_err *gen_bash(struct kt_buf *ret_text) KT_MUST_CHECK;
struct kt_err *gen_zsh(struct kt_buf *ret_text) KT_MUST_CHECK;

#endif
