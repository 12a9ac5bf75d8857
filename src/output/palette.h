// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_OUTPUT_PALETTE_H
#define KT_OUTPUT_PALETTE_H

#include <stddef.h>

/**
 * Colours of bands, told apart by people who do not see all colours too (after Okabe and
 * Ito), in the order in which bands take them.
 */
const char *kt_palette_web(size_t index); /* "#0072b2" */
int kt_palette_terminal(size_t index);	  /* of 256 */

#endif
