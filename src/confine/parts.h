// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CONFINE_PARTS_H
#define KT_CONFINE_PARTS_H

#include "confine/needs.h"

/** The three parts of a confinement; private to src/confine. */

/* Sanitizers open files, trace the process and start programs when they report an error. */
#if defined(__SANITIZE_ADDRESS__)
#define KT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KT_SANITIZED 1
#endif
#endif
#ifndef KT_SANITIZED
#define KT_SANITIZED 0
#endif

enum kt_confine_state kt_confine_capabilities(
	const struct kt_confine_needs *needs, unsigned long long *ret_kept);
/** Version of Landlock in the kernel; 0: none. */
int kt_landlock_abi(void);
enum kt_confine_state kt_confine_landlock(const struct kt_confine_needs *needs);
enum kt_confine_state kt_confine_seccomp(const struct kt_confine_needs *needs);

#endif
