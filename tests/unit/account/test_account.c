// SPDX-License-Identifier: GPL-2.0-or-later
//
// The account closes: on paper for random machines, and to the byte for one that is known.

#include "closed.h"
#include "feed.h"
#include "random.h"
#include "test.h"

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
		const struct kt_line *line_ = kt_account_find(&(account), id);       \
		if (CHECK(line_ != NULL) && CHECK_INT(line_->val.state, KT_OK))      \
			check_int(__FILE__, __LINE__, id, line_->val.value, wanted); \
	} while (0)
#define NO_LINE(account, id, wanted)                                                 \
	do {                                                                         \
		const struct kt_line *line_ = kt_account_find(&(account), id);       \
		if (CHECK(line_ != NULL)) {                                          \
			check_int(__FILE__, __LINE__, id, line_->val.state, wanted); \
			CHECK_INT(line_->val.value, 0);                              \
		}                                                                    \
	} while (0)

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

/* ---- what lines claim ---- */

static void claim(const struct kt_account *account, const char *id, enum kt_quality wanted)
{
	const struct kt_line *line = kt_account_find(account, id);

	if (CHECK(line != NULL) && CHECK_INT(line->val.state, KT_OK))
		check_int(__FILE__, __LINE__, id, line->val.quality, wanted);
}

static void held(const struct kt_account *account, const char *id, const char *wanted)
{
	const struct kt_line *line = kt_account_find(account, id);
	struct kt_arena arena = { 0 };

	if (CHECK(line != NULL))
		check_str(__FILE__, __LINE__, id, kt_line_contained_in(line, &arena), wanted);
	kt_arena_fini(&arena);
}

static void lose(struct kt_snapshot *snap, enum kt_metric metric)
{
	for (size_t i = 0; i < snap->entries.count; i++) {
		if (snap->entries.items[i].metric == metric)
			snap->entries.items[i].state = KT_DENIED;
	}
}

static struct kt_account account_without(struct kt_snapshot *snap, enum kt_metric metric)
{
	lose(snap, metric);
	kt_derive(snap);
	return account_of(snap, KT_NO_NODE);
}

TEST(stacks_that_no_file_counts_stay_in_vmalloc_and_the_account_says_so)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	account = account_without(snap, KT_KERNEL_STACK);
	check_closed(snap, &account);
	LINE(account, "vmalloc", 30 * MIB); /* 18 of vmalloc and 12 of stacks */
	claim(&account, "vmalloc", KT_UPPER_BOUND);
	held(&account, "kernel_stacks", "vmalloc");
	held(&account, "page_tables", NULL);
	LINE(account, "unattributed", 60 * MIB); /* they are not in it */
	LINE(account, "kernel", 220 * MIB);
}

TEST(stacks_of_an_unknown_place_may_be_in_each_place)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	lose(snap, KT_STACK_VMAPPED);
	account = account_without(snap, KT_KERNEL_STACK);
	held(&account, "kernel_stacks", "slab_unreclaimable, vmalloc, unattributed");
	claim(&account, "vmalloc", KT_UPPER_BOUND);
	claim(&account, "slab_unreclaimable", KT_UPPER_BOUND);
}

TEST(a_row_that_no_file_counts_is_in_the_rest_of_its_level)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	account = account_without(snap, KT_PAGE_TABLES);
	held(&account, "page_tables", "unattributed");
	claim(&account, "unattributed", KT_UPPER_BOUND);
	held(&account, "crashkernel", "boot_other");
	held(&account, "fw_acpi", NULL);	 /* nothing states how much is installed */
	claim(&account, "user", KT_LOWER_BOUND); /* lru_only is not known, and not in it */
	CHECK(!kt_account_error_is_known(&account));
}

TEST(shared_memory_and_buffers_that_no_file_counts_are_page_cache)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	lose(snap, KT_CACHED);
	lose(snap, KT_BUFFERS);
	vmstat_pages(snap, KT_FILE_PAGES, 160 * 256);
	account = account_without(snap, KT_SHMEM);
	check_closed(snap, &account);
	LINE(account, "page_cache", 160 * MIB);
	claim(&account, "page_cache", KT_UPPER_BOUND);
	held(&account, "shmem", "page_cache");
	held(&account, "buffers", "page_cache");
	claim(&account, "user", KT_LOWER_BOUND); /* without lru_only, which is unattributed */
	LINE(account, "unattributed", 60 * MIB);
}

