// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/metric.h"

static const struct {
	const char *name, *doc;
} metrics[] = {
#define METRIC(id, doc) { #id, doc },
#include "model/metric.def"
#undef METRIC
};

const char *kt_metric_name(enum kt_metric metric)
{
	return metric < KT_METRIC_COUNT ? metrics[metric].name : "none";
}

const char *kt_metric_doc(enum kt_metric metric)
{
	return metric < KT_METRIC_COUNT ? metrics[metric].doc : "";
}

const char *kt_state_name(enum kt_state state)
{
	switch (state) {
	case KT_OK: return "ok";
	case KT_ABSENT: return "absent";
	case KT_DENIED: return "denied";
	case KT_UNSUPPORTED: return "unsupported";
	case KT_BAD: return "bad";
	}
	return "?";
}

const char *kt_quality_name(enum kt_quality quality)
{
	switch (quality) {
	case KT_EXACT: return "exact";
	case KT_ESTIMATE: return "estimate";
	case KT_UPPER_BOUND: return "upper_bound";
	case KT_LOWER_BOUND: return "lower_bound";
	}
	return "?";
}
