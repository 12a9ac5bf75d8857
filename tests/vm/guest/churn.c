// SPDX-License-Identifier: GPL-2.0-or-later
//
// Keeps the kernel's structures in motion, and watches its counters while a command runs. Runs in
// the test machine:
//
//   churn run SECONDS [MODULE.ko]   a process for each kind below, until the time is over; then
//                                   a line "KIND LOOPS FAILURES" for each
//   churn watch SECONDS NICENESS FILE COMMAND...   runs a command, for so long at most, with its
//                                   output in FILE and FILE.errors; then "status N" or "signal N",
//                                   "ms N", and a line "COUNTER LEAST MOST" for each counter

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	     ((size_t)4096)
#define FOLDER	     "/tmp/churn"
#define CGROUPS	     "/sys/fs/cgroup"
#define CHILDREN     16	    /* at a time */
#define FILES	     400    /* in a directory */
#define WATCHED	     500    /* by an epoll */
#define SIGNALS	     500    /* that wait for a process */
#define PAUSE_US     1000   /* after each loop */
#define MODULE_US    200000 /* a module stays for so long */
#define SAMPLE_MS    10
#define RMDIR_TRIES  200
#define COUNTERS_MAX 32

static int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- kinds of churn: each does something, undoes it, and returns whether all of it worked ---- */

static bool wait_children(int count)
{
	bool ok = true;
	int status;

	for (int i = 0; i < count; i++) {
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
			ok = false;
	}
	return ok;
}

/* A third of the children become another program. */
static void be_child(int number)
{
	char *memory =
		mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(EXIT_FAILURE);
	for (size_t i = 0; i < 16; i++)
		memory[i * PAGE] = 1;
	if (number % 3 == 0)
		execl("/bin/busybox", "busybox", "true", NULL);
	_exit(EXIT_SUCCESS);
}

static bool churn_forks(const char *unused)
{
	int count = 0;

	(void)unused;
	for (; count < CHILDREN; count++) {
		pid_t pid = fork();

		if (pid == 0)
			be_child(count);
		if (pid < 0)
			break;
	}
	return wait_children(count) && count == CHILDREN;
}

static bool make_files(const char *folder, int count)
{
	char path[128];

	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%d-a-name-that-is-too-long-for-a-dentry-%d",
			folder, i, i);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd < 0 || write(fd, path, sizeof(path)) != (ssize_t)sizeof(path))
			return false;
		close(fd);
	}
	return true;
}

/* Looks at each file, looks for one that is not there, and removes it if that is wanted. */
static bool walk_files(const char *folder, bool remove_all)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	bool ok = dir != NULL;
	char path[512];
	struct stat st;

	while (ok && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s.no", folder, entry->d_name);
		ok = stat(path, &st) != 0;
		path[strlen(path) - strlen(".no")] = '\0';
		ok = ok && stat(path, &st) == 0 && (!remove_all || unlink(path) == 0);
	}
	if (dir)
		closedir(dir);
	return ok;
}

static bool churn_files(const char *unused)
{
	(void)unused;
	return mkdir(FOLDER "/files", 0700) == 0 && make_files(FOLDER "/files", FILES) &&
	       walk_files(FOLDER "/files", false) && walk_files("/proc/self", false) &&
	       walk_files(FOLDER "/files", true) && rmdir(FOLDER "/files") == 0;
}

