// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HOLD_PAGES_H
#define KT_HOLD_PAGES_H

/** Pages that no class of /proc/kpageflags claims; included by hold.c only. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Number of the pages in [first, last] that carry none of the flags below: free ones and
 * those that no class of the kernel claims. include/uapi/linux/kernel-page-flags.h; 32 is
 * KPF_RESERVED.
 */
static inline uint64_t unclaimed(int fd, uint64_t first, uint64_t last)
{
	static const uint64_t claimed = 1 << 3 | 1 << 5 | 1 << 7 | 1 << 11 | 1 << 12 | 1 << 13 |
					1 << 14 | 1 << 17 | 1 << 19 | 1 << 20 | 1 << 23 | 1 << 24 |
					1 << 26 | 1ull << 32;
	static uint64_t flags[8192];
	uint64_t found = 0;

	while (first <= last) {
		size_t count = last - first + 1 < 8192 ? last - first + 1 : 8192;
		ssize_t got = pread(fd, flags, count * 8, (off_t)(first * 8));

		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / 8; i++)
			found += !(flags[i] & claimed);
		first += (uint64_t)got / 8;
	}
	return found;
}

static inline bool print_unclaimed(void)
{
	FILE *map = fopen("/proc/iomem", "r");
	int fd = open("/proc/kpageflags", O_RDONLY);
	char line[256];
	uint64_t start, end, sum = 0, page = (uint64_t)sysconf(_SC_PAGESIZE);

	while (map && fd >= 0 && fgets(line, sizeof(line), map)) {
		if (line[0] != ' ' && strstr(line, ": System RAM") &&
			sscanf(line, "%lx-%lx", &start, &end) == 2)
			sum += unclaimed(fd, (start + page - 1) / page, (end + 1) / page - 1);
	}
	return map && fd >= 0 && printf("%lu\n", sum * page) > 0;
}

#endif
