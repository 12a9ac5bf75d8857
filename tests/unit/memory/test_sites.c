// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who allocated, in a kernel that was made by hand.

#include "random.h"
#include "sites_bytes.h"
#include "test.h"

static void check_text(struct kt_buf *text, struct kt_err *err, const char *wanted)
{
	CHECK(!err);
	if (err)
		printf("%s\n", kt_err_text(err));
	kt_err_free(err);
	kt_buf_add(text, "", 1);
	CHECK_STR(text->data, wanted);
	kt_buf_cleanup(text);
}

static void check_error(struct kt_buf *text, struct kt_err *err, enum kt_err_code code)
{
	CHECK_INT(err ? (int)kt_err_code(err) : -1, (int)code);
	CHECK_INT(text->size, 0);
	kt_err_free(err);
	kt_buf_cleanup(text);
}

TEST(call_sites_have_the_sums_of_all_cpus)
{
	struct sites_bytes sites;
	struct kt_buf text = { 0 };
	struct kt_err *err;

	sites_init(&sites);
	sites_tags(&sites);
	err = kt_file_allocinfo(sites.files.slub.target, &text);
	check_text(&text, err,
		"allocinfo - version: 2.0\n#     <size>  <calls> <tag info>\n"
		"        8192        2 mm/some.c:12 func:alloc_one \n"
		"         -64        0 mm/some.c:345 func:alloc_two accurate:no \n"
		"         320        5 mm/some.c:7 [driver] func:probe \n");
	sites_fini(&sites);
}

TEST(a_part_of_the_call_sites_is_no_list)
{
	struct sites_bytes sites;
	struct kt_buf text = { 0 };
	struct kt_target *target;
	uint64_t at;

	sites_init(&sites);
	target = sites.files.slub.target;
	check_error(&text, kt_file_allocinfo(target, &text), KT_ERR_ABSENT);
	sites_tags(&sites);
	slub_set64(&sites.files.slub, sites.module_range + CODETAG_RANGE + 8, SLUB_BASE);
	check_error(&text, kt_file_allocinfo(target, &text), KT_ERR_PARSE);
	/* nothing was counted */
	slub_set64(&sites.files.slub, sites.array, sites_range(&sites, SLUB_BASE, 0));
	check_error(&text, kt_file_allocinfo(target, &text), KT_ERR_ABSENT);
	CHECK(kt_symbols_find(&target->symbols, "alloc_tag_cttype", &at));
	slub_set64(&sites.files.slub, at, 0);
	check_error(&text, kt_file_allocinfo(target, &text), KT_ERR_ABSENT);
	sites_fini(&sites);
}

TEST(stacks_of_pages_have_their_pages)
{
	struct sites_bytes sites;
	struct kt_buf text = { 0 };
	struct kt_err *err;

	sites_init(&sites);
	check_error(&text, kt_file_page_stacks(sites.files.slub.target, &sites.names, &text),
		KT_ERR_ABSENT);
	sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 12);
	sites_stack(&sites, SITES_CODE + 0x120, SITES_CODE + 0x220, 0);
	sites_stack(&sites, SITES_CODE + 0x130, SITES_CODE + 0x220, 3);
	err = kt_file_page_stacks(sites.files.slub.target, &sites.names, &text);
	check_text(&text, err,
		" inner+0x30/0xf0\n outer+0x20/0x100\nnr_base_pages: 3\n\n"
		" inner+0x10/0xf0\n outer+0x20/0x100\nnr_base_pages: 12\n\n");
	slub_set64(&sites.files.slub, slub_get64(&sites.files.slub, sites.stacks) + 8, 1234);
	check_error(&text, kt_file_page_stacks(sites.files.slub.target, &sites.names, &text),
		KT_ERR_PARSE);
	sites_fini(&sites);
}

