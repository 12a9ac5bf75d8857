// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/cache.h"

const struct kt_cache_field kt_cache_fields[KT_CACHE_FIELDS] = {
#define FIELD(m, f, r, k, s, ky, ti, li, ph)                   \
	[KT_CACHE_FIELD_##m] = { .file = (f),                  \
		.offset = offsetof(struct kt_cache_folder, m), \
		.read = KT_CACHE_READ_##r,                     \
		.kind = KT_CACHE_##k,                          \
		.shown = KT_CACHE_SHOWN_##s,                   \
		.key = (ky),                                   \
		.title = (ti),                                 \
		.line = (li),                                  \
		.phrase = (ph) },
#include "model/cache.def"
#undef FIELD
};

int64_t *kt_cache_field_at(struct kt_cache_folder *folder, const struct kt_cache_field *field)
{
	return (int64_t *)((char *)folder + field->offset);
}

int64_t kt_cache_field_of(const struct kt_cache_folder *folder, const struct kt_cache_field *field)
{
	return folder ? *(const int64_t *)((const char *)folder + field->offset) : KT_UNKNOWN;
}

int64_t kt_cache_least_bytes(const struct kt_cache *cache, int64_t page_bytes)
{
	int64_t objects = 0, slabs = 0, room, least;

	if (cache->nr_objs >= 0 && cache->slot_bytes >= 0 &&
		__builtin_mul_overflow(
			cache->nr_objs, cache->slot_bytes - cache->slot_error, &objects))
		return KT_UNKNOWN;
	if (cache->nr_slabs >= 0 && __builtin_mul_overflow(cache->nr_slabs, page_bytes, &slabs))
		return KT_UNKNOWN;
	least = objects > slabs ? objects : slabs;
	if (cache->nr_slabs < 0 || cache->pages_per_slab <= 0)
		return least;
	if (__builtin_mul_overflow(slabs, cache->pages_per_slab, &room))
		return KT_UNKNOWN;
	return least < room ? least : room;
}
