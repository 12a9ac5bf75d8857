// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/image.h"

#define IMAGE_MAX (1ull << 30)	/* bytes of a kernel's image, with its data */
#define HOLE_MAX  (16ull << 20) /* unreadable bytes that end the image */

bool kt_image_each(struct kt_target *target, char *buffer, kt_image_fn fn, void *arg)
{
	uint64_t at, end, hole = 0;

	if (!kt_symbols_find(&target->symbols, "_etext", &at))
		return false;
	at -= at % target->page_bytes;
	end = at + IMAGE_MAX;
	while (at < end && hole < HOLE_MAX) {
		uint32_t bytes = KT_IMAGE_BLOCK;

		/* a block with a hole in it is read by page */
		if (!kt_target_read(target, at, buffer, bytes)) {
			bytes = target->page_bytes;
			if (!kt_target_read(target, at, buffer, bytes)) {
				hole += bytes;
				at += bytes;
				continue;
			}
		}
		fn(arg, at, buffer, bytes);
		hole = 0;
		at += bytes;
	}
	return true;
}
