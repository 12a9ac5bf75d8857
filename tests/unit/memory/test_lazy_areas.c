// SPDX-License-Identifier: GPL-2.0-or-later
#include "lazy_bytes.h"
#include "random.h"
#include "test.h"

static struct kt_lazy_areas walk(struct lazy_bytes *lazy)
{
	struct kt_lazy_areas areas;

	CHECK(!kt_lazy_areas_walk(lazy->target, &areas));
	return areas;
}

TEST(freed_areas_are_counted_in_each_form)
{
	for (unsigned form = 0; form < LAZY_FORMS; form++) {
		struct kt_lazy_areas areas;
		struct lazy_bytes lazy;

		lazy_init(&lazy, form, 5 + 9);
		areas = walk(&lazy);
		CHECK_INT(areas.nr_lazy, 0);
		lazy_add(&lazy, lazy_head(&lazy, 0), 4);
		lazy_add(&lazy, lazy_head(&lazy, 1), 8);
		areas = walk(&lazy);
		CHECK_INT(areas.nr_lazy, 2);
		CHECK_INT(areas.lazy_bytes, (5 + 9) * 4096);
		CHECK_INT(areas.counter_bytes, areas.lazy_bytes);
		CHECK_INT(areas.nr_torn, 0);
		CHECK_INT(areas.nr_pooled, form == LAZY_BY_NODE ? 0 : KT_UNKNOWN);
		CHECK_INT(areas.asked_bytes, form == LAZY_BY_NODE ? 0 : KT_UNKNOWN);
		lazy_fini(&lazy);
	}
}

TEST(purged_areas_that_are_kept_are_apart)
{
	struct kt_lazy_areas areas;
	struct lazy_bytes lazy;
	uint64_t purging;

	lazy_init(&lazy, LAZY_BY_NODE, 0);
	lazy_add(&lazy, lazy_pool(&lazy, 0, 0), 1);
	lazy_add(&lazy, lazy_pool(&lazy, 1, 3), 3);
	lazy_add(&lazy, lazy_pool(&lazy, 1, 3), 3);
	purging = lazy.nodes + NODE_PURGING;
	lazy_empty(&lazy, purging);
	lazy_add(&lazy, purging, 6);
	areas = walk(&lazy);
	CHECK_INT(areas.nr_pooled, 3);
	CHECK_INT(areas.pooled_bytes, (2 + 4 + 4) * 4096);
	CHECK_INT(areas.nr_lazy, 1); /* it is being purged */
	CHECK_INT(areas.lazy_bytes, 7 * 4096);
	lazy_fini(&lazy);
}

TEST(requested_sizes_are_of_areas_with_pages_of_vmalloc)
{
	struct kt_lazy_areas areas;
	struct lazy_bytes lazy;
	uint64_t vm;

	lazy_init(&lazy, LAZY_BY_NODE, 0);
	lazy_add_busy(&lazy, 4, 12289, 2);
	lazy_add_busy(&lazy, 1, 4096, 2 | 0x40);
	lazy_add_busy(&lazy, 16, 65536, 4);	 /* VM_MAP */
	lazy_add_busy(&lazy, 2, 0, 2);		 /* its pages are not there yet */
	lazy_add(&lazy, lazy_busy(&lazy, 0), 8); /* vm_map_ram() */
	areas = walk(&lazy);
	CHECK_INT(areas.nr_asked, 2);
	CHECK_INT(areas.asked_bytes, 12289 + 4096);
	CHECK_INT(areas.taken_bytes, 5 * 4096);
	vm = lazy_add_busy(&lazy, 1, 100, 2);
	lazy_set(&lazy, vm + VM_ADDR, LAZY_ADDRESSES + 4096, 8); /* of another area */
	areas = walk(&lazy);
	CHECK_INT(areas.nr_torn, 1);
	CHECK_INT(areas.nr_lazy, 0);
	lazy_fini(&lazy);
}

TEST(a_kernel_without_names_is_an_error)
{
	struct kt_lazy_areas areas;
	struct lazy_bytes lazy;
	struct kt_err *err;

	lazy_init(&lazy, LAZY_BY_NODE, 0);
	kt_symbols_fini(&lazy.target->symbols);
	err = kt_lazy_areas_walk(lazy.target, &areas);
	CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	lazy_fini(&lazy);
}

/* Each damage makes the list one that is not counted. */
TEST(a_list_that_leads_elsewhere_is_torn)
{
	for (unsigned form = 0; form < LAZY_FORMS; form++) {
		for (unsigned i = 0; i < 6; i++) {
			struct kt_lazy_areas areas;
			struct lazy_bytes lazy;
			uint64_t first, second, link;

			lazy_init(&lazy, form, 0);
			first = lazy_add(&lazy, lazy_head(&lazy, 0), 1);
			second = lazy_add(&lazy, lazy_head(&lazy, 0), 1);
			link = form == LAZY_CHAIN ? LAZY_VM : LAZY_LINK;
			const uint64_t values[][2] = { { first + link, second + link }, /* a loop */
				{ second + link, 0xdead000000000100ull }, { second + link, 0x1000 },
				{ second + link, LAZY_BASE + LAZY_BYTES - 8 },
				{ first + LAZY_START, LAZY_ADDRESSES + 1 },
				{ first + LAZY_END, LAZY_ADDRESSES } };

			lazy_set(&lazy, values[i][0], values[i][1], 8);
			areas = walk(&lazy);
			CHECK_INT(areas.nr_torn, 1);
			CHECK_INT(areas.nr_lazy, 0);
			CHECK_INT(areas.lazy_bytes, 0);
			lazy_fini(&lazy);
		}
	}
}

static void check_damaged(struct lazy_bytes *lazy)
{
	uint64_t reads = lazy->target->nr_reads;
	struct kt_lazy_areas areas;
	struct kt_err *err = kt_lazy_areas_walk(lazy->target, &areas);

	kt_err_free(err);
	CHECK(lazy->target->nr_reads - reads < LAZY_READS_MAX);
	if (err)
		return;
	CHECK(areas.nr_lazy >= 0 && areas.lazy_bytes >= areas.nr_lazy * 4096);
	CHECK(areas.taken_bytes == KT_UNKNOWN || areas.taken_bytes >= areas.asked_bytes);
}

TEST(damaged_lists_are_read_in_bounded_time)
{
	for (unsigned form = 0; form < LAZY_FORMS; form++) {
		struct lazy_bytes lazy;

		lazy_init(&lazy, form, 3);
		for (unsigned i = 0; i < 6; i++)
			lazy_add(&lazy, lazy_head(&lazy, i % LAZY_NODES), i);
		for (unsigned i = 0; form == LAZY_BY_NODE && i < 4; i++)
			lazy_add_busy(&lazy, i + 1, i * 4096 + 1, 2);
		dice_state = 0x9e3779b97f4a7c15u;
		for (unsigned i = 0; i < 10000; i++) {
			uint64_t at = LAZY_BASE + 4096 + dice(lazy.used - 4096 - 8), before;
			uint64_t value = dice(2) ? LAZY_BASE + dice(lazy.used)
						 : dice(1ull << 63) << dice(2) * 16;

			if (dice(2))
				at &= ~7ull;
			before = lazy_get(&lazy, at);
			lazy_set(&lazy, at, value, 8);
			check_damaged(&lazy);
			if (i % 32) /* some damage stays */
				lazy_set(&lazy, at, before, 8);
		}
		lazy_fini(&lazy);
	}
}
