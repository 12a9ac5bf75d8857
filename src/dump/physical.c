// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/physical.h"

#include <stdlib.h>

#define RANGES_MAX (1u << 20)

void kt_physical_close(struct kt_physical *physical)
{
	if (!physical)
		return;
	free(physical->ranges);
	physical->ops->close(physical);
}

bool kt_physical_read(struct kt_physical *physical, uint64_t at, void *to, size_t size)
{
	enum kt_physical_state state = KT_PHYSICAL_NONE;

	if (at < KT_PHYSICAL_MAX && size <= KT_PHYSICAL_MAX - at)
		state = physical->ops->read(physical, at, to, size);
	physical->nr_absent[state] += state != KT_PHYSICAL_READ;
	return state == KT_PHYSICAL_READ;
}

enum kt_physical_state kt_physical_state(struct kt_physical *physical, uint64_t at)
{
	return at < KT_PHYSICAL_MAX ? physical->ops->state(physical, at) : KT_PHYSICAL_NONE;
}

uint64_t kt_physical_skip_zeros(struct kt_physical *physical, uint64_t at)
{
	return physical->ops->skip_zeros ? physical->ops->skip_zeros(physical, at) : at;
}

uint64_t kt_physical_nr_without(const struct kt_physical *physical)
{
	uint64_t count = 0;

	for (unsigned i = KT_PHYSICAL_READ + 1; i < KT_PHYSICAL_STATES; i++)
		count += physical->nr_absent[i];
	return count;
}

bool kt_physical_add(struct kt_physical *physical, uint64_t first, uint64_t bytes, uint64_t here)
{
	size_t count = physical->nr_ranges;

	/* room for a power of two */
	if (!(count & (count - 1))) {
		size_t room = count ? count * 2 : 1;
		void *grown = count < RANGES_MAX
				      ? realloc(physical->ranges, room * sizeof(*physical->ranges))
				      : NULL;

		if (!grown)
			return false;
		physical->ranges = grown;
	}
	physical->ranges[physical->nr_ranges++] = (struct kt_physical_range){ first, bytes, here };
	return true;
}
