// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bare cost of the kernel's own work: opens, reads and closes the files named on the
// command line and does nothing with them. "dev/kmsg" is read as the kernel hands it out,
// one record a read, to its end.
//
//   readfiles [-i SECONDS -n COUNT] FILE...

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
	double interval_s = 0;
	long count = 1;
	int option;

	while ((option = getopt(argc, argv, "i:n:")) != -1) {
		if (option == 'i')
			interval_s = strtod(optarg, NULL);
		else if (option == 'n')
			count = strtol(optarg, NULL, 10);
		else
			return EXIT_FAILURE;
	}
	if (chdir("/") < 0)
		return EXIT_FAILURE;
	for (; count > 0; count--) {
		for (int i = optind; i < argc; i++)
			read_file(argv[i]);
		if (interval_s > 0 && count > 1)
			usleep((useconds_t)(interval_s * 1e6));
	}
	return EXIT_SUCCESS;
}