TEST(pages_have_their_owners)
{
	struct sites_bytes sites;
	struct kt_buf text = { 0 };
	uint32_t handle, other;
	uint64_t owners;

	sites_init(&sites);
	check_error(&text, sites_pages(&sites, &text), KT_ERR_ABSENT);
	owners = sites_owners(&sites);
	check_error(&text, sites_pages(&sites, &text), KT_ERR_ABSENT);
	handle = sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 0);
	other = sites_stack(&sites, SITES_CODE + 0x120, SITES_CODE + 0x220, 0);
	sites_owner(&sites, owners, 1, 0, handle, true);
	sites_owner(&sites, owners, 2, 0, handle, false); /* free again */
	for (uint32_t pfn = 4; pfn < 8; pfn++)
		sites_owner(&sites, owners, pfn, 2, other, true);
	sites_owner(&sites, owners, 20, 0, handle, true); /* of no memory */
	sites_owner(&sites, owners, 32, 0, handle, true);
	check_text(&text, sites_pages(&sites, &text),
		"1 times, 4 pages:\n inner+0x20/0xf0\n outer+0x20/0x100\n\n"
		"2 times, 2 pages:\n inner+0x10/0xf0\n outer+0x20/0x100\n\n");
	sites_fini(&sites);
}

TEST(objects_have_their_tracks)
{
	struct sites_bytes sites;
	struct kt_buf text = { 0 };
	uint32_t handle, other;
	uint64_t object;
	struct kt_err *err;

	sites_init(&sites);
	check_error(&text, sites_traces(&sites, "dentry", false, &text), KT_ERR_ABSENT);
	handle = sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 0);
	other = sites_stack(&sites, SITES_CODE + 0x120, SITES_CODE + 0x220, 0);
	object = sites_cache(&sites, "tracked");
	sites_track(&sites, object, false, SITES_CODE + 0x110, handle, 7, 9000);
	sites_track(&sites, object + TRACKED_BYTES, false, SITES_CODE + 0x110, handle, 9, 9500);
	sites_track(&sites, object, true, SITES_CODE + 0x120, other | 1u << 30, 7, 8000);
	object = sites_cache(&sites, "another");
	sites_track(&sites, object, false, SITES_CODE + 0x110, 0, 7, 9000);
	sites_track(&sites, object + TRACKED_BYTES, false, SITES_CODE + 0x120, 0, 7, 9000);
	err = sites_traces(&sites, "tracked", false, &text);
	check_text(&text, err,
		"      2 inner+0x10/0xf0 age=500/750/1000 pid=7-9\n"
		"        inner+0x10/0xf0\n        outer+0x20/0x100\n\n");
	err = sites_traces(&sites, "tracked", true, &text);
	check_text(&text, err,
		"      1 inner+0x20/0xf0 age=2000 pid=7\n"
		"        inner+0x20/0xf0\n        outer+0x20/0x100\n\n"
		"      1 <not-available> age=10000 pid=0\n\n");
	err = sites_traces(&sites, "another", false, &text);
	check_text(&text, err,
		"      1 inner+0x10/0xf0 age=1000 pid=7\n\n"
		"      1 inner+0x20/0xf0 age=1000 pid=7\n\n");
	check_error(&text, sites_traces(&sites, "dentry", false, &text), KT_ERR_ABSENT);
	sites_fini(&sites);
}

TEST(a_depot_of_any_form_has_its_stacks)
{
	struct sites_bytes sites;
	uint64_t frames[KT_DEPOT_FRAMES], pointer;
	struct kt_depot depot;
	uint32_t handle;

	sites_init(&sites);
	handle = sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 0);
	CHECK(kt_depot_open(sites.files.slub.target, &depot));
	CHECK_INT(kt_depot_stack(&depot, handle, frames), 2);
	CHECK_INT(frames[1], SITES_CODE + 0x220);
	CHECK_INT(kt_depot_stack(&depot, handle + (1 << 17), frames), 0);
	CHECK_INT(kt_depot_stack(&depot, 0, frames), 0);
	/* counted from 0 */
	slub_set64(&sites.files.slub, sites.pools + 3 * 8, sites.pool);
	slub_set64(&sites.files.slub, sites.pools + 2 * 8, 0);
	CHECK(kt_depot_open(sites.files.slub.target, &depot));
	CHECK_INT(kt_depot_stack(&depot, handle, frames), 2);
	/* behind a pointer */
	pointer = slub_take(&sites.files.slub, 8);
	slub_set64(&sites.files.slub, pointer, sites.pools);
	depot.pools = pointer;
	depot.form = -1;
	CHECK_INT(kt_depot_stack(&depot, handle, frames), 2);
	sites_fini(&sites);
}