static bool churn_mounts(const char *unused)
{
	bool ok = mkdir(FOLDER "/mount", 0700) == 0 &&
		  mount("churn", FOLDER "/mount", "tmpfs", 0, "size=4m") == 0;

	(void)unused;
	ok = ok && make_files(FOLDER "/mount", FILES / 8);
	return umount2(FOLDER "/mount", 0) == 0 && rmdir(FOLDER "/mount") == 0 && ok;
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/*
 * The test module is unloaded and loaded again; it is there afterwards. What it holds goes with it:
 * a slab cache of its own, threads, per-CPU memory.
 */
static bool churn_module(const char *path)
{
	static const char *const held[] = { "cache 200 2000", "threads 0 16", "percpu 4096 300" };
	bool ok = syscall(SYS_delete_module, "ktally_test", O_NONBLOCK) == 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ok = fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0 && ok;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		ok = write_text("/sys/kernel/debug/ktally_test/command", held[i]) && ok;
	usleep(MODULE_US);
	return ok && write_text("/sys/kernel/debug/ktally_test/command", "free");
}

/* A child opens files in a cgroup that goes when it ended. */
static bool churn_cgroups(const char *unused)
{
	static const char folder[] = CGROUPS "/churn";
	bool ok = mkdir(folder, 0755) == 0;
	pid_t pid = ok ? fork() : -1;

	(void)unused;
	if (pid == 0) {
		bool done = write_text(CGROUPS "/churn/cgroup.procs", "0");
		int fds[2];

		for (int i = 0; done && i < CHILDREN; i++)
			done = pipe(fds) == 0 && eventfd(0, 0) >= 0;
		_exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	ok = pid > 0 && wait_children(1);
	/* an ended process leaves its cgroup a little later */
	for (int i = 0; i < RMDIR_TRIES; i++) {
		if (rmdir(folder) == 0)
			return ok;
		usleep(PAUSE_US);
	}
	return false;
}

static bool churn_sockets(const char *unused)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	char data[2048] = { 0 };
	bool ok = true;
	int fds[2];

	(void)unused;
	for (int i = 0; ok && i < CHILDREN; i++) {
		ok = socketpair(AF_UNIX, types[i % 2], 0, fds) == 0;
		for (int k = 0; ok && k < 8; k++)
			ok = send(fds[0], data, sizeof(data), 0) == (ssize_t)sizeof(data);
		if (ok) {
			close(fds[0]);
			close(fds[1]);
		}
	}
	return ok;
}

static bool churn_epoll(const char *unused)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0), fds[WATCHED], count = 0;

	(void)unused;
	for (; epoll >= 0 && count < WATCHED; count++) {
		fds[count] = eventfd(0, 0);
		if (fds[count] < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fds[count], &event) != 0)
			break;
	}
	close(epoll);
	for (int i = 0; i < count; i++)
		close(fds[i]);
	return count == WATCHED;
}

/* The kernel has an object for each signal that waits, and frees it at once. */
static bool churn_signals(const char *unused)
{
	const struct timespec none = { 0 };
	sigset_t set;
	int count = 0;

	(void)unused;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (count < SIGNALS && sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }) == 0)
		count++;
	for (int i = 0; i < count; i++) {
		if (sigtimedwait(&set, NULL, &none) < 0)
			return false;
	}
	return count == SIGNALS;
}

static const struct {
	const char *name;
	bool (*once)(const char *module);
} kinds[] = {
	{ "forks", churn_forks }, { "files", churn_files }, { "mounts", churn_mounts },
	{ "cgroups", churn_cgroups }, { "sockets", churn_sockets }, { "epoll", churn_epoll },
	{ "signals", churn_signals }, { "module", churn_module }, /* last: it may be left out */
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct tally {
	long loops, failures;
};

static void be_worker(size_t kind, int64_t ends_ms, const char *module, struct tally *tally)
{
	struct rlimit files = { 4096, 4096 }, signals = { RLIM_INFINITY, RLIM_INFINITY };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_SIGPENDING, &signals);
	while (now_ms() < ends_ms) {
		tally->failures += !kinds[kind].once(module);
		tally->loops++;
		usleep(PAUSE_US);
	}
	_exit(EXIT_SUCCESS);
}

