// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_RECOGNISE_FORM_TOOL_H
#define KT_RECOGNISE_FORM_TOOL_H

#include "recognise/form.h"

/** Forms of the output of tools; private to src/recognise. */

/** "123", "123.4", "1,234" with or without a unit such as K, Gi or %. */
bool kt_form_number(struct kt_span word);
/** Number of words, if all are such numbers; else 0. */
size_t kt_form_numbers(struct kt_span line);

#endif
