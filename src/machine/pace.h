// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PACE_H
#define KT_CMD_PACE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Ticker of a command that runs for long. It wakes at multiples of the interval on the clock, so
 * that several machines sample at the same times. It continues after a suspend and after the clock
 * was set, and ends on SIGINT or SIGTERM.
 */
struct kt_pace;

struct kt_moment {
	int64_t real_ms; /* ms since 1970 */
	int64_t boot_ms; /* ms since boot, suspended time included */
};

int64_t kt_pace_clock_ms(void); /* ms since boot, for measuring short times */
struct kt_err *kt_pace_start(double interval_s, struct kt_pace **ret_pace) KT_MUST_CHECK;
/** Waits for the next tick; the first call returns at once. False: the end, or an error. */
bool kt_pace_next(struct kt_pace *pace, struct kt_moment *ret_now, struct kt_err **ret_err);
/** Calls `ready` while waiting, whenever `fd` is readable, until `ready` returns false. */
void kt_pace_watch(struct kt_pace *pace, int fd, bool (*ready)(void *arg), void *arg);
/** Frees the ticker and restores the signal mask. A signal that came meanwhile is dropped. */
void kt_pace_stop(struct kt_pace *pace);

#endif
