// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MACHINE_CLOCK_H
#define KT_MACHINE_CLOCK_H

#include <stdint.h>

/** Returns the time of a clock that never goes back. */
int64_t kt_clock_ns(void);
/** Returns the processor time that the calling thread has used. */
int64_t kt_clock_cpu_ns(void);
/** Returns the time of day, in milliseconds since 1970. */
int64_t kt_clock_time_ms(void);
void kt_clock_sleep_until(int64_t clock_ns);
/** Writes the time of day, UTC: "2026-01-31T23:59:59Z". Returns `ret`. */
const char *kt_clock_text(char ret[32]);

#endif
