// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_ERR_H
#define KT_BASE_ERR_H

#include "base/attr.h"

/**
 * Errors are values. A function that can fail returns `struct kt_err *`: NULL on success, otherwise
 * an error that the caller owns and frees or passes on. The message is a chain from the outermost
 * context to a sentence that a user can act on: "account: proc/meminfo:41: not a number". An
 * expected absence is an error with its own code, so that a caller can distinguish "missing" from
 * "failed".
 */

enum kt_err_code {
	KT_ERR_NOMEM,	/* out of memory */
	KT_ERR_OS,	/* a system call failed in a way that has no code of its own */
	KT_ERR_DENIED,	/* exists, but this user may not read it */
	KT_ERR_ABSENT,	/* does not exist */
	KT_ERR_PARSE,	/* the text does not match its format */
	KT_ERR_LIMIT,	/* larger or longer than ktally reads */
	KT_ERR_REFUSED, /* hostile or ambiguous input that ktally does not follow */
	KT_ERR_USAGE,	/* wrong command line */
	KT_ERR_FULL,	/* no room on the disk at present */
	KT_ERR_CLOSED,	/* the reader of the output has closed it */
};

struct kt_err;

struct kt_err *kt_err_new(enum kt_err_code code, const char *fmt, ...) KT_PRINTF(2, 3);
/**
 * Makes an error from errno: EACCES and EPERM give DENIED, ENOENT and similar give ABSENT. Appends
 * ": strerror".
 */
struct kt_err *kt_err_os(int errnum, const char *fmt, ...) KT_PRINTF(2, 3);
/** Puts "context: " before the message; returns `err`. */
struct kt_err *kt_err_prepend(struct kt_err *err, const char *fmt, ...) KT_PRINTF(2, 3);

enum kt_err_code kt_err_code(const struct kt_err *err);
const char *kt_err_text(const struct kt_err *err);
void kt_err_free(struct kt_err *err);
void kt_err_cleanup(struct kt_err **err);

#endif
