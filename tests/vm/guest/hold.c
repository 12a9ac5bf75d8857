// SPDX-License-Identifier: GPL-2.0-or-later
//
// Holds a known amount of memory of one kind: allocates it in a child, returns once all of
// it is there, and leaves the child holding it until "hold free". Runs in the test machine.

#include "../../rings.h"
#include "hold_net.h"
#include "hold_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/dm-ioctl.h>
#include <linux/kexec.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HOLDERS	  "/tmp/holders"
#define MIB	  ((size_t)1 << 20)
#define STACK	  ((size_t)131072) /* the least that arm64 allows */
#define PAGE	  ((size_t)4096)
#define LARGE	  (2 * MIB)	 /* what one table of the lowest level maps */
#define SHARED_AT 0x100000000000 /* of no process by itself */

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static void *map(size_t size, int protection, int flags)
{
	void *memory = mmap(
		NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A kernel that has no others refuses. */
static void small_pages(void *memory, size_t size)
{
	(void)madvise(memory, size, MADV_NOHUGEPAGE);
}

static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static bool hold_threads(long count, long unused)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)unused;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (long i = 0; i < count; i++) {
		if (pthread_create(&thread, &attr, sleeper, NULL) != 0)
			return false;
	}
	return true;
}

/* Bytes that no compressor makes smaller. */
static void fill(uint64_t *words, size_t count)
{
	uint64_t state = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
}

static bool hold_anon(long mib, long huge)
{
	size_t size = (size_t)mib * MIB;
	char *memory = map(size + LARGE, PROT_READ | PROT_WRITE, 0);

	if (!memory)
		return false;
	memory += LARGE - (uintptr_t)memory % LARGE;
	if (huge && madvise(memory, size, MADV_HUGEPAGE) != 0)
		return false;
	if (!huge)
		small_pages(memory, size);
	fill((uint64_t *)memory, size / sizeof(uint64_t));
	return true;
}

/* Anonymous memory that was only read: the kernel maps one huge page of zeros for all of it. */
static bool hold_zeros(long mib, long unused)
{
	size_t size = (size_t)mib * MIB, at = 0;
	volatile char *memory = map(size + LARGE, PROT_READ | PROT_WRITE, 0);

	(void)unused;
	if (!memory)
		return false;
	memory += LARGE - (uintptr_t)memory % LARGE;
	if (madvise((void *)memory, size, MADV_HUGEPAGE) != 0)
		return false;
	while (at < size && !memory[at])
		at += LARGE;
	return at >= size;
}

/* Anonymous memory that was written to swap; every stride-th page is read back. */
static bool hold_swapped(long mib, long stride)
{
	size_t size = (size_t)mib * MIB;
	volatile char *memory = map(size, PROT_READ | PROT_WRITE, 0);

	if (!memory)
		return false;
	small_pages((void *)memory, size);
	fill((uint64_t *)memory, size / sizeof(uint64_t));
	if (madvise((void *)memory, size, MADV_PAGEOUT) != 0)
		return false;
	for (size_t at = 0; stride && at < size; at += (size_t)stride * PAGE)
		(void)memory[at];
	return true;
}

/* Anonymous memory in swap, of which only so many bytes of each page cannot be compressed. */
static bool hold_squeezed(long mib, long bytes)
{
	size_t size = (size_t)mib * MIB;
	char *memory = map(size, PROT_READ | PROT_WRITE, 0);

	if (!memory)
		return false;
	small_pages(memory, size);
	for (size_t at = 0; at < size; at += PAGE) {
		fill((uint64_t *)(memory + at), (size_t)bytes / sizeof(uint64_t));
		*(size_t *)(memory + at) ^= at;
	}
	return madvise(memory, size, MADV_PAGEOUT) == 0;
}

/* Huge pages of which every other small page is given back: it stays where it is. */
static bool hold_half(long mib, long unused)
{
	size_t size = (size_t)mib * MIB;
	char *memory = map(size + LARGE, PROT_READ | PROT_WRITE, 0);

	(void)unused;
	if (!memory)
		return false;
	memory += LARGE - (uintptr_t)memory % LARGE;
	if (madvise(memory, size, MADV_HUGEPAGE) != 0)
		return false;
	fill((uint64_t *)memory, size / sizeof(uint64_t));
	for (size_t at = 0; at < size; at += 2 * PAGE) {
		if (madvise(memory + at, PAGE, MADV_DONTNEED) != 0)
			return false;
	}
	return true;
}

