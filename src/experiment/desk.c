// SPDX-License-Identifier: GPL-2.0-or-later
//
// Nothing here is checked for success: a program that does not get all it asks for is as good a
// load, and limits of the system are part of it.

#include "experiment/desk.h"

#include "base/kernel_files.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* of each program */
#define PRIVATE_BYTES (1l << 20)
#define SHARED_BYTES  (256l << 10)
#define MAPPED_BYTES  (256l << 10)
#define STACK_BYTES   (64l << 10)
#define THREADS	      3
#define PAIRS	      4 /* of sockets, and of pipes */

static void *wait_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void touch(size_t bytes, int flags, int fd, int protection)
{
	volatile char *memory = mmap(NULL, bytes, protection, flags, fd, 0);
	char letter = 0;

	for (size_t i = 0; memory != MAP_FAILED && i < bytes; i += 4096) {
		if (protection & PROT_WRITE)
			memory[i] = 1;
		else
			letter = memory[i];
	}
	(void)letter;
}

static void take_memory(void)
{
	int fd = memfd_create("ktally-load", MFD_CLOEXEC);
	int file = open("/" KT_FILE_PROGRAM_OWN, O_RDONLY | O_CLOEXEC);

	touch(PRIVATE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1, PROT_READ | PROT_WRITE);
	if (fd >= 0 && ftruncate(fd, SHARED_BYTES) == 0)
		touch(SHARED_BYTES, MAP_SHARED, fd, PROT_READ | PROT_WRITE);
	if (file >= 0 && lseek(file, 0, SEEK_END) >= MAPPED_BYTES)
		touch(MAPPED_BYTES, MAP_PRIVATE, file, PROT_READ);
}

static void watch(int poll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void open_descriptors(void)
{
	int poll = epoll_create1(EPOLL_CLOEXEC), pair[2];

	for (int i = 0; i < PAIRS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0)
			watch(poll, pair[0]);
		if (pipe2(pair, O_CLOEXEC) == 0)
			watch(poll, pair[0]);
	}
	watch(poll, eventfd(0, EFD_CLOEXEC));
	watch(poll, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	inotify_add_watch(inotify_init1(IN_CLOEXEC), "/", IN_CREATE);
}

static void start_threads(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, &attributes, wait_for_ever, NULL);
	pthread_attr_destroy(&attributes);
}

static void be_a_program(pid_t parent, int ready)
{
	char letter = 'r';

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	take_memory();
	open_descriptors();
	start_threads();
	if (write(ready, &letter, 1) == 1)
		wait_for_ever(NULL);
	_exit(1);
}

/* False: it ended before it had all it takes; the limit of the group is reached. */
static bool start_program(pid_t parent)
{
	int ready[2];
	char letter;
	bool started;
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) != 0)
		return false;
	child = fork();
	if (child == 0) {
		close(ready[0]);
		be_a_program(parent, ready[1]);
	}
	close(ready[1]);
	started = child > 0 && read(ready[0], &letter, 1) == 1;
	close(ready[0]);
	return started;
}

void kt_desk_start(int64_t most, const volatile bool *stop, volatile int64_t *count)
{
	pid_t parent = getpid();

	while (!*stop && *count < most && start_program(parent))
		++*count;
}
