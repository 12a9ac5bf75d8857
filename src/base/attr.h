// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_ATTR_H
#define KT_BASE_ATTR_H

/** Compiler attributes used across the tree. */

#define KT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define KT_MUST_CHECK	     __attribute__((warn_unused_result))

/** Runs kt_NAME_cleanup(&variable) when the variable leaves its scope. */
#define KT_CLEANUP(name) __attribute__((cleanup(kt_##name##_cleanup)))

#define KT_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
