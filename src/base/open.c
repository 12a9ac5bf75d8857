// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int kt_open_place(int place, unsigned kinds, int flags)
{
	char name[32];
	struct stat st;
	int fd;

	if (fstat(place, &st) < 0)
		return -1;
	flags = (flags & ~O_NOFOLLOW) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	if (S_ISDIR(st.st_mode) && kinds & KT_OPEN_DIRECTORY)
		return openat(place, ".", flags | O_DIRECTORY);
	if (!S_ISREG(st.st_mode) || !(kinds & KT_OPEN_FILE)) {
		errno = S_ISDIR(st.st_mode)   ? EISDIR
			: S_ISREG(st.st_mode) ? ENOTDIR
			: S_ISLNK(st.st_mode) ? ELOOP
					      : KT_OPEN_OTHER;
		return -1;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	fd = open(name, flags);
	if (fd >= 0 && !kt_open_same(place, fd)) {
		/* the file system at /proc is not procfs */
		close(fd);
		fd = -1;
		errno = ENOENT;
	}
	return fd;
}

int kt_open_same(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/*
 * Without /proc the name is looked up twice. In between, a user who may write to the directory can
 * put a FIFO there, which O_NONBLOCK makes harmless; placing a device node needs root.
 */
static int open_again(int dirfd, const char *path, int flags, int place)
{
	int fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && !kt_open_same(place, fd)) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	return fd;
}

int kt_open_kind(int dirfd, const char *path, unsigned kinds, int flags)
{
	int place = openat(dirfd, path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW)), fd, errnum;

	if (place < 0)
		return -1;
	fd = kt_open_place(place, kinds, flags);
	if (fd < 0 && errno == ENOENT)
		fd = open_again(dirfd, path, flags, place);
	errnum = errno;
	close(place);
	errno = errnum;
	return fd;
}
