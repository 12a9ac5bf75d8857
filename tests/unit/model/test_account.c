// SPDX-License-Identifier: GPL-2.0-or-later
//
// The account closes: on paper for random machines, and to the byte for one that is known.

#include "closed.h"
#include "feed.h"
#include "test.h"

#include "source/firmware.h"

static struct kt_account account_of(struct kt_snapshot *snap, int node)
{
	struct kt_account account;
	struct kt_err *err = kt_account_compute(snap, node, &account);

	CHECK_STR(err ? kt_err_text(err) : NULL, NULL);
	kt_err_free(err);
	return account;
}

static void check_closed(const struct kt_snapshot *snap, const struct kt_account *account)
{
	const struct kt_line *line = line_not_closed(account);

	CHECK_STR(line ? line->id : NULL, NULL);
	CHECK(levels_closed(snap, account));
	CHECK_INT(account->installed_bytes, account->lines.items[0].val.value);
}

#define LINE(account, id, wanted)                                                    \
	do {                                                                         \
		const struct kt_line *line_ = kt_account_line(&(account), id);       \
		if (CHECK(line_ != NULL) && CHECK_INT(line_->val.state, KT_OK))      \
			check_int(__FILE__, __LINE__, id, line_->val.value, wanted); \
	} while (0)
#define NO_LINE(account, id, wanted)                                                 \
	do {                                                                         \
		const struct kt_line *line_ = kt_account_line(&(account), id);       \
		if (CHECK(line_ != NULL)) {                                          \
			check_int(__FILE__, __LINE__, id, line_->val.state, wanted); \
			CHECK_INT(line_->val.value, 0);                              \
		}                                                                    \
	} while (0)

