// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_SOURCE_WATCH_WAY_IN_H
#define KT_SOURCE_WATCH_WAY_IN_H

#include <stdint.h>

/**
 * Returns the number of frames at the beginning of a stack that lead into a program of BPF. NULL: a
 * frame without a name. The program's own address may have the name of a variable that comes before
 * it in the area of modules.
 */
uint32_t kt_way_in(const char *const *frames, uint32_t count);

#endif