TEST(the_rest_of_a_lower_bound_is_an_upper_bound)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account account = { 0 };

	lose(snap, KT_SLABINFO);
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_SLABINFO,
				      .node = KT_NO_NODE,
				      .quality = KT_UPPER_BOUND,
				      .raw = 100 * MIB,
				      .path = "some/file" });
	kt_derive(snap);
	account = account_of(snap, KT_NO_NODE);
	claim(&account, "slab_unreclaimable", KT_EXACT);
	claim(&account, "slab_unreclaimable.kmalloc_large", KT_LOWER_BOUND);
	claim(&account, "slab_unreclaimable.rest", KT_UPPER_BOUND);
	/* 16 MiB are a struct page for each page: guessed, and so is what is left */
	claim(&account, "memmap", KT_ESTIMATE);
	claim(&account, "boot_other", KT_ESTIMATE);
	claim(&account, "boot", KT_ESTIMATE); /* no sum is more than its parts */
}

/*
 * Any machine whose truth is known: each amount is given as what it is, as a bound, as a
 * guess or not at all. The account is computed from these, and every line must claim
 * something that is true of the machine.
 */
struct truth {
	int64_t metrics[KT_METRIC_COUNT];
	int64_t rows[128];
};

static void put_claim(struct kt_snapshot *snap, enum kt_metric metric, int64_t truth)
{
	struct kt_entry entry = { .metric = metric, .node = KT_NO_NODE, .raw = truth };

	if (!dice_of(5))
		return;
	if (!dice_of(2)) {
		entry.quality = (enum kt_quality)dice_of(4);
		entry.raw += entry.quality == KT_LOWER_BOUND   ? -dice_of(50)
			     : entry.quality == KT_UPPER_BOUND ? dice_of(50)
			     : entry.quality == KT_ESTIMATE    ? dice_of(100) - 50
							       : 0;
	}
	kt_snapshot_put(snap, entry);
}

static bool is_term_of(enum kt_metric metric)
{
	for (size_t i = 0; i < KT_ROW_COUNT * KT_ROW_TERMS; i++) {
		const struct kt_term *term = &kt_rows[i / KT_ROW_TERMS].terms[i % KT_ROW_TERMS];

		if (term->sign < 0 && term->metric == metric && term->of != KT_ROW_NONE)
			return true;
	}
	return false;
}

static bool loses_parts(enum kt_metric metric)
{
	for (size_t i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].terms[0].metric == metric && kt_rows[i].terms[1].sign < 0)
			return true;
	}
	return false;
}

/* The parts that are taken off are the row that they are named after, as far as it is known. */
static struct kt_snapshot *make_truth(struct truth *truth)
{
	struct kt_snapshot *snap = machine(4096);

	*truth = (struct truth){ 0 };
	snap->log_whole = true;
	for (int metric = 0; metric < KT_METRIC_COUNT; metric++) {
		/* a row is never less than what is taken off it */
		truth->metrics[metric] =
			(loses_parts((enum kt_metric)metric) ? 10000 : 1000) + dice_of(1000);
		if (metric == KT_MANAGED || metric == KT_PRESENT || metric == KT_DIMMS)
			continue;
		if (!is_term_of((enum kt_metric)metric) || metric == KT_SHMEM)
			put_claim(snap, (enum kt_metric)metric, truth->metrics[metric]);
	}
	truth->metrics[KT_MANAGED] = 10000000;
	truth->metrics[KT_PRESENT] = 20000000;
	truth->metrics[KT_DIMMS] = 30000000;
	kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_MANAGED,
				      .node = KT_NO_NODE,
				      .raw = truth->metrics[KT_MANAGED] });
	put_claim(snap, KT_PRESENT, truth->metrics[KT_PRESENT]);
	put_claim(snap, KT_DIMMS, truth->metrics[KT_DIMMS]);
	return snap;
}

/* Each part is all of the row or none of it; it is given just as that row is. */
static void put_parts(struct kt_snapshot *snap, struct truth *truth)
{
	for (size_t i = 0; i < KT_ROW_COUNT; i++) {
		for (size_t k = 0; k < KT_ROW_TERMS; k++) {
			const struct kt_term *term = &kt_rows[i].terms[k];
			enum kt_metric of;
			struct kt_val val;

			if (!term->sign || term->of == KT_ROW_NONE || term->metric == KT_SHMEM)
				continue;
			of = kt_rows[term->of].terms[0].metric;
			val = value(snap, of);
			truth->metrics[term->metric] = dice_of(2) ? truth->metrics[of] : 0;
			/* where it is among the free pages, it is managed too: another machine */
			if (term->metric == KT_DEFERRED_IN_FREE)
				truth->metrics[term->metric] = 0;
			if (!truth->metrics[term->metric])
				kt_snapshot_derive(snap, term->metric, KT_NO_NODE, 0, KT_EXACT, "");
			else
				kt_snapshot_derive_val(snap, term->metric, KT_NO_NODE, val, "");
		}
	}
}