static void zones_mib(struct kt_snapshot *snap, int64_t present, int64_t managed, int64_t free)
{
	put_entry(snap, KT_PRESENT, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", present * 256);
	put_entry(snap, KT_ZONE_MANAGED, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", managed * 256);
	put_entry(snap, KT_NR_FREE, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", free * 256);
}

/* 1000 MiB managed, of which 60 are in no counter that this machine has. */
static struct kt_snapshot *known_machine(void)
{
	struct kt_snapshot *snap = machine(4096);

	zones_mib(snap, 1024, 1000, 400);
	put_entry(snap, KT_PCP, KT_PAGES, KT_RANK_FIRST, "proc/zoneinfo", 10 * 256);
	meminfo_kb(snap, KT_MEM_TOTAL, 1000 * 1024);
	meminfo_kb(snap, KT_ANON, 200 * 1024);
	meminfo_kb(snap, KT_CACHED, 150 * 1024);
	meminfo_kb(snap, KT_SHMEM, 30 * 1024);
	meminfo_kb(snap, KT_BUFFERS, 10 * 1024);
	meminfo_kb(snap, KT_SWAP_CACHED, 0);
	meminfo_kb(snap, KT_SLAB_R, 50 * 1024);
	meminfo_kb(snap, KT_SLAB_U, 70 * 1024);
	meminfo_kb(snap, KT_VMALLOC_USED, 30 * 1024);
	meminfo_kb(snap, KT_KERNEL_STACK, 12 * 1024);
	meminfo_kb(snap, KT_PAGE_TABLES, 8 * 1024);
	meminfo_kb(snap, KT_SEC_PAGE_TABLES, 2 * 1024);
	put_entry(snap, KT_STACK_VMAPPED, KT_COUNT, KT_RANK_FIRST, "sys/kernel/btf/vmlinux", 1);
	fact(snap, KT_SLABINFO, 100 * MIB);
	meminfo_kb(snap, KT_HUGETLB, 10 * 1024);
	return snap;
}

TEST(unattributed_is_what_is_managed_and_in_no_row)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	check_closed(snap, &account);
	LINE(account, "unattributed", 60 * MIB);
	LINE(account, "vmalloc", 18 * MIB); /* the stacks in it have their own row */
	LINE(account, "kernel_stacks", 12 * MIB);
	LINE(account, "page_cache", 120 * MIB);
	LINE(account, "shmem", 30 * MIB);
	LINE(account, "slab", 120 * MIB);
	LINE(account, "slab_unreclaimable.kmalloc_large", 20 * MIB);
	LINE(account, "slab_unreclaimable.rest", 50 * MIB);
	LINE(account, "free", 410 * MIB);
	LINE(account, "ram", 1024 * MIB);
	LINE(account, "boot_other", 8 * MIB); /* 24 are reserved, 16 of them struct pages */
}

TEST(sub_counts_are_shown_and_never_added)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	/* each of these is contained in a row of the known machine */
	meminfo_kb(snap, KT_KRECLAIMABLE, 55 * 1024);
	vmstat_pages(snap, KT_IOMMU_PAGES, 256);
	meminfo_kb(snap, KT_ANON_HUGE, 90 * 1024);
	meminfo_kb(snap, KT_SHMEM_HUGE, 20 * 1024);
	meminfo_kb(snap, KT_FILE_HUGE, 20 * 1024);
	meminfo_kb(snap, KT_MAPPED, 40 * 1024);
	meminfo_kb(snap, KT_MLOCKED, 3 * 1024);
	meminfo_kb(snap, KT_UNEVICTABLE, 3 * 1024);
	meminfo_kb(snap, KT_DIRTY, 5 * 1024);
	meminfo_kb(snap, KT_WRITEBACK, 5 * 1024);
	meminfo_kb(snap, KT_NFS_UNSTABLE, 5 * 1024);
	meminfo_kb(snap, KT_ZSWAPPED, 50 * 1024);
	meminfo_kb(snap, KT_CMA_TOTAL, 64 * 1024);
	meminfo_kb(snap, KT_SLAB, 120 * 1024);
	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	check_closed(snap, &account);
	LINE(account, "unattributed", 60 * MIB);
	LINE(account, "ram", 1024 * MIB);
}

TEST(a_row_that_no_file_has_is_missing_and_its_bytes_are_unattributed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	for (size_t i = 0; i < snap->entries.count; i++) {
		if (snap->entries.items[i].metric == KT_PAGE_TABLES)
			snap->entries.items[i].state = KT_DENIED;
	}
	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	check_closed(snap, &account);
	NO_LINE(account, "page_tables", KT_DENIED);
	NO_LINE(account, "zsmalloc", KT_ABSENT);
	NO_LINE(account, "fw_hidden", KT_ABSENT);
	NO_LINE(account, "firmware", KT_ABSENT); /* nothing below it is known */
	LINE(account, "unattributed", 68 * MIB);
}

TEST(what_is_counted_twice_makes_unattributed_negative_and_the_account_still_closes)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	vmstat_pages(snap, KT_ZSPAGES, 100 * 256);
	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	check_closed(snap, &account);
	LINE(account, "unattributed", -40 * MIB);
	LINE(account, "ram", 1024 * MIB);
}

TEST(reserved_names_beyond_what_is_reserved_make_other_negative)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	fact(snap, KT_CRASHKERNEL, 20 * MIB);
	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	check_closed(snap, &account);
	LINE(account, "boot_other", -12 * MIB);
	LINE(account, "boot", 24 * MIB);
}

TEST(modules_tell_what_is_hidden_unless_they_are_smaller_than_what_is_there)
{
	static const struct {
		int64_t dimms_mib, hidden_mib;
	} cases[] = { { 1024 + 40, 40 }, { 1024, 0 }, { 1000, -1 } };

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
		KT_CLEANUP(account) struct kt_account account = { 0 };

		fact(snap, KT_DIMMS, cases[i].dimms_mib * MIB);
		kt_derive(snap);
		account = account_of(snap, KT_NO_NODE);
		check_closed(snap, &account);
		if (cases[i].hidden_mib < 0) {
			NO_LINE(account, "fw_hidden", KT_UNSUPPORTED);
			LINE(account, "ram", 1024 * MIB);
		} else {
			LINE(account, "fw_hidden", cases[i].hidden_mib * MIB);
			LINE(account, "ram", cases[i].dimms_mib * MIB);
		}
	}
}

