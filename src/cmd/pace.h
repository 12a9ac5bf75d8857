// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_CMD_PACE_H
#define KT_CMD_PACE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * The beat of a command that runs for long: wakes at multiples of the interval on the
 * clock, so that several machines sample at the same moments; goes on behind a suspend and
 * after the clock was set; ends with SIGINT or SIGTERM.
 */
struct kt_pace;

struct kt_moment {
	int64_t real_ms; /* since 1970 */
	int64_t boot_ms; /* since the boot, suspended time included */
};

struct kt_err *kt_pace_start(double interval_s, struct kt_pace **ret_pace) KT_MUST_CHECK;
/** Waits for the next beat; the first is at once. False at the end or on an error. */
bool kt_pace_next(struct kt_pace *pace, struct kt_moment *ret_now, struct kt_err **ret_err);
/** While it waits, `ready` is called whenever there is something to read; until it says false. */
void kt_pace_watch(struct kt_pace *pace, int fd, bool (*ready)(void *arg), void *arg);
void kt_pace_stop(struct kt_pace *pace);

#endif
