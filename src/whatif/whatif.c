// SPDX-License-Identifier: GPL-2.0-or-later
#include "whatif/whatif.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kt_whatif *const kt_whatifs[] = {
	&kt_whatif_cma,
	&kt_whatif_crashkernel,
	&kt_whatif_fragmentation,
	&kt_whatif_hash,
	&kt_whatif_hugetlb,
	&kt_whatif_hvo,
	&kt_whatif_stacks,
	&kt_whatif_kmalloc,
	&kt_whatif_kmalloc_families,
	&kt_whatif_mempools,
	&kt_whatif_page_tables,
	&kt_whatif_percpu,
	&kt_whatif_rounding,
	&kt_whatif_shared_tables,
	&kt_whatif_sheaves,
	&kt_whatif_slab_merging,
	&kt_whatif_slab_orders,
	&kt_whatif_slab_packing,
	&kt_whatif_slab_reclaim,
	&kt_whatif_struct_page,
	&kt_whatif_swiotlb,
};
const size_t kt_nr_whatifs = KT_LEN(kt_whatifs);

const struct kt_whatif *kt_whatif_find(const char *name)
{
	for (size_t i = 0; i < kt_nr_whatifs; i++) {
		if (strcmp(kt_whatifs[i]->name, name) == 0)
			return kt_whatifs[i];
	}
	return NULL;
}

bool kt_whatif_has_pages(const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	if (snap->host.page_bytes > 0)
		return true;
	kt_whatif_unknown(ret, "the size of a page is not known");
	return false;
}

bool kt_whatif_compute(const struct kt_whatif *whatif, struct kt_arena *arena,
	const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	*ret = (struct kt_whatif_result){ .state = KT_ABSENT,
		.saves_bytes = KT_UNKNOWN,
		.low_bytes = KT_UNKNOWN,
		.high_bytes = KT_UNKNOWN,
		.now_bytes = KT_UNKNOWN };
	if (kt_whatif_has_pages(snap, ret))
		whatif->compute(arena, snap, ret);
	return !arena->failed;
}

void kt_whatif_lacks(struct kt_whatif_result *ret, const struct kt_source *source)
{
	ret->state = KT_ABSENT;
	ret->lacks = source;
}

void kt_whatif_unknown(struct kt_whatif_result *ret, const char *why)
{
	ret->state = KT_ABSENT;
	ret->why = why;
}

static int64_t whole_pages(int64_t bytes, int64_t page_bytes)
{
	return bytes < 0 ? 0 : bytes / page_bytes * page_bytes;
}

void kt_whatif_saves(
	struct kt_whatif_result *ret, int64_t bytes, enum kt_quality quality, int64_t page_bytes)
{
	ret->state = KT_OK;
	ret->quality = quality;
	ret->saves_bytes = whole_pages(bytes, page_bytes);
}

void kt_whatif_interval(
	struct kt_whatif_result *ret, int64_t low_bytes, int64_t high_bytes, int64_t page_bytes)
{
	ret->quality = KT_ESTIMATE;
	ret->low_bytes = whole_pages(low_bytes, page_bytes);
	ret->high_bytes = whole_pages(high_bytes, page_bytes);
}

static void put_input(
	struct kt_arena *arena, struct kt_whatif_result *ret, struct kt_whatif_input input)
{
	struct kt_whatif_input *slot = kt_list_push(arena, &ret->inputs);

	if (slot)
		*slot = input;
}

void kt_whatif_input_bytes(struct kt_arena *arena, struct kt_whatif_result *ret, const char *name,
	int64_t bytes, const char *from)
{
	put_input(arena, ret, (struct kt_whatif_input){ name, bytes, KT_UNKNOWN, from });
}

void kt_whatif_input_count(struct kt_arena *arena, struct kt_whatif_result *ret, const char *name,
	int64_t count, const char *from)
{
	put_input(arena, ret, (struct kt_whatif_input){ name, KT_UNKNOWN, count, from });
}

void kt_whatif_part(
	struct kt_arena *arena, struct kt_whatif_result *ret, struct kt_whatif_part part)
{
	struct kt_whatif_part *slot = kt_list_push(arena, &ret->parts);

	if (slot)
		*slot = part;
}

void kt_whatif_point(
	struct kt_arena *arena, struct kt_whatif_result *ret, struct kt_whatif_point point)
{
	struct kt_whatif_point *slot = kt_list_push(arena, &ret->points);

	if (slot)
		*slot = point;
}

static int by_saves(const void *a, const void *b)
{
	const struct kt_whatif_part *x = a, *y = b;

	return (x->saves_bytes < y->saves_bytes) - (x->saves_bytes > y->saves_bytes);
}

void kt_whatif_sort(struct kt_whatif_result *ret)
{
	if (ret->parts.count)
		qsort(ret->parts.items, ret->parts.count, sizeof(*ret->parts.items), by_saves);
}

void kt_whatif_cut(struct kt_arena *arena, struct kt_whatif_result *ret, const char *counted)
{
	kt_whatif_sort(ret);
	if (ret->parts.count <= KT_WHATIF_PARTS)
		return;
	kt_whatif_note(arena, ret, "the table has %u of %zu %s", KT_WHATIF_PARTS, ret->parts.count,
		counted);
	ret->parts.count = KT_WHATIF_PARTS;
}

void kt_whatif_note(struct kt_arena *arena, struct kt_whatif_result *ret, const char *fmt, ...)
{
	const char **slot = kt_list_push(arena, &ret->notes);
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (slot)
		*slot = kt_arena_printf(arena, "%s", text);
}
