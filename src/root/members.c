// SPDX-License-Identifier: GPL-2.0-or-later
#include "root/members.h"

#include <string.h>

size_t kt_members_from(const void *members, size_t count, size_t size, const char *path)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const void *member = (const char *)members + middle * size;

		if (strcmp(*(const char *const *)member, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *kt_path_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (strncmp(path, folder, n) != 0 || (n && path[n] != '/'))
		return NULL;
	return path + n + (n > 0);
}