TEST(deferred_memory_and_the_gap_are_inside_present_and_outside_managed)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(account) struct kt_account account = { 0 };

	zones_mib(snap, 4096, 1000, 400);
	meminfo_kb(snap, KT_MEM_TOTAL, 3900 * 1024);
	meminfo_kb(snap, KT_MEM_FREE, 3300 * 1024);
	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	check_closed(snap, &account);
	LINE(account, "free_deferred", 2900 * MIB);
	LINE(account, "free_buddy", 400 * MIB);
	LINE(account, "unattributed", 600 * MIB);
	LINE(account, "ram", 4096 * MIB);
}

TEST(an_account_without_any_total_is_an_error_and_not_zeros)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_account account;
	KT_CLEANUP(err) struct kt_err *err = NULL;

	meminfo_kb(snap, KT_SLAB_R, 1);
	kt_derive(snap);
	err = kt_account_compute(snap, KT_NO_NODE, &account);
	CHECK(err && kt_err_code(err) == KT_ERR_ABSENT);
	kt_account_fini(&account);
}

TEST(a_node_has_its_own_account)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	KT_CLEANUP(account) struct kt_account account = { 0 };

	FEED(snap, node, "sys/devices/system/node/node1/meminfo",
		"Node 1 MemTotal:       409600 kB\n"
		"Node 1 MemFree:        102400 kB\n"
		"Node 1 AnonPages:      204800 kB\n");
	meminfo_kb(snap, KT_MEM_TOTAL, 819200);
	kt_derive(snap);
	kt_derive_node(snap, 1);
	account = account_of(snap, 1);
	check_closed(snap, &account);
	LINE(account, "free_buddy", 100 * MIB);
	LINE(account, "unattributed", 100 * MIB);
	LINE(account, "ram", 400 * MIB);
}

/* ---- error bound ---- */

TEST(the_error_bound_has_drift_and_what_each_cpu_may_keep_unless_it_was_folded)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account wide = { 0 }, narrow = { 0 }, unknown = { 0 };
	struct kt_zone *zone = kt_list_push(&snap->arena, &snap->zones);

	*zone = (struct kt_zone){ .name = "Normal",
		.present = 262144,
		.managed = 256000,
		.has_managed = true,
		.free = 102400,
		.threshold = 10,
		.nr_cpus = 4 };
	kt_derive(snap);
	unknown = account_of(snap, KT_NO_NODE);
	CHECK(!unknown.drift_known);
	snap->drift_bytes = 5 * MIB;
	wide = account_of(snap, KT_NO_NODE);
	snap->folded = true;
	narrow = account_of(snap, KT_NO_NODE);
	CHECK(wide.drift_known);
	CHECK_INT(wide.error_bytes - unknown.error_bytes, 5 * MIB);
	/* two counters of the zone and eight of the node, 10 pages on each of 4 CPUs */
	CHECK_INT(wide.error_bytes - narrow.error_bytes, 10 * 10 * 4 * 4096);
}

/* ---- random machines ---- */

static uint64_t dice_state;

static uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % sides;
}

static void random_entry(struct kt_snapshot *snap, enum kt_metric metric, int node)
{
	static const char *const paths[] = { "proc/meminfo", "proc/vmstat", "some/file" };
	struct kt_entry entry = { .metric = metric, .node = node, .field = "random" };

	entry.unit = (enum kt_unit)dice(4);
	entry.rank = (uint8_t)dice(5);
	entry.state = dice(8) ? KT_OK : (enum kt_state)dice(5);
	entry.path = paths[dice(KT_LEN(paths))];
	entry.raw = (int64_t)(dice(2) ? dice(1ull << 30) : dice(1000));
	kt_snapshot_put(snap, entry);
}

