// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_BASE_HUMAN_H
#define KT_BASE_HUMAN_H

#include <stdint.h>

/** Writes "1.4 GiB" into `ret`, which has room for 24 characters. */
void kt_human_bytes(int64_t bytes, char ret[24]);

#define KT_HUMAN_COUNT 32
/** Writes a number with commas from 10,000 on: smaller numbers are read as well without. */
void kt_human_count(int64_t number, char ret[KT_HUMAN_COUNT]);

#endif
