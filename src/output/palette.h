// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PALETTE_H
#define KT_OUTPUT_PALETTE_H

#include <stddef.h>

/**
 * The colours of all pictures, distinguishable for colour-blind readers (after Okabe and Ito), and
 * the one table of which row has which. A colour is an index, from 0 to kt_palette_count() - 1.
 */

/** Returns the colour of a row of the account; -1: it has none of its own. */
int kt_palette_row(const char *id);
/** Returns the colour of a band of a chart: its row's, or by its place. `id` may be NULL. */
int kt_palette_band(const char *id, size_t index);
/** Returns the rows that have a colour, one after the other; NULL after the last. */
const char *kt_palette_row_at(size_t index);

#define KT_PALETTE_MAX 32 /* most colours */

int kt_palette_count(void);
const char *kt_palette_web(int color); /* "#0072b2" */
unsigned kt_palette_rgb(int color);    /* 0x0072b2 */
int kt_palette_terminal(int color);    /* one of 256 */
int kt_palette_basic(int color);       /* one of 8 */

#endif
