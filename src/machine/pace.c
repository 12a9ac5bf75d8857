// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recorder runs for months, through suspends and changes of the clock. So the timer is absolute
// and on the real-time clock, and it is armed again for each tick.

#include "machine/pace.h"

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
	sigset_t before; /* signals that were blocked before */
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

/* The boot clock never goes back, and unlike the monotonic clock it counts suspended time. */
int64_t kt_pace_clock_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

/*
 * Arms a timer at an absolute time of the real-time clock, which is cancelled when the clock is
 * set. A relative timer would drift away from multiples of the interval. Without the cancellation,
 * a clock that is set back by a day would stop the recorder for a day.
 */
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

/*
 * The first call returns at once, so that a recording starts with a sample. A tick that was missed
 * is not made up for: its numbers would be the current ones. The watched descriptor is served while
 * waiting only; a sample is never interrupted.
 */
bool kt_pace_next(struct kt_pace *pace, struct kt_moment *ret_now, struct kt_err **ret_err)
{
	struct pollfd fds[] = { { .fd = pace->signal_fd, .events = POLLIN },
		{ .fd = pace->timer_fd, .events = POLLIN }, { .events = POLLIN } };
	uint64_t expired;

	while (pace->begun) {
		fds[2].fd = pace->watched_fd; /* poll() ignores -1 */
		if (!arm(pace) || (poll(fds, 3, -1) < 0 && errno != EINTR)) {
			*ret_err = kt_err_os(errno, "a timer");
			return false;
		}
		if (fds[0].revents & POLLIN)
			return false;
		if (fds[2].revents && !pace->ready(pace->ready_arg))
			pace->watched_fd = -1;
		/* cancelled: the clock was set, so the next multiple of the interval has changed */
		if (fds[1].revents & POLLIN &&
			read(pace->timer_fd, &expired, sizeof(expired)) == sizeof(expired))
			break;
	}
	pace->begun = true;
	ret_now->real_ms = clock_ms(CLOCK_REALTIME);
	ret_now->boot_ms = clock_ms(CLOCK_BOOTTIME);
	return true;
}

/*
 * Takes pending signals. A signal that is still pending would end the program when it is unblocked.
 */
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
