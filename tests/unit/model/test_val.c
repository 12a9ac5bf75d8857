// SPDX-License-Identifier: GPL-2.0-or-later
//
// What sums and differences of values may claim: the true value is always inside.

#include "test.h"

#include "base/attr.h"
#include "model/unknown.h"
#include "model/val.h"

static const enum kt_quality qualities[] = { KT_EXACT, KT_ESTIMATE, KT_UPPER_BOUND,
	KT_LOWER_BOUND };

TEST(a_sum_claims_what_both_claims_allow)
{
	static const struct {
		enum kt_quality a, b, sum, difference;
	} cases[] = {
		{ KT_EXACT, KT_EXACT, KT_EXACT, KT_EXACT },
		{ KT_EXACT, KT_UPPER_BOUND, KT_UPPER_BOUND, KT_LOWER_BOUND },
		{ KT_EXACT, KT_LOWER_BOUND, KT_LOWER_BOUND, KT_UPPER_BOUND },
		{ KT_EXACT, KT_ESTIMATE, KT_ESTIMATE, KT_ESTIMATE },
		{ KT_UPPER_BOUND, KT_EXACT, KT_UPPER_BOUND, KT_UPPER_BOUND },
		{ KT_UPPER_BOUND, KT_UPPER_BOUND, KT_UPPER_BOUND, KT_ESTIMATE },
		{ KT_UPPER_BOUND, KT_LOWER_BOUND, KT_ESTIMATE, KT_UPPER_BOUND },
		{ KT_UPPER_BOUND, KT_ESTIMATE, KT_ESTIMATE, KT_ESTIMATE },
		{ KT_LOWER_BOUND, KT_EXACT, KT_LOWER_BOUND, KT_LOWER_BOUND },
		{ KT_LOWER_BOUND, KT_UPPER_BOUND, KT_ESTIMATE, KT_LOWER_BOUND },
		{ KT_LOWER_BOUND, KT_LOWER_BOUND, KT_LOWER_BOUND, KT_ESTIMATE },
		{ KT_LOWER_BOUND, KT_ESTIMATE, KT_ESTIMATE, KT_ESTIMATE },
		{ KT_ESTIMATE, KT_EXACT, KT_ESTIMATE, KT_ESTIMATE },
		{ KT_ESTIMATE, KT_UPPER_BOUND, KT_ESTIMATE, KT_ESTIMATE },
		{ KT_ESTIMATE, KT_LOWER_BOUND, KT_ESTIMATE, KT_ESTIMATE },
		{ KT_ESTIMATE, KT_ESTIMATE, KT_ESTIMATE, KT_ESTIMATE },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		struct kt_val a = kt_val_bytes(700, cases[i].a), b = kt_val_bytes(30, cases[i].b);

		CHECK_INT(kt_val_add(a, b).value, 730);
		CHECK_INT(kt_val_add(a, b).quality, cases[i].sum);
		CHECK_INT(kt_val_sub(a, b).value, 670);
		CHECK_INT(kt_val_sub(a, b).quality, cases[i].difference);
	}
}

TEST(what_is_missing_stays_missing_with_the_first_reason)
{
	struct kt_val seven = kt_val_bytes(7, KT_EXACT), denied, absent;

	denied = kt_val_lack(KT_DENIED, "root may read it");
	absent = kt_val_lack(KT_ABSENT, "not there");
	CHECK_INT(kt_val_add(seven, denied).state, KT_DENIED);
	CHECK_INT(kt_val_sub(denied, seven).state, KT_DENIED);
	CHECK_STR(kt_val_sub(seven, denied).reason, "root may read it");
	CHECK_STR(kt_val_add(absent, denied).reason, "not there");
	CHECK_INT(kt_val_add(seven, denied).value, 0);
	CHECK_INT(kt_val_sub(seven, absent).value, 0);
}

TEST(a_missing_amount_is_at_least_nothing)
{
	struct kt_val seven = kt_val_bytes(7, KT_EXACT), some;

	some = kt_val_or_some(kt_val_lack(KT_ABSENT, "not there"));
	CHECK_INT(kt_val_add(seven, some).value, 7);
	CHECK_INT(kt_val_add(seven, some).quality, KT_LOWER_BOUND);
	CHECK_INT(kt_val_sub(seven, some).quality, KT_UPPER_BOUND);
	CHECK_INT(kt_val_sub(seven, kt_val_or_some(seven)).quality, KT_EXACT);
}

