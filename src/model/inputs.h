// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_INPUTS_H
#define KT_MODEL_INPUTS_H

#include "model/metric.h"

#define KT_INPUTS_MAX 10

/** Which metrics a computed one is made of, for "explain"; terminated by KT_METRIC_NONE. */
const enum kt_metric *kt_inputs_of(enum kt_metric metric);

#endif
