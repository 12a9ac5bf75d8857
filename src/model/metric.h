// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MODEL_METRIC_H
#define KT_MODEL_METRIC_H

#include "base/attr.h"

#include <stdint.h>

enum kt_metric {
#define METRIC(id, doc) KT_##id,
#include "model/metric.def"
#undef METRIC
	KT_METRIC_COUNT,
	KT_METRIC_NONE = KT_METRIC_COUNT, /* a known field that is not needed */
};

/** Unit of a quantity in its file. Outside the snapshot every size is in bytes. */
enum kt_unit { KT_BYTES, KT_KB, KT_PAGES, KT_COUNT };

/**
 * Upper limit of every amount; no machine has more (x86 ends at 4 PiB). Amounts are checked against
 * it, so that no sum over an account can overflow.
 */
#define KT_AMOUNT_MAX (1ll << 53)

/** Why a value is known or missing. Missing is never zero. */
enum kt_state {
	KT_OK,
	KT_ABSENT,	/* missing in this kernel or capture */
	KT_DENIED,	/* exists, but this user may not read it */
	KT_UNSUPPORTED, /* the kernel prints another quantity in this place */
	KT_BAD,		/* damaged: not a number, or an impossible number */
};

enum kt_quality { KT_EXACT, KT_ESTIMATE, KT_UPPER_BOUND, KT_LOWER_BOUND };
#define KT_NR_QUALITIES 4

const char *kt_metric_name(enum kt_metric metric);
const char *kt_metric_doc(enum kt_metric metric);
const char *kt_state_name(enum kt_state state);
const char *kt_quality_name(enum kt_quality quality);

#endif
