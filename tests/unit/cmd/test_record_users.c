// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include "cmd/record/record_users.h"

static bool any(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return true;
}

TEST(rows_that_grow_are_found_in_the_kernels_files)
{
	struct kt_record_users users = { .growth = kt_row_growth_new(), .page_bytes = 4096 };
	int64_t bytes;

	for (long long i = 0; users.growth && i < 30; i++) {
		char slabinfo[256], meminfo[128];

		snprintf(slabinfo, sizeof(slabinfo),
			"slabinfo - version: 2.1\n# name <active_objs>\n"
			"foo 5 6 752 21 4 : tunables 0 0 0 : slabdata %lld %lld 0\n",
			i * 10, 100 + i * 10);
		snprintf(meminfo, sizeof(meminfo), "VmallocUsed: %lld kB\nPercpu: 7 kB\n",
			1000 + i * 100);
		kt_record_users_take(
			&users, "proc/slabinfo", (struct kt_span){ slabinfo, strlen(slabinfo) });
		kt_record_users_take(
			&users, "proc/meminfo", (struct kt_span){ meminfo, strlen(meminfo) });
		CHECK(kt_row_growth_end(users.growth));
	}
	CHECK_STR(kt_row_growth_most(users.growth, any, NULL, &bytes), "foo");
	CHECK_INT(bytes, 24ll * 10 * 4 * 4096);
	kt_record_users_fini(&users);
}
