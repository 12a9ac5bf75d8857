// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_WHEN_H
#define KT_BASE_WHEN_H

#include "base/span.h"

/**
 * Moments as people write them, to milliseconds since 1970, UTC:
 *
 *   2026-01-31T23:59:59Z   also without seconds or Z, with a blank for the T, +02:00 for Z
 *   2026-01-31             its beginning
 *   23:59  23:59:59        of the day of `now_ms`, or of the day before where that is later
 *   -90m  -2h  -3d  -30s   before `now_ms`
 *   1769903999             seconds since 1970; also 1769903999.250
 *   now                    `now_ms`
 *
 * False where it is none of them.
 */
bool kt_when(struct kt_span text, int64_t now_ms, int64_t *ret_ms);
/** "90", "90s", "15m", "2h", "3d": milliseconds. */
bool kt_duration(struct kt_span text, int64_t *ret_ms);
/** "2026-01-31T23:59:59Z"; `ret` has room for 32 characters. Gives `ret` back. */
const char *kt_when_text(int64_t ms, char ret[32]);

#endif
