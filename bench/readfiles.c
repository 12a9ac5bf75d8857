// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bare cost of the kernel's own work: opens, reads and closes the files named on the
// command line and does nothing with them. "dev/kmsg" is read as the kernel hands it out,
// one record a read, to its end.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	do {
		n = read(fd, buffer, sizeof(buffer));
	} while (n > 0 || (n < 0 && errno == EPIPE));
	close(fd);
}

int main(int argc, char **argv)
{
	if (chdir("/") < 0)
		return EXIT_FAILURE;
	for (int i = 1; i < argc; i++)
		read_file(argv[i]);
	return EXIT_SUCCESS;
}
