// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TOP_SETTINGS_MARKS_H
#define KT_TOP_SETTINGS_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#define KT_MARKS_MAX 32
#define KT_MARKS_KEY 256

/**
 * Rows that the user has marked, by their keys: folded rows of the account, or pinned rows of a
 * list. A key outlives its row, which may come back.
 */
struct kt_marks {
	size_t count;
	char keys[KT_MARKS_MAX][KT_MARKS_KEY];
};

/** True if the row with this key is marked; `key` may be NULL. */
bool kt_marks_has(const struct kt_marks *marks, const char *key);
/**
 * Marks a row. False: there are KT_MARKS_MAX rows already, or the key is empty, too long, or has
 * characters that no row's key has.
 */
bool kt_marks_add(struct kt_marks *marks, const char *key);
void kt_marks_remove(struct kt_marks *marks, const char *key);

#endif