/* Pages that the kernel takes out of use, as after a memory error. They do not come back. */
static bool hold_poison(long count, long unused)
{
	char *memory = map((size_t)count * PAGE, PROT_READ | PROT_WRITE, 0);

	(void)unused;
	if (!memory)
		return false;
	small_pages(memory, (size_t)count * PAGE);
	fill((uint64_t *)memory, (size_t)count * PAGE / sizeof(uint64_t));
	for (long i = 0; i < count; i++) {
		if (madvise(memory + (size_t)i * PAGE, PAGE, MADV_SOFT_OFFLINE) != 0)
			return false;
	}
	return true;
}

/* Memory that the kernel itself has no mapping of. */
static bool hold_secret(long mib, long unused)
{
	size_t size = (size_t)mib * MIB;
	int fd = (int)syscall(SYS_memfd_secret, 0);
	char *memory;

	(void)unused;
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return false;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return false;
	memset(memory, 1, size);
	return true;
}

/* One page of zeros mapped in each 2 MiB: a table of the lowest level each, no memory. */
static bool hold_tables(long count, long unused)
{
	volatile char *memory = map((size_t)count * LARGE, PROT_READ, 0);

	(void)unused;
	if (!memory)
		return false;
	small_pages((void *)memory, (size_t)count * LARGE);
	for (long i = 0; i < count; i++)
		(void)memory[(size_t)i * LARGE];
	return true;
}

/* A file that each holder maps at one address: a page of each table is touched. */
static bool hold_shared(long tables, long unused)
{
	size_t size = (size_t)tables * LARGE;
	int fd = open("/shm/shared", O_RDWR | O_CREAT, 0600);
	volatile char *memory;

	(void)unused;
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return false;
	memory = mmap((void *)SHARED_AT, size, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (memory == MAP_FAILED)
		return false;
	for (long i = 0; i < tables; i++)
		(void)memory[(size_t)i * LARGE];
	return true;
}

static bool hold_hugetlb(long count, long unused)
{
	char *memory = map((size_t)count * LARGE, PROT_READ | PROT_WRITE, MAP_HUGETLB);

	(void)unused;
	for (long i = 0; memory && i < count; i++)
		memory[(size_t)i * LARGE] = 1;
	return memory != NULL;
}

static bool hold_sysv(long mib, long unused)
{
	int id = shmget(IPC_PRIVATE, (size_t)mib * MIB, IPC_CREAT | 0600);
	void *memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	(void)unused;
	if (memory == (void *)-1)
		return false;
	shmctl(id, IPC_RMID, NULL);
	memset(memory, 1, (size_t)mib * MIB);
	return true;
}

static bool hold_lock(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *memory;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	return memory != MAP_FAILED && mlock(memory, (size_t)st.st_size) == 0;
}

/* Names that are looked up and do not exist. They outlive the process. */
static bool look_up(const char *folder, long count, long from)
{
	char path[256];
	struct stat st;

	for (long i = from; i < from + count; i++) {
		snprintf(path, sizeof(path), "%s/no-%ld", folder, i);
		if (stat(path, &st) == 0 || errno != ENOENT)
			return false;
	}
	return true;
}

/* Empty files. They outlive the process. */
static bool create(const char *folder, long count)
{
	char path[256];

	for (long i = 0; i < count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/f%ld", folder, i);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			return false;
		close(fd);
	}
	return true;
}

/* Files that never had a name: nothing is paid for a directory. */
static bool hold_inodes(long count, long unused)
{
	(void)unused;
	for (long i = 0; i < count; i++) {
		if (open("/tmp", O_TMPFILE | O_RDWR, 0600) < 0)
			return false;
	}
	return true;
}

static bool hold_epoll(long watchers, long watched)
{
	int targets[4096];

	for (long i = 0; i < watched && i < 4096; i++) {
		targets[i] = eventfd(0, 0);
		if (targets[i] < 0)
			return false;
	}
	for (long i = 0; i < watchers; i++) {
		struct epoll_event event = { .events = EPOLLIN };
		int epoll = epoll_create1(0);

		for (long k = 0; k < watched && k < 4096; k++) {
			if (epoll_ctl(epoll, EPOLL_CTL_ADD, targets[k], &event) != 0)
				return false;
		}
	}
	return true;
}

static bool hold_pipes(long count, long pages)
{
	static char data[PAGE];

	for (long i = 0; i < count; i++) {
		int fds[2];

		if (pipe2(fds, O_NONBLOCK) != 0)
			return false;
		for (long k = 0; k < pages; k++) {
			if (write(fds[1], data, PAGE) != (ssize_t)PAGE)
				return false;
		}
	}
	return true;
}

/* Pairs of sockets, each with one message that nobody reads. */
static bool hold_sockets(long count, long bytes)
{
	char *data = calloc(1, (size_t)bytes + 1);

	for (long i = 0; data && i < count; i++) {
		int fds[2];

		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0)
			return false;
		if (bytes && send(fds[0], data, (size_t)bytes, 0) != bytes)
			return false;
	}
	free(data);
	return data != NULL;
}

