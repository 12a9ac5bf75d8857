// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ROOT_SECRET_H
#define KT_ROOT_SECRET_H

#include "root/root.h"

/**
 * Reads a small file with a secret in it, named on the command line. REFUSED: users other than its
 * owner may read it, or it is not a regular file.
 */
struct kt_err *kt_secret_read(const char *path, struct kt_text *ret_text) KT_MUST_CHECK;

#endif
