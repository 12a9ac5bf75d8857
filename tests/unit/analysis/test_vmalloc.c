// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/vmalloc.h"
#include "feed.h"
#include "test.h"

#define PATH "proc/vmallocinfo"

static const char areas[] = "0x1-0x2 20480 kernel_clone+0xc2/0x430 pages=4 vmalloc N0=3 N1=1\n"
			    "0x1-0x2 20480 fork_idle+0x79/0x120 pages=4 vmalloc N1=4\n"
			    "0x1-0x2 8192 f+0x1/0x9 pages=1 vmalloc N0=1\n"
			    "0x1-0x2 8192 f+0x5/0x9 pages=1 vmalloc N0=1\n"
			    "0x1-0x2 8192 f.isra.0+0x5/0x9 pages=1 vmalloc N0=1\n"
			    "0x1-0x2 8192 f+0x1/0x9 [mod] pages=1 vmalloc N0=1\n"
			    "0x1-0x2 8192 g+0x1/0x9 [mod] phys=0x1000 ioremap\n"
			    "0x1-0x2 8192 pin+0x1/0x9 [mod] pages=1 vmap\n"
			    "0x1-0x2 8192 load_module+0x1/0x9 pages=1 vmalloc N0=1\n"
			    "0x1-0x2 8388608 pcpu_get_vm_areas+0x0/0x9 vmalloc\n"
			    "0x1-0x2 8192 unpurged vm_area\n";

#define NR_PAGES 13 /* that vmalloc took */

struct fixture {
	struct kt_snapshot *snap;
	struct kt_arena arena;
	struct kt_vmalloc vmalloc;
};

static void group(
	struct fixture *fixture, const char *text, int64_t used_kib, enum kt_vmalloc_by by)
{
	*fixture = (struct fixture){ .snap = machine(4096) };
	FEED(fixture->snap, vmallocinfo, PATH, text);
	if (used_kib >= 0)
		meminfo_kb(fixture->snap, KT_VMALLOC_USED, used_kib);
	kt_derive(fixture->snap);
	kt_vmalloc_group(&fixture->arena, fixture->snap, by, &fixture->vmalloc);
}

static void fini(struct fixture *fixture)
{
	kt_arena_fini(&fixture->arena);
	kt_snapshot_free(fixture->snap);
}

static const struct kt_vmalloc_row *row_of(const struct kt_vmalloc *vmalloc, const char *name)
{
	for (size_t i = 0; i < vmalloc->rows.count; i++) {
		if (strcmp(vmalloc->rows.items[i].name, name) == 0)
			return &vmalloc->rows.items[i];
	}
	return NULL;
}

static int64_t sum_of_rows(const struct kt_vmalloc *vmalloc)
{
	int64_t sum = 0;

	for (size_t i = 0; i < vmalloc->rows.count; i++)
		sum += vmalloc->rows.items[i].bytes;
	return sum;
}

TEST(rows_of_every_grouping_add_up_to_the_total)
{
	for (int by = KT_VMALLOC_BY_CALLER; by <= KT_VMALLOC_BY_KIND; by++) {
		int64_t nr_areas = 0, size = 0;
		struct fixture one;

		group(&one, areas, -1, (enum kt_vmalloc_by)by);
		CHECK_INT(sum_of_rows(&one.vmalloc), NR_PAGES * 4096);
		CHECK_INT(one.vmalloc.total.value, NR_PAGES * 4096);
		CHECK_INT(one.vmalloc.difference_bytes, 0);
		CHECK_INT(one.vmalloc.mapped_bytes, 4096);
		for (size_t i = 0; i < one.vmalloc.rows.count; i++) {
			nr_areas += one.vmalloc.rows.items[i].nr_areas;
			size += one.vmalloc.rows.items[i].size_bytes;
		}
		CHECK_INT(nr_areas, 11);
		CHECK_INT(size, 2 * 20480 + 8 * 8192 + 8388608);
		fini(&one);
	}
}