TEST(only_unreferenced_objects_are_leaks)
{
	struct sites_bytes sites;
	struct kt_buf text = { 0 };
	struct kt_target *target;
	uint32_t handle;
	uint64_t at;

	sites_init(&sites);
	target = sites.files.slub.target;
	handle = sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 0);
	sites_leak(&sites, 0xffff888000001000, 3, handle);
	sites_leak(&sites, 0xffff888000002000, 1, handle); /* not reported */
	at = sites_leak(&sites, 0xffff888000003000, 3, handle);
	slub_set(&sites.files.slub, at + LEAK_COUNT, 1, 4); /* a pointer was found since */
	at = sites_leak(&sites, 0xffff888000004000, 3, handle);
	slub_set64(&sites.files.slub, at + LEAK_JIFFIES, 8000); /* too young */
	sites_leak(&sites, 0x60ff9c0a1230, 0x23, 0);
	check_text(&text, kt_file_leaks(target, &sites.names, &text),
		"unreferenced object 0xffff888000001000 (size 96):\n"
		"  comm \"kworker\", pid 42, jiffies 1000\n  backtrace:\n"
		"    inner+0x10/0xf0\n    outer+0x20/0x100\n"
		"unreferenced object (percpu) 0x60ff9c0a1230 (size 96):\n"
		"  comm \"kworker\", pid 42, jiffies 1000\n  backtrace:\n");
	slub_set64(&sites.files.slub, at + LEAK_LIST + 8, at);
	check_error(&text, kt_file_leaks(target, &sites.names, &text), KT_ERR_PARSE);
	kt_symbols_fini(&target->symbols);
	check_error(&text, kt_file_leaks(target, &sites.names, &text), KT_ERR_ABSENT);
	sites_fini(&sites);
}

TEST(damaged_memory_is_read_in_bounded_time)
{
	dice_state = 0x9e3779b97f4a7c15u;
	for (unsigned i = 0; i < 600; i++) {
		struct sites_bytes sites;
		struct kt_buf text = { 0 };
		struct kt_target *target;
		uint32_t handle;
		uint64_t object;

		sites_init(&sites);
		target = sites.files.slub.target;
		sites_tags(&sites);
		sites_owners(&sites);
		handle = sites_stack(&sites, SITES_CODE + 0x110, SITES_CODE + 0x220, 4);
		object = sites_cache(&sites, "tracked");
		sites_track(&sites, object, false, SITES_CODE + 0x110, handle, 7, 9000);
		sites_leak(&sites, 0xffff888000001000, 3, handle);
		for (unsigned k = 0; k < 1 + i % 4; k++) {
			uint64_t at = SLUB_BASE + 4096 + dice(sites.files.slub.used - 4096 - 8);
			uint64_t value = dice(2) ? SLUB_BASE + dice(sites.files.slub.used)
						 : dice(1ull << 63) << dice(2) * 16;

			slub_set64(&sites.files.slub, dice(4) ? at & ~7ull : at, value);
		}
		kt_err_free(kt_file_allocinfo(target, &text));
		kt_err_free(kt_file_page_stacks(target, &sites.names, &text));
		kt_err_free(kt_file_leaks(target, &sites.names, &text));
		kt_err_free(sites_pages(&sites, &text));
		kt_err_free(sites_traces(&sites, "tracked", i % 2, &text));
		CHECK(!text.failed && target->nr_reads < 4000000);
		kt_buf_cleanup(&text);
		sites_fini(&sites);
	}
}
