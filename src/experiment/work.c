// SPDX-License-Identifier: GPL-2.0-or-later
#include "experiment/work.h"

#include "experiment/desk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEPTH_MAX	 64
#define STEP_BYTES	 (1l << 20)
#define FILE_BYTES	 3000
#define FILES_IN_FOLDER	 100
#define FILES_OF_PROCESS 50 /* files for each short process */
#define NAME_BYTES	 32
#define NICE		 10
#define GRACE_MS	 10000

/* Written by the load, read by the experiment; `stop` the other way round. */
struct kt_work_shared {
	volatile int64_t count;
	volatile bool stop;
};

struct kt_stop_mask {
	sigset_t mask;
};

/* ---- loads, in a process of their own ---- */

struct walk {
	struct kt_work_shared *shared;
	int64_t most;
	dev_t device;
};

static bool goes_on(const struct kt_work_shared *shared, int64_t most)
{
	return !shared->stop && shared->count < most;
}

/* `fd` is closed. Looking a file up makes its dentry and its inode. */
static void walk_directory(struct walk *walk, int fd, unsigned depth)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		close(fd);
		return;
	}
	while (goes_on(walk->shared, walk->most) && (entry = readdir(directory))) {
		struct stat stat;
		int below;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) !=
				0)
			continue;
		walk->shared->count++;
		if (!S_ISDIR(stat.st_mode) || stat.st_dev != walk->device || depth >= DEPTH_MAX)
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			walk_directory(walk, below, depth + 1);
	}
	closedir(directory);
}

