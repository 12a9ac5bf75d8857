// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two loops of system calls that allocate and free slab objects, and little else: access() on a
// name that does not exist (one object, two events), and a datagram of 32 bytes over a local socket
// (two objects, four events). Prints ns a call, the median of slices.
//
// usage: alloc_loops access|datagram [SECONDS]

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLICES 21
#define BATCH  1000

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void call(int way, const int fds[2])
{
	char bytes[32] = { 0 };

	if (!way)
		(void)!access("/no-such-name-in-the-root-directory", F_OK);
	else if (send(fds[0], bytes, sizeof(bytes), 0) < 0 ||
		 recv(fds[1], bytes, sizeof(bytes), 0) < 0)
		exit(EXIT_FAILURE);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int way = argc > 1 && strcmp(argv[1], "datagram") == 0, fds[2];
	double seconds = argc > 2 ? atof(argv[2]) : 1, slices[SLICES];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
		return EXIT_FAILURE;
	for (int i = 0; i < SLICES; i++) {
		double begun = now_ns(), ends = begun + seconds * 1e9 / SLICES, now = begun;
		long calls = 0;

		while (now < ends) {
			for (int k = 0; k < BATCH; k++)
				call(way, fds);
			calls += BATCH;
			now = now_ns();
		}
		slices[i] = (now - begun) / (double)calls;
	}
	qsort(slices, SLICES, sizeof(*slices), by_size);
	printf("%.1f\n", slices[SLICES / 2]);
	return EXIT_SUCCESS;
}