/* Signals that wait: an object of slab for each, and nothing else. */
static bool hold_signals(long count, long unused)
{
	struct rlimit limit = { (rlim_t)count + 4096, (rlim_t)count + 4096 };
	sigset_t set;

	(void)unused;
	setrlimit(RLIMIT_SIGPENDING, &limit);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (long i = 0; i < count; i++) {
		if (sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }) != 0)
			return false;
	}
	return true;
}

static bool hold_map(enum bpf_map_type type, long value_size, long count)
{
	union bpf_attr attr = { 0 };

	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = (uint32_t)value_size;
	attr.max_entries = (uint32_t)count;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) >= 0;
}

static bool hold_bpf_array(long value_size, long count)
{
	return hold_map(BPF_MAP_TYPE_ARRAY, value_size, count);
}

static bool hold_bpf_percpu(long value_size, long count)
{
	return hold_map(BPF_MAP_TYPE_PERCPU_ARRAY, value_size, count);
}

/* Ports of UDP. */
static bool hold_udp(long count, long unused)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	(void)unused;
	for (long i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
			return false;
	}
	return true;
}

static bool hold_netns(long count, long unused)
{
	(void)unused;
	for (long i = 0; i < count; i++) {
		if (unshare(CLONE_NEWNET) != 0 || open("/proc/self/ns/net", O_RDONLY) < 0)
			return false;
	}
	return true;
}

/* Timers that never run out. */
static bool hold_timers(long count, long unused)
{
	struct rlimit limit = { (rlim_t)count + 4096, (rlim_t)count + 4096 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	timer_t timer;

	(void)unused;
	setrlimit(RLIMIT_SIGPENDING, &limit);
	for (long i = 0; i < count; i++) {
		if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
			return false;
	}
	return true;
}

/* A process of each of these users; they end with their parent. */
static bool hold_users(long count, long first)
{
	for (long i = 0; i < count; i++) {
		int ready[2];
		char byte = 0;
		pid_t pid = pipe(ready) == 0 ? fork() : -1;

		if (pid == 0) {
			byte = setuid((uid_t)(first + i)) == 0 &&
			       prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
			if (write(ready[1], &byte, 1) != 1 || !byte)
				_exit(EXIT_FAILURE);
			for (int fd = 0; fd < 1024; fd++)
				close(fd);
			sleeper(NULL);
		}
		if (pid < 0 || read(ready[0], &byte, 1) != 1 || !byte)
			return false;
		close(ready[0]);
		close(ready[1]);
	}
	return true;
}

/* Asks the device mapper for a device; with a table of one target that answers with errors. */
static bool ask_mapper(int control, unsigned long request, long number, bool table)
{
	struct {
		struct dm_ioctl head;
		struct dm_target_spec target;
		char parameters[8];
	} ask = { .head = { .version = { DM_VERSION_MAJOR, 0, 0 },
			  .data_size = sizeof(ask),
			  .data_start = sizeof(ask.head),
			  .target_count = table },
		.target = { .length = 2048, .target_type = "error" } };

	snprintf(ask.head.name, sizeof(ask.head.name), "ktally%ld", number);
	return ioctl(control, request, &ask) == 0;
}

/* Devices of the device mapper, which stay after the process; 0: removes them. */
static bool hold_mapper(long count, long unused)
{
	int control = open("/dev/mapper/control", O_RDWR);

	(void)unused;
	for (long i = 0; i < count; i++) {
		if (!ask_mapper(control, DM_DEV_CREATE, i, false) ||
			!ask_mapper(control, DM_TABLE_LOAD, i, true) ||
			!ask_mapper(control, DM_DEV_SUSPEND, i, false)) /* resumes it */
			return false;
	}
	for (long i = 0; !count; i++) {
		if (!ask_mapper(control, DM_DEV_REMOVE, i, false))
			return i > 0;
	}
	return true;
}

static const struct {
	const char *name;
	bool (*hold)(long, long);
} kinds[] = {
	{ "threads", hold_threads },
	{ "anon", hold_anon },
	{ "zeros", hold_zeros },
	{ "swapped", hold_swapped },
	{ "squeezed", hold_squeezed },
	{ "half", hold_half },
	{ "poison", hold_poison },
	{ "secret", hold_secret },
	{ "tables", hold_tables },
	{ "shared", hold_shared },
	{ "hugetlb", hold_hugetlb },
	{ "sysv", hold_sysv },
	{ "inodes", hold_inodes },
	{ "epoll", hold_epoll },
	{ "pipes", hold_pipes },
	{ "sockets", hold_sockets },
	{ "signals", hold_signals },
	{ "bpf-array", hold_bpf_array },
	{ "bpf-percpu", hold_bpf_percpu },
	{ "netns", hold_netns },
	{ "io-uring", hold_io_uring },
	{ "perf", hold_perf },
	{ "bpf-ring", hold_bpf_ring },
	{ "packet", hold_packet },
	{ "tcp", hold_tcp },
	{ "udp", hold_udp },
	{ "timers", hold_timers },
	{ "users", hold_users },
	{ "mptcp", hold_mptcp },
	{ "neighbours", hold_neighbours },
	{ "netlink", hold_netlink },
	{ "unix-data", hold_unix_data },
	{ "udp-data", hold_udp_data },
	{ "tcp-data", hold_tcp_data },
	{ "xdp", hold_xdp },
	{ "mapper", hold_mapper },
};

static bool allocate(int argc, char **argv)
{
	struct rlimit files = { 1 << 20, 1 << 20 };
	struct rlimit locked = { RLIM_INFINITY, RLIM_INFINITY };
	long a = argc > 2 ? atol(argv[2]) : 0, b = argc > 3 ? atol(argv[3]) : 0;

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_MEMLOCK, &locked);
	if (strcmp(argv[1], "lock") == 0 && argc > 2)
		return hold_lock(argv[2]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0)
			return kinds[i].hold(a, b);
	}
	errno = EINVAL;
	return false;
}

