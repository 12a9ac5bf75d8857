// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/stored.h"

#include <errno.h>
#include <unistd.h>

size_t kt_stored_read(int fd, uint64_t at, void *to, size_t size)
{
	size_t done = 0;

	while (done < size && at + done <= INT64_MAX) {
		ssize_t n = pread(fd, (char *)to + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}
