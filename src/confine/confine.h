// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CONFINE_CONFINE_H
#define KT_CONFINE_CONFINE_H

#include "confine/needs.h"

/**
 * Permanently drops rights of the process before it reads untrusted files or answers untrusted
 * requests: capabilities, files (Landlock), system calls (seccomp). A mistake in a parser then
 * gives no access to the machine. A feature that the kernel lacks is skipped and reported; it is
 * never an error.
 */

struct kt_confined {
	enum kt_confine_state no_new_privs, capabilities, landlock, seccomp;
	int landlock_abi;	 /* version in the kernel; 0: none */
	unsigned long long kept; /* capabilities still held, as bits */
};

/** Adds a path that is read. Paths beyond KT_CONFINE_PATHS are left out and cannot be read. */
void kt_confine_read(struct kt_confine_needs *needs, const char *path);
/**
 * Drops the rights. Call once, before any other thread exists and after all libraries are loaded.
 */
void kt_confine(const struct kt_confine_needs *needs);
/** Returns the rights dropped so far; before kt_confine(), what the kernel supports. */
const struct kt_confined *kt_confined(void);
#define KT_CONFINE_TEXT 160
/** Describes the dropped rights: "no capabilities, Landlock (ABI 4), seccomp filter". */
const char *kt_confined_text(char ret[KT_CONFINE_TEXT]);

#endif