static int run(long seconds, const char *module)
{
	size_t count = module ? NR_KINDS : NR_KINDS - 1;
	struct tally *tallies =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t ends_ms = now_ms() + seconds * 1000;

	if (tallies == MAP_FAILED || mkdir(FOLDER, 0700) != 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			be_worker(i, ends_ms, module, &tallies[i]);
		tallies[i].failures += pid < 0;
	}
	while (wait(NULL) > 0)
		;
	rmdir(FOLDER);
	for (size_t i = 0; i < count; i++)
		printf("%s %ld %ld\n", kinds[i].name, tallies[i].loops, tallies[i].failures);
	return EXIT_SUCCESS;
}

/* ---- counters, while a command runs ---- */

struct counter {
	char name[32];
	long long least, most;
};

struct watch {
	struct counter counters[COUNTERS_MAX];
	size_t count;
};

static void note(struct watch *watch, const char *name, long long value)
{
	size_t i = 0;

	while (i < watch->count && strcmp(watch->counters[i].name, name) != 0)
		i++;
	if (i == COUNTERS_MAX)
		return;
	if (i == watch->count) {
		struct counter *counter = &watch->counters[watch->count++];

		snprintf(counter->name, sizeof(counter->name), "%s", name);
		counter->least = counter->most = value;
	}
	if (value < watch->counters[i].least)
		watch->counters[i].least = value;
	if (value > watch->counters[i].most)
		watch->counters[i].most = value;
}

static void sample_meminfo(struct watch *watch)
{
	static const char *const wanted[] = { "Slab", "KernelStack", "Percpu", "PageTables" };
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128], name[32];
	long long kib;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%31[^:]: %lld", name, &kib) != 2)
			continue;
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			if (strcmp(name, wanted[i]) == 0)
				note(watch, name, kib * 1024);
		}
	}
	if (file)
		fclose(file);
}

static void sample_first(struct watch *watch, const char *name, const char *path)
{
	FILE *file = fopen(path, "r");
	long long value;

	if (file && fscanf(file, "%lld", &value) == 1)
		note(watch, name, value);
	if (file)
		fclose(file);
}

static void sample(struct watch *watch)
{
	FILE *file = fopen("/proc/loadavg", "r");
	long long threads;

	sample_meminfo(watch);
	sample_first(watch, "dentries", "/proc/sys/fs/dentry-state");
	sample_first(watch, "inodes", "/proc/sys/fs/inode-nr");
	if (file && fscanf(file, "%*f %*f %*f %*d/%lld", &threads) == 1)
		note(watch, "threads", threads);
	if (file)
		fclose(file);
}

static bool send_to(const char *path, int fd)
{
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	return file >= 0 && dup2(file, fd) == fd;
}

static pid_t start(int niceness, const char *output, char **command)
{
	char errors[128];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(errors, sizeof(errors), "%s.errors", output);
	if (setpriority(PRIO_PROCESS, 0, niceness) == 0 && send_to(output, STDOUT_FILENO) &&
		send_to(errors, STDERR_FILENO))
		execvp(command[0], command);
	_exit(EXIT_FAILURE);
}

static int watch(long seconds, int niceness, const char *output, char **command)
{
	static struct watch watched;
	int64_t started_ms = now_ms();
	int status = 0;
	pid_t pid;

	sample(&watched);
	pid = start(niceness, output, command);
	if (pid < 0)
		return EXIT_FAILURE;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() > started_ms + seconds * 1000)
			kill(pid, SIGKILL);
		sample(&watched);
		poll(NULL, 0, SAMPLE_MS);
	}
	printf("ms %lld\n", (long long)(now_ms() - started_ms));
	sample(&watched);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("status %d\n", WEXITSTATUS(status));
	for (size_t i = 0; i < watched.count; i++)
		printf("%s %lld %lld\n", watched.counters[i].name, watched.counters[i].least,
			watched.counters[i].most);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "run") == 0)
		return run(atol(argv[2]), argv[3]);
	if (argc >= 6 && strcmp(argv[1], "watch") == 0)
		return watch(atol(argv[2]), atoi(argv[3]), argv[4], argv + 5);
	return EXIT_FAILURE;
}