static void true_rows(struct truth *truth)
{
	int64_t rests[KT_LEVEL_COUNT] = { 0, 10000000, 10000000, 10000000 };

	for (size_t i = 0; i < KT_ROW_COUNT; i++) {
		const struct kt_row *row = &kt_rows[i];

		for (size_t k = 0; k < KT_ROW_TERMS && row->terms[k].sign; k++)
			truth->rows[i] += row->terms[k].sign * truth->metrics[row->terms[k].metric];
		if (!row->rest && !row->apart)
			rests[row->level] -= truth->rows[i];
	}
	for (size_t i = 0; i < KT_ROW_COUNT; i++) {
		if (kt_rows[i].rest)
			truth->rows[i] = rests[kt_rows[i].level];
	}
	for (size_t i = KT_ROW_COUNT; i-- > 1;)
		truth->rows[kt_rows[i].parent] += truth->rows[i];
}

static bool claim_holds(struct kt_val val, int64_t truth)
{
	switch (val.quality) {
	case KT_EXACT: return val.value == truth;
	case KT_UPPER_BOUND: return val.value >= truth;
	case KT_LOWER_BOUND: return val.value <= truth;
	case KT_ESTIMATE: return true;
	}
	return false;
}

TEST(the_truth_is_inside_what_every_line_claims_whatever_is_missing)
{
	int counts[4] = { 0 };

	for (int round = 0; round < 3000 && !tests.nr_failures; round++) {
		struct truth truth;
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = make_truth(&truth);
		KT_CLEANUP(account) struct kt_account account = { 0 };

		put_parts(snap, &truth);
		true_rows(&truth);
		account = account_of(snap, KT_NO_NODE);
		check_closed(snap, &account);
		for (size_t i = 0; i < account.lines.count; i++) {
			const struct kt_line *line = &account.lines.items[i];

			if (line->row == KT_ROW_NONE || !kt_ok(line->val))
				continue;
			counts[line->val.quality]++;
			if (!CHECK(claim_holds(line->val, truth.rows[line->row])))
				printf("round %d: %s is %lld, claimed %s of %lld\n", round,
					line->id, (long long)truth.rows[line->row],
					kt_quality_name(line->val.quality),
					(long long)line->val.value);
		}
	}
	for (size_t i = 0; i < KT_LEN(counts); i++)
		CHECK(counts[i] > 1000);
}

/* ---- error bound ---- */

TEST(the_error_bound_has_drift_and_what_each_cpu_may_keep_unless_it_was_folded)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = known_machine();
	KT_CLEANUP(account) struct kt_account wide = { 0 }, narrow = { 0 }, unknown = { 0 };
	struct kt_zone *zone = kt_list_push(&snap->arena, &snap->zones);

	*zone = kt_zone_unknown(0, "Normal");
	zone->present = 262144;
	zone->managed = 256000;
	zone->free = 102400;
	zone->threshold = 10;
	zone->nr_cpus = 4;
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
			nr_rests += kt_account_line(&account, KT_ROW_UNATTRIBUTED)->val.value != 0;
			if (tests.nr_failures)
				printf("seed %llu, node %d\n", (unsigned long long)seed, node);
		}
	}
	/* otherwise this test would hold by never computing anything */
	CHECK(nr_computed > 400 && nr_rests > 400);
}

TEST(every_row_is_below_one_that_stands_before_it)
{
	CHECK(kt_rows[KT_ROW_RAM].parent == KT_ROW_NONE);
	for (enum kt_row_id i = KT_ROW_RAM; i < KT_ROW_COUNT; i++) {
		CHECK(kt_row_find(kt_rows[i].id) == i);
		CHECK(kt_rows[i].title && kt_rows[i].means && kt_rows[i].grows && kt_rows[i].next);
		if (i != KT_ROW_RAM && CHECK(kt_rows[i].parent < i))
			CHECK(kt_rows[kt_rows[i].parent].level == KT_LEVEL_NONE);
		CHECK(kt_row_is_below(i, KT_ROW_RAM) && kt_row_is_below(i, i));
	}
	CHECK(kt_row_find("no such row") == KT_ROW_NONE && !kt_row_is(KT_ROW_NONE, ""));
	CHECK(kt_row_is_below(KT_ROW_FW_HOLE, KT_ROW_FIRMWARE));
	CHECK(!kt_row_is_below(KT_ROW_FIRMWARE, KT_ROW_FW_HOLE));
	CHECK(kt_row_with(KT_TRACE_BUFFERS) == KT_ROW_TRACE_BUFFERS);
	CHECK(kt_row_with(KT_METRIC_NONE) == KT_ROW_NONE);
}

TEST(each_level_has_exactly_one_rest)
{
	for (int level = KT_LEVEL_FIRMWARE; level < KT_LEVEL_COUNT; level++) {
		int nr_rests = 0;

		for (size_t i = 0; i < KT_ROW_COUNT; i++)
			nr_rests += kt_rows[i].rest && (int)kt_rows[i].level == level;
		CHECK_INT(nr_rests, 1);
	}
}
