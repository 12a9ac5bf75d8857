// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CONFINE_NEEDS_H
#define KT_CONFINE_NEEDS_H

/** Rights that a command still needs after confinement, and the result of each part of it. */

#include <stdbool.h>
#include <stddef.h>

#define KT_CONFINE_PATHS 72

struct kt_confine_needs {
	bool serves;   /* accepts connections on a listening socket; has one more thread */
	bool terminal; /* draws on a terminal */
	bool machine;  /* reads the files of the running machine */
	const char
		*reads[KT_CONFINE_PATHS]; /* files, and directories with their contents; or NULL */
	size_t nr_reads;
	const char *writes;  /* directory where files are created, renamed, removed; NULL: none */
	const char *removes; /* directory in which a socket is removed at the end; NULL: none */
};

enum kt_confine_state {
	KT_CONFINE_OFF,		/* nothing was dropped: this process reads no untrusted files */
	KT_CONFINE_ON,		/* dropped */
	KT_CONFINE_UNSUPPORTED, /* the kernel or this build does not support it */
	KT_CONFINE_FAILED,	/* the kernel supports it but refused */
};

#endif
