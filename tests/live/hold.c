// SPDX-License-Identifier: GPL-2.0-or-later
//
// Holds a known amount of memory of one kind until its standard input closes, so that a
// test can see in which row it lands. Prints "ready" once everything is allocated.
//
// usage: hold threads N | anon MIB | lock FILE | io-uring COUNT ENTRIES | perf COUNT PAGES |
//        bpf-ring COUNT BYTES | packet COUNT BLOCKS | tcp COUNT BYTES | pipes COUNT BYTES

#include "../rings.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *sleeper(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static int hold_threads(int count)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (int i = 0; i < count; i++) {
		if (pthread_create(&thread, &attr, sleeper, NULL) != 0)
			return 1;
	}
	return 0;
}

static int hold_anon(size_t mib)
{
	char *memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	memset(memory, 1, mib << 20);
	return 0;
}

static int hold_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *memory;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 1;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED || mlock(memory, (size_t)st.st_size) != 0;
}

static bool hold_pipes(long count, long bytes)
{
	char *data = calloc(1, (size_t)bytes + 1);

	for (long i = 0; data && i < count; i++) {
		int fds[2];

		if (pipe2(fds, O_NONBLOCK) != 0 || fcntl(fds[1], F_SETPIPE_SZ, (int)bytes) < 0 ||
			write(fds[1], data, (size_t)bytes) != bytes)
			return false;
	}
	free(data);
	return data != NULL;
}

static const struct {
	const char *name;
	bool (*hold)(long, long);
} kinds[] = {
	{ "io-uring", hold_io_uring },
	{ "perf", hold_perf },
	{ "bpf-ring", hold_bpf_ring },
	{ "packet", hold_packet },
	{ "tcp", hold_tcp },
	{ "pipes", hold_pipes },
};

int main(int argc, char **argv)
{
	int failed = 1;
	char byte;

	if (argc == 3 && strcmp(argv[1], "threads") == 0)
		failed = hold_threads(atoi(argv[2]));
	else if (argc == 3 && strcmp(argv[1], "anon") == 0)
		failed = hold_anon((size_t)atoi(argv[2]));
	else if (argc == 3 && strcmp(argv[1], "lock") == 0)
		failed = hold_file(argv[2]);
	for (size_t i = 0; argc == 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0)
			failed = !kinds[i].hold(atol(argv[2]), atol(argv[3]));
	}
	if (failed) {
		perror("hold");
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(EXIT_SUCCESS);
}
