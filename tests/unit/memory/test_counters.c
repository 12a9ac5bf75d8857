// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's own files of counters, made of the memory of a kernel that was made by hand.

#include "kernel_bytes.h"
#include "test.h"

#include "memory/counters/counters.h"
#include "memory/counters/huge_pools.h"
#include "memory/counters/meminfo.h"

#define BASE  0xffff888000000000ull
#define BYTES 16384u

enum {
	ZONE_BYTES = 128,
	NODE_ID = 128,
	NODE_STAT = 136,
	NODE_BYTES = 192,
	HSTATE_BYTES = 48,
};

static const char *const names[] = { "nr_free_pages", "nr_bounce", "nr_file_pages",
	"nr_kernel_stack", "nr_dirty_threshold", "pgpgin", "oom_kill" };

struct counters_bytes {
	char *memory, *types;
	uint32_t used;
	uint64_t node, events, pools;
	struct kt_target_piece piece;
	struct kt_target *target;
};

static void set(struct counters_bytes *bytes, uint64_t at, uint64_t value, size_t size)
{
	memcpy(bytes->memory + (at - BASE), &value, size);
}

static uint64_t take(struct counters_bytes *bytes, uint32_t size)
{
	uint64_t at = BASE + bytes->used;

	bytes->used += (size + 15) / 16 * 16;
	if (bytes->used > BYTES)
		abort();
	return at;
}

static uint64_t variable(
	struct counters_bytes *bytes, const char *name, uint64_t value, uint32_t size)
{
	uint64_t at = take(bytes, 16);

	set(bytes, at, value, size);
	kt_symbols_add(&bytes->target->symbols, kt_span_str(name), at);
	return at;
}

static uint64_t text(struct counters_bytes *bytes, const char *name)
{
	uint64_t at = take(bytes, (uint32_t)strlen(name) + 1);

	memcpy(bytes->memory + (at - BASE), name, strlen(name) + 1);
	return at;
}

static void zone_types(struct made_types *made, uint32_t word, uint32_t pointer, bool kib)
{
	uint32_t number = made_int(made, "int", 4), byte = made_int(made, "s8", 1);
	uint32_t two = made_array(made, word, 2), bytes = made_array(made, byte, 2);
	const struct made_member of_zone[] = { { "name", pointer, 0, 0 },
		{ "zone_start_pfn", word, 64, 0 }, { "spanned_pages", word, 128, 0 },
		{ "present_pages", word, 192, 0 }, { "managed_pages", word, 256, 0 },
		{ "vm_stat", two, 320, 0 }, { "per_cpu_pageset", pointer, 448, 0 },
		{ "per_cpu_zonestats", pointer, 512, 0 } };
	uint32_t zone = made_struct(made, "zone", ZONE_BYTES, of_zone, KT_LEN(of_zone));
	const struct made_member of_node[] = { { "node_zones", made_array(made, zone, 1), 0, 0 },
		{ "node_id", number, NODE_ID * 8, 0 }, { "vm_stat", two, NODE_STAT * 8, 0 } };
	const struct made_member of_pages[] = { { "count", number, 0, 0 } };
	const struct made_member of_stat[] = { { "vm_stat_diff", bytes, 0, 0 } };
	const struct made_value of_items[] = { { kib ? "NR_KERNEL_STACK_KB" : "NR_KERNEL_STACK",
						       1 },
		{ "NR_VM_NODE_STAT_ITEMS", 2 } };

	made_struct(made, "pglist_data", NODE_BYTES, of_node, KT_LEN(of_node));
	made_struct(made, "per_cpu_pages", 8, of_pages, 1);
	made_struct(made, "per_cpu_zonestat", 2, of_stat, 1);
	made_enum(made, "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", 2);
	made_values(made, "node_stat_item", of_items, 2);
	made_enum(made, "vm_stat_item", "NR_VM_STAT_ITEMS", 1);
	made_enum(made, "vm_event_item", "NR_VM_EVENT_ITEMS", 2);
}

