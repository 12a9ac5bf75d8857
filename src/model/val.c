// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/val.h"

enum kt_quality kt_quality_flip(enum kt_quality quality)
{
	switch (quality) {
	case KT_UPPER_BOUND: return KT_LOWER_BOUND;
	case KT_LOWER_BOUND: return KT_UPPER_BOUND;
	case KT_EXACT:
	case KT_ESTIMATE: break;
	}
	return quality;
}

enum kt_quality kt_quality_join(enum kt_quality a, enum kt_quality b)
{
	if (a == b || b == KT_EXACT)
		return a;
	return a == KT_EXACT ? b : KT_ESTIMATE;
}

struct kt_val kt_val_add(struct kt_val a, struct kt_val b)
{
	struct kt_val sum = a;

	if (!kt_ok(a) || !kt_ok(b))
		return kt_ok(a) ? b : a;
	if (a.unit != b.unit)
		return kt_val_lack(KT_BAD, "bytes and plain numbers do not add up");
	if (__builtin_add_overflow(a.value, b.value, &sum.value))
		return kt_val_lack(KT_BAD, "the number is impossibly large");
	sum.quality = kt_quality_join(a.quality, b.quality);
	sum.entry = a.entry ? a.entry : b.entry;
	return sum;
}

struct kt_val kt_val_sub(struct kt_val a, struct kt_val b)
{
	if (kt_ok(b) && b.value == INT64_MIN)
		b = kt_val_lack(KT_BAD, "the number is impossibly large");
	b.value = -b.value;
	b.quality = kt_quality_flip(b.quality);
	return kt_val_add(a, b);
}

struct kt_val kt_val_or_some(struct kt_val val)
{
	return kt_ok(val) ? val : kt_val_bytes(0, KT_LOWER_BOUND);
}
