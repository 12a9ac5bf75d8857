// SPDX-License-Identifier: GPL-2.0-or-later
//
// Holds so many threads, with the smallest stacks there are, until its input ends.
// usage: threads COUNT

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 50000

static void *wait_for_ever(void *arg)
{
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	pthread_attr_t attr;
	char byte;

	if (count < 0 || count > THREADS_MAX || pthread_attr_init(&attr) ||
		pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN)) {
		fprintf(stderr, "usage: threads COUNT\n");
		return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++) {
		pthread_t thread;

		if (pthread_create(&thread, &attr, wait_for_ever, NULL)) {
			fprintf(stderr, "threads: only %d\n", i);
			return EXIT_FAILURE;
		}
	}
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