static void walk(const struct kt_work *work, struct kt_work_shared *shared)
{
	struct walk walk = { shared, work->most, 0 };
	int fd = open(work->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return;
	if (fstat(fd, &stat) == 0) {
		walk.device = stat.st_dev;
		walk_directory(&walk, fd, 0);
	} else
		close(fd);
}

static void fill(const struct kt_work *work, struct kt_work_shared *shared)
{
	while (goes_on(shared, work->most)) {
		char *memory = mmap(NULL, STEP_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return;
		memset(memory, 1, STEP_BYTES);
		shared->count += STEP_BYTES;
	}
}

static void name_folder(int64_t number, char ret[NAME_BYTES])
{
	snprintf(ret, NAME_BYTES, "d%lld", (long long)(number / FILES_IN_FOLDER));
}

static void name_file(int64_t number, char ret[NAME_BYTES])
{
	snprintf(ret, NAME_BYTES, "f%lld", (long long)number);
}

static bool make_file(int at, int64_t number)
{
	char folder[NAME_BYTES], file[NAME_BYTES], text[FILE_BYTES];
	int below, fd;
	bool done;

	name_folder(number, folder);
	name_file(number, file);
	if (number % FILES_IN_FOLDER == 0 && mkdirat(at, folder, 0700) != 0)
		return false;
	below = openat(at, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = below < 0 ? -1 : openat(below, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	memset(text, 'x', sizeof(text));
	done = fd >= 0 && write(fd, text, sizeof(text)) == (ssize_t)sizeof(text) &&
	       pread(fd, text, sizeof(text), 0) == (ssize_t)sizeof(text);
	if (fd >= 0)
		close(fd);
	if (below >= 0)
		close(below);
	return done;
}

static void short_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void make(const struct kt_work *work, struct kt_work_shared *shared)
{
	int at = open(work->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (at >= 0 && goes_on(shared, work->most) && make_file(at, shared->count)) {
		if (shared->count % FILES_OF_PROCESS == 0)
			short_process();
		shared->count++;
	}
	if (at >= 0)
		close(at);
}

/* Without a group it must not run. Of processes that lack memory this one is killed first. */
static bool enter(const struct kt_load_group *group, pid_t parent)
{
	struct kt_err *err = kt_load_group_write(group->own, "cgroup.procs", "0");
	bool entered = !err;
	sigset_t none;

	kt_err_free(err);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "ktally-load");
	if (nice(NICE) < 0)
		errno = 0;
	return entered && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* Says that the load is done, and stands still until the experiment ends it. */
static void stand_still(int done, int hold)
{
	char letter = 'd';

	if (write(done, &letter, 1) == 1)
		while (read(hold, &letter, 1) < 0 && errno == EINTR)
			continue;
}

static void work_in_child(const struct kt_load_group *group, const struct kt_work *work,
	struct kt_work_shared *shared, pid_t parent, int done, int hold)
{
	if (!enter(group, parent))
		_exit(1);
	switch (work->kind) {
	case KT_WORK_WALK: walk(work, shared); break;
	case KT_WORK_FILL: fill(work, shared); break;
	case KT_WORK_MAKE: make(work, shared); break;
	case KT_WORK_DESK: kt_desk_start(work->most, &shared->stop, &shared->count); break;
	}
	stand_still(done, hold);
	_exit(0);
}

/* ---- the experiment ---- */

struct kt_err *kt_stop_open(struct kt_stop *ret_stop)
{
	sigset_t signals;

	*ret_stop = (struct kt_stop){ .fd = -1, .before = calloc(1, sizeof(*ret_stop->before)) };
	if (!ret_stop->before)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &ret_stop->before->mask);
	ret_stop->fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return ret_stop->fd < 0 ? kt_err_os(errno, "signals") : NULL;
}

bool kt_stop_asked(const struct kt_stop *stop)
{
	struct pollfd fd = { .fd = stop->fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* The signal that stopped the experiment is taken: the experiment's error reports it. */
void kt_stop_close(struct kt_stop *stop)
{
	struct signalfd_siginfo info;

	while (stop->fd >= 0 && read(stop->fd, &info, sizeof(info)) > 0)
		continue;
	if (stop->fd >= 0)
		close(stop->fd);
	if (stop->before)
		sigprocmask(SIG_SETMASK, &stop->before->mask, NULL);
	free(stop->before);
	*stop = (struct kt_stop){ .fd = -1 };
}

static int timer_of(int64_t seconds)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	const struct itimerspec after = { .it_value.tv_sec = seconds };

	if (timer >= 0 && timerfd_settime(timer, 0, &after, NULL) != 0) {
		close(timer);
		return -1;
	}
	return timer;
}

static struct kt_err *start(
	const struct kt_load_group *group, const struct kt_work *work, struct kt_working *ret)
{
	int done[2] = { -1, -1 }, hold[2] = { -1, -1 };
	pid_t parent = getpid();

	*ret = (struct kt_working){ .child = -1, .pipe = -1, .hold = -1, .timer = -1 };
	ret->shared = mmap(NULL, sizeof(*ret->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret->shared == MAP_FAILED) {
		ret->shared = NULL;
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	}
	ret->timer = timer_of(work->seconds);
	if (ret->timer < 0 || pipe2(done, O_CLOEXEC) != 0)
		return kt_err_os(errno, "a load");
	ret->pipe = done[0];
	if (pipe2(hold, O_CLOEXEC) == 0)
		ret->child = fork();
	if (ret->child == 0) {
		close(done[0]);
		close(hold[1]);
		work_in_child(group, work, ret->shared, parent, done[1], hold[0]);
	}
	ret->hold = hold[1];
	close(done[1]);
	if (hold[0] >= 0)
		close(hold[0]);
	return ret->child < 0 ? kt_err_os(errno, "a process for a load") : NULL;
}

/* A load that has ended without a word was killed, or could not enter its group. */
static struct kt_err *ended(struct kt_working *working, struct kt_work_done *ret_done)
{
	int status = 0;

	waitpid(working->child, &status, 0);
	working->child = -1;
	ret_done->killed = WIFSIGNALED(status);
	return ret_done->killed ? NULL
				: kt_err_new(KT_ERR_DENIED,
					  "a process could not enter the experiment's cgroup");
}

/*
 * Waits for the load to say that it is done, or to end. After its time it is asked to stop, and
 * killed if it does not.
 */
static struct kt_err *wait_for(const struct kt_stop *stop, struct kt_working *working,
	struct kt_work_shared *shared, struct kt_work_done *ret_done)
{
	struct pollfd fds[] = { { .fd = working->pipe, .events = POLLIN },
		{ .fd = working->timer, .events = POLLIN }, { .fd = stop->fd, .events = POLLIN } };
	struct kt_err *err = NULL;
	char letter;

	for (;;) {
		int ready = poll(fds, 3, ret_done->late ? GRACE_MS : -1);

		if (ready == 0 || (ready < 0 && errno != EINTR))
			break;
		if (fds[2].revents) {
			ret_done->stopped = true;
			break;
		}
		if (fds[0].revents) {
			if (read(working->pipe, &letter, 1) != 1)
				err = ended(working, ret_done);
			break;
		}
		if (fds[1].revents) {
			ret_done->late = true;
			shared->stop = true;
			fds[1].fd = -1;
			fds[1].revents = 0;
		}
	}
	ret_done->count = shared->count;
	return err;
}

struct kt_err *kt_work_run(const struct kt_load_group *group, const struct kt_stop *stop,
	const struct kt_work *work, struct kt_working *ret_working, struct kt_work_done *ret_done)
{
	struct kt_err *err = start(group, work, ret_working);

	*ret_done = (struct kt_work_done){ 0 };
	if (!err && ret_working->shared)
		err = wait_for(stop, ret_working, ret_working->shared, ret_done);
	return err;
}

void kt_work_end(struct kt_working *working)
{
	if (working->child > 0) {
		kill(working->child, SIGKILL);
		waitpid(working->child, NULL, 0);
	}
	if (working->pipe >= 0)
		close(working->pipe);
	if (working->hold >= 0)
		close(working->hold);
	if (working->timer >= 0)
		close(working->timer);
	if (working->shared)
		munmap(working->shared, sizeof(*working->shared));
	*working = (struct kt_working){ .child = -1, .pipe = -1, .hold = -1, .timer = -1 };
}

/* False: the directory of these files is not there. */
static bool remove_folder(int at, int64_t first)
{
	char folder[NAME_BYTES], file[NAME_BYTES];
	int fd;

	name_folder(first, folder);
	fd = openat(at, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	for (int64_t i = 0; i < FILES_IN_FOLDER; i++) {
		name_file(first + i, file);
		unlinkat(fd, file, 0);
	}
	close(fd);
	return unlinkat(at, folder, AT_REMOVEDIR) == 0;
}

/* By the names that they were given: reading directories takes memory, which may be gone. */
void kt_work_remove(const char *path)
{
	int at = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int64_t first = 0;

	if (at < 0)
		return;
	while (remove_folder(at, first))
		first += FILES_IN_FOLDER;
	close(at);
	rmdir(path);
}
