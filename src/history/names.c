// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/names.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void kt_names_sort(kt_names *names)
{
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), by_bytes);
}

const char *kt_names_next_missing(
	const kt_names *now, const kt_names *before, struct kt_names_walk *walk)
{
	while (walk->now < now->count) {
		const char *name = now->items[walk->now++];
		int order = -1;

		while (walk->before < before->count &&
			(order = strcmp(before->items[walk->before], name)) < 0)
			walk->before++;
		if (walk->before == before->count || order != 0)
			return name;
		walk->before++;
	}
	return NULL;
}
