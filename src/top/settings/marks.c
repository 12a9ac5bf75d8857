// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/settings/marks.h"

#include <string.h>

static size_t find(const struct kt_marks *marks, const char *key)
{
	size_t i = 0;

	while (i < marks->count && strcmp(marks->keys[i], key) != 0)
		i++;
	return i;
}

bool kt_marks_has(const struct kt_marks *marks, const char *key)
{
	return key && find(marks, key) < marks->count;
}

/* Names of rows are ASCII, see kt_arena_name(); 0x1f joins the columns of a key. */
static bool is_key(const char *key)
{
	size_t n = strnlen(key, KT_MARKS_KEY);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)key[i];

		if ((c < 0x20 && c != 0x1f) || c >= 0x7f)
			return false;
	}
	return n && n < KT_MARKS_KEY;
}

bool kt_marks_add(struct kt_marks *marks, const char *key)
{
	if (kt_marks_has(marks, key))
		return true;
	if (marks->count == KT_MARKS_MAX || !is_key(key))
		return false;
	memcpy(marks->keys[marks->count++], key, strlen(key) + 1);
	return true;
}

void kt_marks_remove(struct kt_marks *marks, const char *key)
{
	size_t at = find(marks, key);

	if (at == marks->count)
		return;
	marks->count--;
	memmove(&marks->keys[at], &marks->keys[at + 1],
		(marks->count - at) * sizeof(marks->keys[0]));
}