static void random_lists(struct kt_snapshot *snap)
{
	static const char *const names[] = { "DMA", "Normal", "Movable", "TCP established", "UDP" };
	static const char *const kinds[] = { "System RAM", "Reserved", "ACPI Tables",
		"Soft Reserved", "Persistent Memory" };

	for (uint64_t n = dice(4); n; n--) {
		int64_t present = (int64_t)dice(1 << 20);

		*kt_list_push(&snap->arena, &snap->zones) = (struct kt_zone){
			.node = (int)dice(2),
			.name = names[dice(KT_LEN(names))],
			.present = present,
			.free = (int64_t)dice(1 << 20),
			.cma_free = (int64_t)dice(100),
			.threshold = (int64_t)dice(125),
			.nr_cpus = (int64_t)dice(64),
		};
	}
	for (uint64_t n = dice(4); n; n--)
		*kt_list_push(&snap->arena, &snap->hugepools) = (struct kt_hugepool){
			.node = (int)dice(3) - 1,
			.page_bytes = 65536ll << dice(15),
			.total = (int64_t)dice(100) - 1,
			.free = (int64_t)dice(100) - 1,
		};
	for (uint64_t n = dice(5); n; n--)
		*kt_list_push(&snap->arena, &snap->hashes) = (struct kt_hash){
			.name = names[dice(KT_LEN(names))],
			.size_bytes = (int64_t)dice(1 << 24),
			.place = (enum kt_hash_place)dice(3),
			.has_kind = dice(2),
			.order = (int)dice(20),
		};
	for (uint64_t n = dice(8); n; n--) {
		uint64_t start = dice(1ull << 36), end = start + dice(1ull << 34);

		kt_firmware_add(snap, start, end, kt_span_str(kinds[dice(KT_LEN(kinds))]));
		if (dice(2))
			*kt_list_push(&snap->arena, &snap->iomem) =
				(struct kt_region){ start, end + dice(5000), "System RAM" };
	}
}

static struct kt_snapshot *random_machine(uint64_t seed)
{
	struct kt_snapshot *snap = kt_snapshot_new();

	dice_state = seed * 0x9e3779b97f4a7c15u + 1;
	snap->host.page_bytes = dice(8) ? 4096ll << 4 * dice(2) : 0;
	snap->host.nr_cpus_possible = (int64_t)dice(64);
	for (int metric = 0; metric < KT_METRIC_COUNT; metric++) {
		for (uint64_t n = dice(4); n; n--)
			random_entry(snap, (enum kt_metric)metric, (int)dice(3) - 1);
	}
	if (dice(4))
		zones_mib(snap, (int64_t)dice(1 << 20), (int64_t)dice(1 << 20), 100);
	random_lists(snap);
	return snap;
}

TEST(children_add_up_to_their_parents_on_every_level_of_any_machine)
{
	unsigned nr_computed = 0, nr_rests = 0;

	for (uint64_t seed = 1; seed <= 400 && !tests.nr_failures; seed++) {
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = random_machine(seed);

		kt_derive(snap);
		kt_derive_node(snap, 0);
		for (int node = KT_NO_NODE; node <= 0; node++) {
			KT_CLEANUP(account) struct kt_account account = { 0 };
			KT_CLEANUP(err)
			struct kt_err *err = kt_account_compute(snap, node, &account);

			if (err)
				continue;
			check_closed(snap, &account);
			nr_computed++;
			nr_rests += kt_account_line(&account, "unattributed")->val.value != 0;
			if (tests.nr_failures)
				printf("seed %llu, node %d\n", (unsigned long long)seed, node);
		}
	}
	/* otherwise this test would hold by never computing anything */
	CHECK(nr_computed > 400 && nr_rests > 400);
}

TEST(every_row_is_below_one_that_stands_before_it)
{
	for (size_t i = 0; i < kt_nr_rows; i++) {
		const struct kt_row *parent =
			kt_rows[i].parent ? kt_row_find(kt_rows[i].parent) : NULL;

		CHECK(kt_row_find(kt_rows[i].id) == &kt_rows[i]);
		CHECK(i == 0 ? !kt_rows[i].parent : parent && parent < &kt_rows[i]);
		CHECK(kt_rows[i].title && kt_rows[i].means && kt_rows[i].grows && kt_rows[i].next);
		CHECK(!parent || parent->level == KT_LEVEL_NONE);
	}
}

TEST(each_level_has_exactly_one_rest)
{
	for (int level = KT_LEVEL_FIRMWARE; level < KT_LEVEL_COUNT; level++) {
		int nr_rests = 0;

		for (size_t i = 0; i < kt_nr_rows; i++)
			nr_rests += kt_rows[i].rest && (int)kt_rows[i].level == level;
		CHECK_INT(nr_rests, 1);
	}
}
