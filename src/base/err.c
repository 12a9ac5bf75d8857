// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kt_err {
	enum kt_err_code code;
	char *text;
};

/* Returned when not even an error can be allocated; never freed. */
static char nomem_text[] = "out of memory";
static struct kt_err nomem = { KT_ERR_NOMEM, nomem_text };

static struct kt_err *err_make(enum kt_err_code code, char *text)
{
	struct kt_err *err = text ? malloc(sizeof(*err)) : NULL;

	if (!err) {
		free(text);
		return &nomem;
	}
	*err = (struct kt_err){ code, text };
	return err;
}

static char *format(const char *fmt, va_list args)
{
	char *text;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

struct kt_err *kt_err_new(enum kt_err_code code, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = format(fmt, args);
	va_end(args);
	return err_make(code, text);
}

static enum kt_err_code code_of_errno(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM: return KT_ERR_DENIED;
	case ENOENT:
	case ESRCH: /* a file of a process that has ended */
	case ENOTDIR:
	case ENODEV:
	case ENXIO: return KT_ERR_ABSENT;
	case ELOOP:
	case EXDEV: return KT_ERR_REFUSED;
	case ENOMEM: return KT_ERR_NOMEM;
	case ENOSPC:
	case EDQUOT: return KT_ERR_FULL;
	default: return KT_ERR_OS;
	}
}

struct kt_err *kt_err_os(int errnum, const char *fmt, ...)
{
	char *what, *text = NULL;
	va_list args;

	va_start(args, fmt);
	what = format(fmt, args);
	va_end(args);
	if (what && asprintf(&text, "%s: %s", what, strerror(errnum)) < 0)
		text = NULL;
	free(what);
	return err_make(code_of_errno(errnum), text);
}

struct kt_err *kt_err_prepend(struct kt_err *err, const char *fmt, ...)
{
	char *context, *text;
	va_list args;

	if (err == &nomem)
		return err;
	va_start(args, fmt);
	context = format(fmt, args);
	va_end(args);
	if (context && asprintf(&text, "%s: %s", context, err->text) >= 0) {
		free(err->text);
		err->text = text;
	}
	free(context);
	return err;
}

enum kt_err_code kt_err_code(const struct kt_err *err)
{
	return err->code;
}

const char *kt_err_text(const struct kt_err *err)
{
	return err->text;
}

void kt_err_free(struct kt_err *err)
{
	if (!err || err == &nomem)
		return;
	free(err->text);
	free(err);
}

void kt_err_cleanup(struct kt_err **err)
{
	kt_err_free(*err);
}
