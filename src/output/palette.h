// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PALETTE_H
#define KT_OUTPUT_PALETTE_H

#include <stddef.h>

/**
 * Colours of bands in order of use, distinguishable for colour-blind readers (after Okabe and Ito).
 */
const char *kt_palette_web(size_t index); /* "#0072b2" */
int kt_palette_terminal(size_t index);	  /* one of 256 */

#endif