static char *types_of(bool kib, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t word = made_int(&made, "long", 8), pointer = made_pointer(&made, word);
	uint32_t number = made_int(&made, "unsigned int", 4);
	const struct made_member of_hstate[] = { { "order", number, 0, 0 },
		{ "nr_huge_pages", word, 64, 0 }, { "free_huge_pages", word, 128, 0 },
		{ "resv_huge_pages", word, 192, 0 }, { "surplus_huge_pages", word, 256, 0 } };
	char *file;

	zone_types(&made, word, pointer, kib);
	made_struct(&made, "hstate", HSTATE_BYTES, of_hstate, KT_LEN(of_hstate));
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

static void fill_zone(struct counters_bytes *bytes)
{
	uint64_t node = bytes->node, stat = take(bytes, 16), lists = take(bytes, 16);

	kt_symbols_add(&bytes->target->symbols, kt_span_str("contig_page_data"), node);
	set(bytes, node, text(bytes, "Normal"), 8);
	set(bytes, node + 16, 5000, 8);
	set(bytes, node + 24, 4500, 8);
	set(bytes, node + 32, 4000, 8);
	set(bytes, node + 40, 1000, 8);
	set(bytes, node + 56, lists, 8);
	set(bytes, node + 64, stat, 8);
	set(bytes, stat, 0xfb, 1); /* a CPU took 5 free pages, and has not told yet */
	set(bytes, node + NODE_STAT, 700, 8);
	set(bytes, node + NODE_STAT + 8, 160, 8);
}

static void fill_pool(struct counters_bytes *bytes, uint32_t index, uint64_t order, uint64_t total)
{
	uint64_t at = bytes->pools + (uint64_t)index * HSTATE_BYTES;

	set(bytes, at, order, 4);
	set(bytes, at + 8, total, 8);
	set(bytes, at + 16, total / 2, 8);
}

static void init(struct counters_bytes *bytes, bool kib)
{
	uint64_t table;
	size_t size;

	*bytes = (struct counters_bytes){ .memory = calloc(1, BYTES), .used = 64 };
	bytes->types = types_of(kib, &size);
	bytes->piece = (struct kt_target_piece){ BASE, bytes->memory, BYTES };
	if (!bytes->memory || kt_target_of_bytes(&bytes->piece, 1, &bytes->target) ||
		kt_types_init(&bytes->target->types, (struct kt_span){ bytes->types, size }, 8))
		abort();
	bytes->target->page_bytes = 4096;
	bytes->target->nr_cpus = 1;
	bytes->node = take(bytes, NODE_BYTES);
	fill_zone(bytes);
	table = take(bytes, sizeof(uint64_t) * KT_LEN(names));
	for (size_t i = 0; i < KT_LEN(names); i++)
		set(bytes, table + i * 8, text(bytes, names[i]), 8);
	kt_symbols_add(&bytes->target->symbols, kt_span_str("vmstat_text"), table);
	bytes->events = take(bytes, 16);
	set(bytes, bytes->events, 12, 8);
	set(bytes, bytes->events + 8, 3, 8);
	kt_symbols_add(&bytes->target->symbols, kt_span_str("vm_event_states"), bytes->events);
	variable(bytes, "__per_cpu_offset", 0, 8);
	variable(bytes, "_totalram_pages", 4000, 8);
	variable(bytes, "nr_vmalloc_pages", 25, 8);
	variable(bytes, "pcpu_nr_populated", 10, 8);
	variable(bytes, "pcpu_nr_units", 4, 4);
	variable(bytes, "nr_swapfiles", 0, 4);
	bytes->pools = take(bytes, 2 * HSTATE_BYTES);
	kt_symbols_add(&bytes->target->symbols, kt_span_str("hstates"), bytes->pools);
	variable(bytes, "hugetlb_max_hstate", 2, 4);
	variable(bytes, "default_hstate_idx", 1, 4);
	fill_pool(bytes, 0, 18, 1);
	fill_pool(bytes, 1, 9, 6);
}

static void fini(struct counters_bytes *bytes)
{
	kt_target_close(bytes->target);
	free(bytes->memory);
	free(bytes->types);
}

static void check_text(struct kt_buf *buf, struct kt_err *err, const char *wanted)
{
	CHECK(!err);
	kt_err_free(err);
	kt_buf_add(buf, "", 1);
	CHECK_STR(buf->data, wanted);
	kt_buf_cleanup(buf);
}

TEST(vmstat_has_counters_and_events)
{
	struct counters_bytes bytes;
	struct kt_buf buf = { 0 };
	struct kt_err *err;

	init(&bytes, true);
	check_text(&buf, kt_file_vmstat(bytes.target, 1, &buf),
		"nr_free_pages 995\nnr_bounce 0\nnr_file_pages 700\nnr_kernel_stack 160\n"
		"pgpgin 12\noom_kill 3\n");
	kt_symbols_fini(&bytes.target->symbols);
	err = kt_file_vmstat(bytes.target, 1, &buf);
	CHECK_INT(kt_err_code(err), KT_ERR_ABSENT);
	kt_err_free(err);
	kt_buf_cleanup(&buf);
	fini(&bytes);
}

/* Of a second CPU memory has the difference of the first counter only. */
TEST(a_counter_that_cannot_be_read_has_no_line)
{
	struct counters_bytes bytes;
	struct kt_buf buf = { 0 }, zones = { 0 };
	uint64_t offsets = 0, stat;

	init(&bytes, true);
	bytes.target->nr_cpus = 2;
	CHECK(kt_symbols_find(&bytes.target->symbols, "__per_cpu_offset", &offsets));
	memcpy(&stat, bytes.memory + (bytes.node + 64 - BASE), sizeof(stat));
	set(&bytes, offsets + 8, BASE + BYTES - 1 - stat, 8);
	check_text(&buf, kt_file_vmstat(bytes.target, 1, &buf),
		"nr_free_pages 995\nnr_file_pages 700\nnr_kernel_stack 160\n");
	CHECK(!kt_file_zoneinfo(bytes.target, 1, &zones));
	kt_buf_add(&zones, "", 1);
	CHECK(strstr(zones.data, "nr_free_pages 995") && !strstr(zones.data, "nr_bounce"));
	/* a threshold without a count: the sum of the lists is a lower bound */
	CHECK(strstr(zones.data, "    cpu: 0\n              count:    0\n  vm stats threshold: 0\n"
				 "    cpu: 1\n  vm stats threshold: 0\n"));
	kt_buf_cleanup(&zones);
	fini(&bytes);
}

static const char meminfo[] = "MemTotal:          16000 kB\n"
			      "MemFree:            3980 kB\n"
			      "SwapCached:            0 kB\n"
			      "KernelStack:         160 kB\n"
			      "Bounce:                0 kB\n"
			      "WritebackTmp:          0 kB\n"
			      "VmallocUsed:         100 kB\n"
			      "Percpu:              160 kB\n"
			      "HugePages_Total:       6\n"
			      "HugePages_Free:        3\n"
			      "HugePages_Rsvd:        0\n"
			      "HugePages_Surp:        0\n"
			      "Hugepagesize:       2048 kB\n"
			      "Hugetlb:         1060864 kB\n";

TEST(meminfo_has_the_amounts_that_are_known)
{
	struct counters_bytes bytes;
	struct kt_buf buf = { 0 };

	init(&bytes, true);
	check_text(&buf, kt_file_meminfo(bytes.target, 1, &buf), meminfo);
	fini(&bytes);
}

/* Before 4.9 the counter is threads: its size in kB cannot be told. */
TEST(stacks_without_a_unit_have_no_line)
{
	struct counters_bytes bytes;
	struct kt_buf buf = { 0 };

	init(&bytes, false);
	CHECK(!kt_file_meminfo(bytes.target, 1, &buf));
	kt_buf_add(&buf, "", 1);
	CHECK(!strstr(buf.data, "KernelStack"));
	CHECK(strstr(buf.data, "VmallocUsed"));
	kt_buf_cleanup(&buf);
	fini(&bytes);
}

static void see_pool(void *arg, const struct kt_huge_pool *pool)
{
	uint64_t *bytes = arg;

	*bytes += pool->page_bytes * pool->nr_total;
}

TEST(a_damaged_pool_of_huge_pages_is_an_error)
{
	struct counters_bytes bytes;
	uint64_t sum = 0;
	struct kt_err *err;

	init(&bytes, true);
	CHECK(!kt_huge_pools_each(bytes.target, see_pool, &sum));
	CHECK_INT(sum, (1024 + 12) << 20);
	set(&bytes, bytes.pools + HSTATE_BYTES + 16, 7, 8); /* more are free than there are */
	sum = 0;
	err = kt_huge_pools_each(bytes.target, see_pool, &sum);
	CHECK_INT(kt_err_code(err), KT_ERR_PARSE);
	CHECK_INT(sum, 1024 << 20);
	kt_err_free(err);
	fini(&bytes);
}
