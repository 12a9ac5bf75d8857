// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/segments.h"

/* Whether `after` has the struct pages of `ram`, which begin at the start of a page. */
static bool is_pair(const struct kt_segment *ram, const struct kt_segment *after,
	uint32_t page_bytes, uint32_t page_struct_bytes)
{
	uint64_t nr_pages = ram->size / page_bytes, bytes = nr_pages * page_struct_bytes;

	return ram->physical != KT_SEGMENT_UNKNOWN && after->physical == KT_SEGMENT_UNKNOWN &&
	       nr_pages && ram->size < 1ull << 52 && ram->physical < 1ull << 52 &&
	       ram->physical % page_bytes == 0 &&
	       ram->physical / page_bytes * page_struct_bytes % page_bytes == 0 &&
	       after->size >= bytes && after->size - bytes < page_bytes;
}

bool kt_segments_map(const struct kt_segment *segments, size_t nr_segments, uint32_t page_bytes,
	uint32_t page_struct_bytes, uint64_t *ret_direct, uint64_t *ret_page)
{
	bool found = false;

	for (size_t i = 0; page_bytes && page_struct_bytes && i + 1 < nr_segments; i++) {
		uint64_t direct, page;

		if (!is_pair(&segments[i], &segments[i + 1], page_bytes, page_struct_bytes))
			continue;
		direct = segments[i].address - segments[i].physical;
		page = segments[i + 1].address -
		       segments[i].physical / page_bytes * page_struct_bytes;
		if (found && (direct != *ret_direct || page != *ret_page))
			return false;
		*ret_direct = direct;
		*ret_page = page;
		found = true;
	}
	return found;
}
