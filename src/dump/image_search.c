// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/image_search.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX   (1ull << 30)
#define HOLE_MAX    (16ull << 20) /* unreadable bytes that end the image */
#define BLOCK_BYTES (1u << 20)

/* A block with a hole is read by page. */
static bool look_through(struct kt_target *target, uint64_t from, size_t overlap,
	kt_image_look look, void *arg, char *block)
{
	uint64_t at = from - from % target->page_bytes, end = at + IMAGE_MAX, hole = 0;
	size_t kept = 0;

	while (at < end && hole < HOLE_MAX) {
		uint32_t bytes = BLOCK_BYTES;

		if (!kt_target_read(target, at, block + kept, bytes)) {
			bytes = target->page_bytes;
			if (!kt_target_read(target, at, block + kept, bytes)) {
				at += bytes;
				hole += bytes;
				kept = 0;
				continue;
			}
		}
		hole = 0;
		if (look(arg, at - kept, block, kept + bytes))
			return true;
		memmove(block, block + kept + bytes - overlap, overlap);
		kept = overlap;
		at += bytes;
	}
	return false;
}

struct kt_err *kt_image_search(struct kt_target *target, uint64_t from, size_t overlap,
	kt_image_look look, void *arg, bool *ret_found)
{
	char *block = malloc(BLOCK_BYTES + KT_IMAGE_OVERLAP_MAX);

	if (!block)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	*ret_found = look_through(target, from, overlap, look, arg, block);
	free(block);
	return NULL;
}
