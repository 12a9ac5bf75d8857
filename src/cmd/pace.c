// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/pace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MS_NS 1000000

struct kt_pace {
	int64_t interval_ms;
	int timer_fd, signal_fd;
	sigset_t before; /* signals that were blocked */
	bool begun;
	int watched_fd; /* -1: none */
	bool (*ready)(void *arg);
	void *ready_arg;
};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / MS_NS;
}

/* Absolute on the clock of the day, and told when somebody sets that. */
static bool arm(const struct kt_pace *pace)
{
	int64_t next = clock_ms(CLOCK_REALTIME) / pace->interval_ms * pace->interval_ms +
		       pace->interval_ms;
	struct itimerspec when = { .it_value = { next / 1000, next % 1000 * MS_NS } };

	return timerfd_settime(pace->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when,
		       NULL) == 0;
}

struct kt_err *kt_pace_start(double interval_s, struct kt_pace **ret_pace)
{
	struct kt_pace *pace = calloc(1, sizeof(*pace));
	sigset_t signals;

	*ret_pace = pace;
	if (!pace)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	pace->interval_ms = (int64_t)(interval_s * 1000);
	pace->watched_fd = -1;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &pace->before);
	pace->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	pace->timer_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
	if (pace->signal_fd < 0 || pace->timer_fd < 0)
		return kt_err_os(errno, "a timer");
	return NULL;
}

void kt_pace_watch(struct kt_pace *pace, int fd, bool (*ready)(void *arg), void *arg)
{
	pace->watched_fd = fd;
	pace->ready = ready;
	pace->ready_arg = arg;
}

bool kt_pace_next(struct kt_pace *pace, struct kt_moment *ret_now, struct kt_err **ret_err)
{
	struct pollfd fds[] = { { .fd = pace->signal_fd, .events = POLLIN },
		{ .fd = pace->timer_fd, .events = POLLIN }, { .events = POLLIN } };
	uint64_t expired;

	while (pace->begun) {
		fds[2].fd = pace->watched_fd; /* poll() passes over -1 */
		if (!arm(pace) || (poll(fds, 3, -1) < 0 && errno != EINTR)) {
			*ret_err = kt_err_os(errno, "a timer");
			return false;
		}
		if (fds[0].revents & POLLIN)
			return false;
		if (fds[2].revents && !pace->ready(pace->ready_arg))
			pace->watched_fd = -1;
		/* cancelled: the clock was set, and the next multiple is another one */
		if (fds[1].revents & POLLIN &&
			read(pace->timer_fd, &expired, sizeof(expired)) == sizeof(expired))
			break;
	}
	pace->begun = true;
	ret_now->real_ms = clock_ms(CLOCK_REALTIME);
	ret_now->boot_ms = clock_ms(CLOCK_BOOTTIME);
	return true;
}

/* A signal that was not taken would end the program as soon as it is let through. */
static void take_signals(const struct kt_pace *pace)
{
	struct signalfd_siginfo info;

	while (read(pace->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
}

void kt_pace_stop(struct kt_pace *pace)
{
	if (!pace)
		return;
	take_signals(pace);
	if (pace->signal_fd >= 0)
		close(pace->signal_fd);
	if (pace->timer_fd >= 0)
		close(pace->timer_fd);
	sigprocmask(SIG_SETMASK, &pace->before, NULL);
	free(pace);
}
