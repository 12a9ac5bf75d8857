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
	KT_METRIC_NONE = KT_METRIC_COUNT, /* a field that is known and not needed */
};

/** The unit a file has a quantity in. Outside the snapshot every size is in bytes. */
enum kt_unit { KT_BYTES, KT_KB, KT_PAGES, KT_COUNT };

/**
 * No machine has more (x86 ends at 4 PiB). Every amount is checked against it, so that no
 * sum over an account can overflow.
 */
#define KT_AMOUNT_MAX (1ll << 53)

/** Why a value is there or is not. Missing is never zero. */
enum kt_state {
	KT_OK,
	KT_ABSENT,	/* this kernel or this capture does not have it */
	KT_DENIED,	/* it is there; this user may not read it */
	KT_UNSUPPORTED, /* the kernel prints something there that is not this quantity */
	KT_BAD,		/* damaged: not a number, or an impossible one */
};

enum kt_quality { KT_EXACT, KT_ESTIMATE, KT_UPPER_BOUND, KT_LOWER_BOUND };

const char *kt_metric_name(enum kt_metric metric);
const char *kt_metric_doc(enum kt_metric metric);
const char *kt_state_name(enum kt_state state);
const char *kt_quality_name(enum kt_quality quality);

#endif
