// SPDX-License-Identifier: GPL-2.0-or-later
//
// Clocks are read here and in pace.c; layers below take times as arguments, so their tests need no
// clock.

#include "machine/clock.h"

#include <errno.h>
#include <time.h>

/* Monotonic: an interval must not become negative or huge because the time of day was set. */
int64_t kt_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Counts this thread only, so that one request is not charged with the work of another thread. */
int64_t kt_clock_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

int64_t kt_clock_time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Takes an absolute time: a signal or a slow sample would otherwise add its delay to each interval.
 */
void kt_clock_sleep_until(int64_t clock_ns)
{
	struct timespec until = { clock_ns / 1000000000, clock_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

const char *kt_clock_text(char ret[32])
{
	time_t now = time(NULL);
	struct tm parts;

	if (!gmtime_r(&now, &parts) || !strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts))
		ret[0] = '\0';
	return ret;
}
