// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "memory/objects/object_ages.h"
#include "model/unknown.h"

static int64_t median_of(const int64_t *ages, size_t count, int64_t *ret_oldest)
{
	struct kt_arena arena = { 0 };
	struct kt_object_ages sum = { 0 };
	int64_t median;

	for (size_t i = 0; i < count; i++)
		kt_object_ages_add(&sum, &arena, ages[i]);
	median = kt_object_ages_median(&sum);
	*ret_oldest = sum.oldest_s;
	kt_arena_fini(&arena);
	return median;
}

TEST(half_of_the_objects_have_reached_the_median_age)
{
	static const int64_t few[] = { 30, 1, 2, 25, 31 }, negative[] = { -5 },
			     huge[] = { INT64_MAX, INT64_MAX };
	int64_t oldest;

	CHECK_INT(median_of(few, 5, &oldest), 25);
	CHECK_INT(oldest, 31);
	CHECK_INT(median_of(few, 0, &oldest), KT_UNKNOWN);
	CHECK_INT(median_of(negative, 1, &oldest), 0);
	CHECK(median_of(huge, 2, &oldest) > 1ll << 38);
}

TEST(a_median_age_is_right_to_five_percent)
{
	for (int64_t age = 1; age < 1ll << 39; age += 1 + age / 7) {
		int64_t ages[] = { age, age, age * 3 }, oldest;
		int64_t median = median_of(ages, 3, &oldest);

		CHECK(median <= age + age / 20 && median >= age - age / 20);
		CHECK_INT(oldest, age * 3 < 1ll << 40 ? age * 3 : (1ll << 40) - 1);
	}
}
