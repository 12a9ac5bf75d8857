// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/memory/cache_names.h"

#include <string.h>

static bool has_name(const struct kt_cache_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->names.count; i++) {
		if (strcmp(folder->names.items[i], name) == 0)
			return true;
	}
	return strcmp(folder->name, name) == 0;
}

void kt_cache_names(const struct kt_snapshot *snap, const char *cache,
	const char *ret_names[KT_CACHE_NAMES_MAX + 1])
{
	size_t count = 0;

	ret_names[count++] = cache;
	for (size_t i = 0; i < snap->cache_folders.count; i++) {
		const struct kt_cache_folder *folder = &snap->cache_folders.items[i];

		if (!has_name(folder, cache))
			continue;
		for (size_t k = 0; k < folder->names.count && count < KT_CACHE_NAMES_MAX; k++)
			ret_names[count++] = folder->names.items[k];
	}
	ret_names[count] = NULL;
}
