// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_REMOTE_SSH_H
#define KT_REMOTE_SSH_H

#include "root/root.h"

/**
 * Another machine, read through ssh(1): "ssh:HOST", HOST as ssh takes it. Nothing is installed
 * there: its /bin/sh prints the files that sources read, in one stream. The machine there is not
 * trusted: size and time of the stream have limits, and the stream is taken apart only after this
 * process is confined.
 */

/** Returns HOST of "ssh:HOST"; NULL: the text is not of that form. */
const char *kt_ssh_host(const char *source);

/** A list of paths as sources have them, with `*` and `**`. */
struct kt_ssh_paths {
	const char *const *items;
	size_t count;
};

/**
 * Runs ssh and keeps the stream, for kt_ssh_open(). Needs the right to start programs. Belongs to
 * the whole process; a source that was fetched is not fetched again.
 */
struct kt_err *kt_ssh_fetch(const char *source, struct kt_ssh_paths paths) KT_MUST_CHECK;
/** Makes a root of the stream that was kept; files that no source reads are left out. */
struct kt_err *kt_ssh_open(
	const char *source, kt_root_filter wanted, struct kt_root **ret_root) KT_MUST_CHECK;
/** Makes a root of a stream with this token: "\nTOKEN PATH\n" before each file, PATH "." last. */
struct kt_err *kt_ssh_parse(struct kt_span stream, const char *token, kt_root_filter wanted,
	struct kt_root **ret_root) KT_MUST_CHECK;

#endif
