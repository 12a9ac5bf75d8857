// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "analysis/users/row_growth.h"

#define MIB (1 << 20)

static bool any(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return true;
}

static bool not_b(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "b") != 0;
}

/* What grows after so many samples, each of which has a row with the bytes that `of` says. */
static const char *most_of(int nr_samples, int64_t (*of)(int sample), int64_t *ret_bytes)
{
	static char found[8];
	struct kt_row_growth *growth = kt_row_growth_new();
	const char *name;

	for (int i = 0; growth && i < nr_samples; i++) {
		kt_row_growth_add(growth, "a", of(i));
		CHECK(kt_row_growth_end(growth));
	}
	name = growth ? kt_row_growth_most(growth, any, NULL, ret_bytes) : NULL;
	snprintf(found, sizeof(found), "%s", name ? name : "");
	kt_row_growth_free(growth);
	return found;
}

static int64_t steady(int sample)
{
	return (int64_t)sample * MIB / 10;
}

static int64_t burst(int sample)
{
	return sample % 6 ? (int64_t)sample * MIB : MIB;
}

static int64_t slow(int sample)
{
	return 100ll * MIB + (int64_t)sample * MIB / 360;
}

static int64_t little(int sample)
{
	return sample * 1000;
}

static int64_t tops_out(int sample)
{
	return (int64_t)(sample < 20 ? sample : 20) * MIB;
}

TEST(a_row_grows_by_the_minima_of_blocks)
{
	int64_t bytes;

	CHECK_STR(most_of(29, steady, &bytes), "");
	CHECK_STR(most_of(30, steady, &bytes), "a");
	/* from the first sample of the first block to the first one of the fifth */
	CHECK_INT(bytes, 24 * MIB / 10);
	CHECK_STR(most_of(60, burst, &bytes), "");
	CHECK_STR(most_of(600, little, &bytes), "");
	CHECK_STR(most_of(60, tops_out, &bytes), "");
	/* 1 MiB an hour, at ten seconds: too little in five minutes */
	CHECK_STR(most_of(899, slow, &bytes), "");
	CHECK_STR(most_of(900, slow, &bytes), "a");
}

TEST(the_row_that_grows_most_is_chosen_of_those_that_may_be)
{
	struct kt_row_growth *growth = kt_row_growth_new();
	int64_t bytes;

	for (int i = 0; growth && i < 30; i++) {
		kt_row_growth_add(growth, "a", (int64_t)i * MIB);
		kt_row_growth_add(growth, "b", (int64_t)i * 2 * MIB);
		kt_row_growth_add(growth, "b", 0); /* another cache of the name */
		CHECK(kt_row_growth_end(growth));
	}
	CHECK_STR(kt_row_growth_most(growth, any, NULL, &bytes), "b");
	CHECK_INT(bytes, 48ll * MIB);
	CHECK_STR(kt_row_growth_most(growth, not_b, NULL, &bytes), "a");
	kt_row_growth_free(growth);
}

TEST(a_row_that_was_away_begins_anew)
{
	struct kt_row_growth *growth = kt_row_growth_new();
	int64_t bytes;

	for (int i = 0; growth && i < 42; i++) {
		if (i != 15)
			kt_row_growth_add(growth, "a", (int64_t)i * MIB);
		CHECK(kt_row_growth_end(growth));
	}
	CHECK(!kt_row_growth_most(growth, any, NULL, &bytes));
	/* a row that the last sample lacks is no longer there */
	for (int i = 42; growth && i < 60; i++) {
		if (i < 59)
			kt_row_growth_add(growth, "a", (int64_t)i * MIB);
		CHECK(kt_row_growth_end(growth));
	}
	CHECK(!kt_row_growth_most(growth, any, NULL, &bytes));
	kt_row_growth_free(growth);
}