TEST(a_caller_is_a_function_wherever_in_it_and_however_compiled)
{
	struct fixture one;

	group(&one, areas, -1, KT_VMALLOC_BY_CALLER);
	if (CHECK(row_of(&one.vmalloc, "f"))) {
		CHECK_INT(row_of(&one.vmalloc, "f")->nr_areas, 3);
		CHECK_INT(row_of(&one.vmalloc, "f")->bytes, 3 * 4096);
		CHECK_STR(row_of(&one.vmalloc, "f")->kind, "vmalloc");
	}
	if (CHECK(row_of(&one.vmalloc, "f [mod]")))
		CHECK_STR(row_of(&one.vmalloc, "f [mod]")->module, "mod");
	fini(&one);
}

TEST(a_site_is_a_place_in_a_function)
{
	struct fixture one;

	group(&one, areas, -1, KT_VMALLOC_BY_SITE);
	CHECK(row_of(&one.vmalloc, "f+0x1/0x9"));
	CHECK(row_of(&one.vmalloc, "f+0x5/0x9"));
	CHECK(row_of(&one.vmalloc, "f.isra.0+0x5/0x9"));
	CHECK(row_of(&one.vmalloc, "f+0x1/0x9 [mod]"));
	fini(&one);
}

TEST(a_module_has_what_its_code_asked_for)
{
	struct fixture one;
	const struct kt_vmalloc_row *row;

	group(&one, areas, -1, KT_VMALLOC_BY_MODULE);
	row = row_of(&one.vmalloc, "mod");
	if (CHECK(row)) {
		CHECK_INT(row->nr_areas, 3);
		CHECK_INT(row->bytes, 4096);
		CHECK_INT(row->mapped_bytes, 4096);
	}
	row = row_of(&one.vmalloc, "(kernel)");
	if (CHECK(row))
		CHECK_INT(row->bytes, 12 * 4096);
	fini(&one);
}

TEST(kinds_that_hold_no_memory_of_vmalloc_stand_apart)
{
	static const char *const empty[] = { "device memory", "vmap", "per-CPU chunks",
		"freed areas" };
	struct fixture one;

	group(&one, areas, -1, KT_VMALLOC_BY_KIND);
	for (size_t i = 0; i < KT_LEN(empty); i++) {
		const struct kt_vmalloc_row *row = row_of(&one.vmalloc, empty[i]);

		if (CHECK(row)) {
			CHECK_INT(row->bytes, 0);
			CHECK(row->size_bytes > 0);
		}
	}
	CHECK_INT(row_of(&one.vmalloc, "thread stacks")->bytes, 8 * 4096);
	CHECK_INT(row_of(&one.vmalloc, "module images")->bytes, 4096);
	CHECK_INT(row_of(&one.vmalloc, "other vmalloc")->bytes, 4 * 4096);
	CHECK_INT(one.vmalloc.stack_bytes, 8 * 4096);
	fini(&one);
}

TEST(nodes_are_added_up_by_row)
{
	struct fixture one;
	const struct kt_vmalloc_row *row;

	group(&one, areas, -1, KT_VMALLOC_BY_KIND);
	row = row_of(&one.vmalloc, "thread stacks");
	if (CHECK(row) && CHECK_INT(row->nodes.count, 2)) {
		CHECK_INT(row->nodes.items[0].nr_pages + row->nodes.items[1].nr_pages, 8);
		CHECK_INT(row->nodes.items[row->nodes.items[0].node == 1 ? 0 : 1].nr_pages, 5);
	}
	fini(&one);
}

TEST(what_the_counter_says_otherwise_is_the_difference)
{
	struct fixture one;

	group(&one, areas, NR_PAGES * 4 + 12, KT_VMALLOC_BY_CALLER);
	CHECK(one.vmalloc.has_difference);
	CHECK_INT(one.vmalloc.difference_bytes, 12 * KIB);
	CHECK_INT(
		sum_of_rows(&one.vmalloc) + one.vmalloc.difference_bytes, one.vmalloc.total.value);
	fini(&one);
	group(&one, areas, NR_PAGES * 4 - 8, KT_VMALLOC_BY_CALLER);
	CHECK_INT(one.vmalloc.difference_bytes, -8 * KIB);
	fini(&one);
}

