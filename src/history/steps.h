// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_HISTORY_STEPS_H
#define KT_HISTORY_STEPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/** Samples of a recording, to step through one by one. Blocks are decoded when they are reached. */
struct kt_steps;

/**
 * Opens at the last sample, or at the last one before the TIME of "FILE@TIME"; NULL: not a
 * recording, or one without a sample up to then, which commands that read it report.
 */
struct kt_err *kt_steps_open(const char *source, struct kt_steps **ret_steps) KT_MUST_CHECK;
void kt_steps_free(struct kt_steps *steps);

/** Moves by one sample, forward or backward; false and unmoved at an end. Skips damaged blocks. */
bool kt_steps_move(struct kt_steps *steps, int by);
/** Goes to the last sample up to a time, in ms since 1970; false and unmoved: there is none. */
bool kt_steps_go(struct kt_steps *steps, int64_t time_ms);
/** The same for a time as it is typed, base/when.h, local; relative ones count from the last
 * sample. */
bool kt_steps_go_typed(struct kt_steps *steps, const char *when);
const char *kt_steps_path(const struct kt_steps *steps);
int64_t kt_steps_time_ms(const struct kt_steps *steps); /* of the current sample, since 1970 */

#endif
