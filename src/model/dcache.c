// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/dcache.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

#define NAMED_MAX 3u /* mounts that are named */

static bool is_of(const struct kt_mount *mount, uint32_t major, uint32_t minor, const char *root)
{
	return mount->major == major && mount->minor == minor &&
	       (!root || strcmp(root, mount->root) == 0);
}

const char *kt_mounts_first(const struct kt_mount *mounts, size_t count, uint32_t major,
	uint32_t minor, const char *root)
{
	for (size_t i = 0; i < count; i++) {
		if (is_of(&mounts[i], major, minor, root))
			return mounts[i].path;
	}
	return NULL;
}

const char *kt_mounts_text(struct kt_arena *arena, const struct kt_mount *mounts, size_t count,
	uint32_t major, uint32_t minor, const char *root)
{
	struct kt_buf text = { 0 };
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_of(&mounts[i], major, minor, root) && found++ < NAMED_MAX)
			kt_buf_join(&text, ", ", "%s", mounts[i].path);
	}
	if (found > NAMED_MAX)
		kt_buf_printf(&text, " and %zu more", found - NAMED_MAX);
	return found ? kt_arena_text(arena, &text) : NULL;
}