TEST(a_sum_that_does_not_fit_is_bad_and_not_another_number)
{
	static const int64_t numbers[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX };

	for (size_t i = 0; i < KT_LEN(numbers); i++) {
		for (size_t k = 0; k < KT_LEN(numbers); k++) {
			struct kt_val a = kt_val_bytes(numbers[i], KT_EXACT);
			struct kt_val b = kt_val_bytes(numbers[k], KT_EXACT);
			struct kt_val sum = kt_val_add(a, b), rest = kt_val_sub(a, b);
			int64_t value;

			if (__builtin_add_overflow(numbers[i], numbers[k], &value)) {
				CHECK_INT(sum.state, KT_BAD);
				CHECK(sum.reason && sum.value == 0);
			} else
				CHECK_INT(sum.value, value);
			/* INT64_MIN cannot be negated: refused even where the result would fit */
			if (__builtin_sub_overflow(numbers[i], numbers[k], &value) ||
				numbers[k] == INT64_MIN)
				CHECK_INT(rest.state, KT_BAD);
			else
				CHECK_INT(rest.value, value);
		}
	}
}

TEST(bytes_and_plain_numbers_do_not_add)
{
	struct kt_val bytes = kt_val_bytes(4096, KT_EXACT),
		      pages = { .value = 3, .unit = KT_COUNT };

	CHECK_INT(kt_val_add(bytes, pages).state, KT_BAD);
	CHECK_INT(kt_val_sub(pages, bytes).state, KT_BAD);
	CHECK_INT(kt_val_add(pages, pages).value, 6);
	CHECK_INT(kt_val_add(pages, pages).unit, KT_COUNT);
}

static uint64_t dice_state = 88172645463325252u;

static int64_t dice(int64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (int64_t)(dice_state % (uint64_t)sides);
}

static bool claim_holds(struct kt_val val, int64_t truth)
{
	switch (val.quality) {
	case KT_EXACT: return truth == val.value;
	case KT_UPPER_BOUND: return truth <= val.value;
	case KT_LOWER_BOUND: return truth >= val.value;
	case KT_ESTIMATE: return true;
	}
	return false;
}

/* A value that claims something true of `truth`. */
static struct kt_val claim_of(int64_t truth)
{
	enum kt_quality quality = qualities[dice(4)];
	int64_t off = dice(100);

	if (quality == KT_EXACT || (quality == KT_ESTIMATE && dice(2)))
		off = 0;
	return kt_val_bytes(quality == KT_LOWER_BOUND ? truth - off : truth + off, quality);
}

TEST(the_truth_is_inside_what_any_formula_claims)
{
	int counts[4] = { 0 };

	for (int round = 0; round < 20000 && !tests.nr_failures; round++) {
		struct kt_val sum = kt_val_bytes(0, KT_EXACT);
		int64_t truth = 0;

		for (int64_t n = 1 + dice(4); n; n--) {
			int64_t part = dice(1000);
			struct kt_val val =
				dice(5) ? claim_of(part) : kt_val_lack(KT_ABSENT, "not there");
			bool minus = dice(2);

			val = kt_val_or_some(val);
			sum = minus ? kt_val_sub(sum, val) : kt_val_add(sum, val);
			truth += minus ? -part : part;
		}
		counts[sum.quality]++;
		CHECK(claim_holds(sum, truth));
	}
	/* all claims occurred, so none held by never being made */
	for (size_t i = 0; i < KT_LEN(counts); i++)
		CHECK(counts[i] > 500);
}

TEST(a_product_is_a_known_amount_or_unknown)
{
	CHECK_INT(kt_known_times(3, 4096), 3 * 4096);
	CHECK_INT(kt_known_times(0, KT_AMOUNT_MAX), 0);
	CHECK_INT(kt_known_times(KT_AMOUNT_MAX / 4096, 4096), KT_AMOUNT_MAX);
	CHECK_INT(kt_known_times(KT_AMOUNT_MAX / 4096 + 1, 4096), KT_UNKNOWN);
	CHECK_INT(kt_known_times(INT64_MAX, INT64_MAX), KT_UNKNOWN);
	CHECK_INT(kt_known_times(1ll << 32, 1ll << 32), KT_UNKNOWN);
	CHECK_INT(kt_known_times(KT_UNKNOWN, 4096), KT_UNKNOWN);
	CHECK_INT(kt_known_times(7, KT_UNKNOWN), KT_UNKNOWN);
	CHECK_INT(kt_known_times(KT_UNKNOWN, KT_UNKNOWN), KT_UNKNOWN);
}
