// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists what the server still needs once it serves; the rest is taken away before the first
// request. It is apart from serve.c because it must be read next to cli/needs.h, not next to
// sockets.

#include "serve/confined.h"

#include "cli/needs.h"
#include "record/zstd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

extern const struct kt_cmd kt_cmd_serve;

/* Returns the directory of a path; "." if the path has none. */
static void directory_of(const char *path, char ret[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(ret, PATH_MAX, ".");
	else
		snprintf(ret, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/*
 * Must run after sockets and libraries are open, and before the first byte of a client is read. The
 * zstd library is loaded here, while its file can still be opened. Its error is ignored now: the
 * request that needs the library reports it. For a UNIX socket one right stays: to remove the
 * socket's name from its directory at the end.
 */
struct kt_err *kt_serve_confine(
	const struct kt_call *call, const struct kt_address *address, const char *recording)
{
	struct kt_confine_needs needs = { .serves = true, .machine = !call->machine.source };
	char state[PATH_MAX], socket[PATH_MAX];

	if (!call->machine.source)
		kt_needs_keep_machine();
	kt_confine_read(&needs, "/etc/ktally/cases"); /* for diagnose: cases/cases.h */
	if (recording) {
		/* the directory, because the recorder replaces the file now and then */
		directory_of(recording, state);
		kt_confine_read(&needs, state);
		kt_err_free(kt_zstd_prepare());
	}
	if (address->kind == KT_ADDRESS_UNIX) {
		directory_of(address->text, socket);
		needs.removes = socket;
	}
	if (call->machine.source)
		return kt_needs_confine(&kt_cmd_serve, call, needs);
	kt_confine(&needs);
	return NULL;
}