TEST(a_counter_that_is_far_too_small_is_not_believed)
{
	struct fixture one;

	group(&one, "0x1-0x2 8192 f+0x1/0x2 pages=100000 vmalloc\n", 4, KT_VMALLOC_BY_CALLER);
	CHECK_INT(one.vmalloc.total.value, 100000ll * 4096);
	CHECK_INT(one.vmalloc.difference_bytes, 0);
	fini(&one);
}

TEST(without_a_page_size_no_area_has_bytes_and_the_counter_has_all)
{
	struct kt_snapshot *snap = machine(KT_UNKNOWN);
	struct kt_arena arena = { 0 };
	struct kt_vmalloc vmalloc;

	FEED(snap, vmallocinfo, PATH, areas);
	fact(snap, KT_VMALLOC, 5 * MIB);
	kt_vmalloc_group(&arena, snap, KT_VMALLOC_BY_CALLER, &vmalloc);
	CHECK_INT(vmalloc.bytes, -1);
	CHECK_INT(vmalloc.difference_bytes, 5 * MIB);
	CHECK_INT(row_of(&vmalloc, "f")->bytes, -1);
	CHECK_INT(row_of(&vmalloc, "(freed areas)")->bytes, 0);
	kt_arena_fini(&arena);
	kt_snapshot_free(snap);
}

TEST(amounts_that_no_machine_has_are_not_known)
{
	struct fixture one;

	group(&one,
		"0x1-0x2 8192 f+0x1/0x2 pages=1099511627776 vmalloc\n"
		"0x1-0x2 8192 f+0x1/0x2 pages=1099511627776 vmalloc\n"
		"0x1-0x2 8192 f+0x1/0x2 pages=1099511627776 vmalloc\n"
		"0x1-0x2 8192 g+0x1/0x2 pages=1 vmalloc\n",
		-1, KT_VMALLOC_BY_CALLER);
	CHECK_INT(row_of(&one.vmalloc, "f")->bytes, -1);
	CHECK_INT(row_of(&one.vmalloc, "g")->bytes, 4096);
	CHECK_INT(one.vmalloc.bytes, -1);
	CHECK(!kt_ok(one.vmalloc.total) && !one.vmalloc.has_difference);
	fini(&one);
}

TEST(callers_have_a_purpose)
{
	static const struct {
		const char *caller, *module, *what;
	} cases[] = {
		{ "load_module+0x784/0x21b0", NULL, "module images" },
		{ "load_module+0x784/0x21b0", "mine", NULL },
		{ "execmem_vmalloc_noprof+0x1/0x2", NULL, "code of modules and BPF" },
		{ "bpf_jit_alloc_exec+0xe/0x10", NULL, "BPF programs" },
		{ "bpf_prog_pack_alloc+0x2b0/0x3d0", NULL, "BPF programs" },
		{ "htab_map_alloc+0xf6/0x5a0", NULL, "BPF maps" },
		{ "bpf_map_area_alloc.constprop.0+0x1/0x2", NULL, "BPF maps" },
		{ "pcpu_create_chunk+0x75/0x1a0", NULL, "per-CPU bookkeeping" },
		{ "alloc_large_system_hash+0x19c/0x259", NULL, "boot hash tables" },
		{ "xt_alloc_table_info+0xfe/0x130", "x_tables", "firewall rules" },
		{ "anything+0x1/0x2", "spl", "ZFS" },
		{ "anything+0x1/0x2", NULL, NULL },
		{ "0xffffffffc0ffee00", NULL, NULL },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		const struct kt_area area = { .caller = cases[i].caller,
			.module = cases[i].module };

		CHECK_STR(kt_area_what(&area), cases[i].what);
	}
}

TEST(nothing_is_said_of_a_caller_without_a_name_or_with_a_very_long_one)
{
	struct kt_area area = { 0 };
	char name[1000];

	CHECK(!kt_area_what(&area));
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	area.caller = name;
	CHECK(!kt_area_what(&area));
}