/* "hold KIND A B TIMES": takes the same again so many times, once a second. */
static void grow(int argc, char **argv)
{
	for (long times = argc > 4 ? atol(argv[4]) : 0; times > 0; times--) {
		sleep(1);
		if (!allocate(argc, argv))
			break;
	}
}

/* The child holds; the parent goes when the child says that everything is there. */
static int hold(int argc, char **argv)
{
	int ready[2];
	char byte = 0;
	pid_t pid;
	FILE *list;

	if (pipe(ready) != 0)
		return EXIT_FAILURE;
	pid = fork();
	if (pid == 0) {
		byte = allocate(argc, argv);
		if (!byte)
			perror(argv[1]);
		if (write(ready[1], &byte, 1) != 1 || !byte)
			_exit(EXIT_FAILURE);
		close(ready[0]);
		close(ready[1]);
		for (int fd = 0; fd <= 2; fd++)
			close(fd);
		grow(argc, argv);
		sleeper(NULL);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1 || !byte)
		return EXIT_FAILURE;
	list = fopen(HOLDERS, "a");
	if (!list || fprintf(list, "%d\n", (int)pid) < 0 || fclose(list) != 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

/* Loads a kernel that a panic starts, with an initial RAM disk and a command line. */
static bool load_crash_kernel(char **argv)
{
	int kernel = open(argv[0], O_RDONLY), initrd = open(argv[1], O_RDONLY);

	if (kernel >= 0 && initrd >= 0 &&
		syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[2]) + 1, argv[2],
			KEXEC_FILE_ON_CRASH) == 0)
		return true;
	printf("%s\n", strerror(errno));
	return false;
}

static int free_all(void)
{
	FILE *list = fopen(HOLDERS, "r");
	int pid;

	if (!list)
		return EXIT_SUCCESS;
	while (fscanf(list, "%d", &pid) == 1) {
		kill(pid, SIGKILL);
		while (kill(pid, 0) == 0)
			usleep(2000);
	}
	fclose(list);
	return truncate(HOLDERS, 0) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool ok;

	if (argc < 2)
		return EXIT_FAILURE;
	if (strcmp(argv[1], "free") == 0)
		return free_all();
	if (strcmp(argv[1], "unclaimed") == 0)
		ok = print_unclaimed();
	else if (argc == 5 && strcmp(argv[1], "crash-kernel") == 0)
		ok = load_crash_kernel(argv + 2);
	else if (argc >= 4 && strcmp(argv[1], "look-up") == 0)
		ok = look_up(argv[2], atol(argv[3]), argc > 4 ? atol(argv[4]) : 0);
	else if (argc == 4 && strcmp(argv[1], "create") == 0)
		ok = create(argv[2], atol(argv[3]));
	else
		return hold(argc, argv);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
