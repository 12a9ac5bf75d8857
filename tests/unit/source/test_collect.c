// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"
#include "test.h"

#include "source/still.h"

#include "root/root_ops.h"

TEST(a_star_stands_for_any_run_within_one_component)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} cases[] = {
		{ "proc/meminfo", "proc/meminfo", true },
		{ "proc/meminfo", "proc/meminfo2", false },
		{ "proc/meminfo", "proc", false },
		{ "proc/meminfo", "proc/meminfo/x", false },
		{ "proc/meminfo", "/proc/meminfo", false },
		{ "a/*/c", "a/b/c", true },
		{ "a/*/c", "a/b/b/c", false },
		{ "a/*/c", "a/c", false },
		{ "a/17-*/raw", "a/17-0/raw", true },
		{ "a/17-*/raw", "a/17-/raw", true },
		{ "a/17-*/raw", "a/17/raw", false },
		{ "a/17-*/raw", "a/170/raw", false },
		{ "x*y", "xy", true },
		{ "x*x", "x", false }, /* the two ends may not share a letter */
		{ "x*y", "xyz", false },
		{ "", "", true },
		{ "*", "", false },
		{ "a/**/x", "a/x", true },
		{ "a/**/x", "a/b/c/d/x", true },
		{ "a/**/x", "a/b/c/d/y", false },
		{ "a/**/x", "b/x", false },
		{ "a/**/x", "a/x/y", false },
		{ "a/b/**/x", "a/x", false },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		if (!CHECK_INT(kt_path_match(cases[i].pattern, cases[i].path), cases[i].match))
			printf("  %s for %s\n", cases[i].pattern, cases[i].path);
	}
}

TEST(every_file_of_a_source_is_wanted_from_a_bundle_and_others_are_not)
{
	CHECK(kt_source_wants_path("proc/meminfo"));
	CHECK(kt_source_wants_path("sys/devices/system/node/node3/meminfo"));
	CHECK(kt_source_wants_path("sys/firmware/memmap/12/start"));
	CHECK(kt_source_wants_path("ktally/vmstat.after"));
	CHECK(!kt_source_wants_path("etc/passwd"));
	CHECK(!kt_source_wants_path("proc/1/environ"));
	CHECK(!kt_source_wants_path("sys/devices/system/node/node3/"));
}

static struct kt_root *memory_root(void)
{
	struct kt_root *root = NULL;

	kt_err_free(kt_root_memory_new(KT_ROOT_BUNDLE, &root));
	return root;
}

static void add(struct kt_root *root, const char *path, const char *text)
{
	kt_err_free(kt_root_memory_add(root, path, strdup(text), strlen(text)));
}

static struct kt_snapshot *collected(struct kt_root *root, unsigned want)
{
	struct kt_snapshot *snap = machine(4096);
	struct kt_collect_opts opts = { .want = want };
	KT_CLEANUP(err) struct kt_err *err = kt_collect(root, &opts, snap);

	CHECK(!err);
	return snap;
}

static const struct kt_source_state *state_of(const struct kt_snapshot *snap, const char *name)
{
	static const struct kt_source_state none = { .name = "none", .state = KT_BAD };

	for (size_t i = 0; i < snap->sources.count; i++) {
		if (strcmp(snap->sources.items[i].name, name) == 0)
			return &snap->sources.items[i];
	}
	return &none;
}

TEST(each_source_says_whether_it_was_there_and_none_stops_another)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "proc/meminfo", "garbage\n");
	add(root, "proc/vmstat", "nr_free_pages 5\n");
	add(root, "proc/iomem", "00000000-00000000 : System RAM\n");
	snap = collected(root, KT_WANT_ALL);
	CHECK_INT(snap->sources.count, kt_nr_sources);
	CHECK_INT(state_of(snap, "meminfo")->state, KT_BAD);
	CHECK_INT(state_of(snap, "vmstat")->state, KT_OK);
	CHECK_INT(state_of(snap, "vmstat")->nr_files, 1);
	CHECK_INT(state_of(snap, "iomem")->state, KT_DENIED);
	CHECK_INT(state_of(snap, "zoneinfo")->state, KT_ABSENT);
	CHECK_VALUE(snap, NR_FREE, 5 * 4096);
	/* the reason of the source becomes the reason of what only it has */
	CHECK_STATE(snap, SYSTEM_RAM, KT_DENIED);
	CHECK_STATE(snap, PRESENT, KT_ABSENT);
}

TEST(what_a_capture_was_not_allowed_to_read_is_denied_and_not_absent)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "ktally/meta", "denied=proc/slabinfo\n");
	add(root, "proc/vmstat", "nr_free_pages 5\n");
	snap = collected(root, KT_WANT_ALL);
	CHECK_INT(state_of(snap, "slabinfo")->state, KT_DENIED);
	CHECK_INT(state_of(snap, "vmallocinfo")->state, KT_ABSENT);
	CHECK_STATE(snap, SLABINFO, KT_DENIED);
}

TEST(a_damaged_file_is_told_and_the_others_of_its_source_still_count)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
	add(root, "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "x\n");
	snap = collected(root, 0);
	/* one damaged file of a source is told, and the others still count */
	CHECK_INT(state_of(snap, "hugepages")->state, KT_BAD);
	CHECK_INT(snap->hugepools.count, 1);
}

TEST(what_is_dear_is_not_read_where_only_cheap_was_asked_for)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "proc/slabinfo", "dentry 1 1 192 21 1 : tunables 0 0 0 : slabdata 5 5 0\n");
	add(root, "proc/vmstat", "nr_free_pages 5\n");
	snap = collected(root, KT_WANT_CHEAP);
	CHECK(!state_of(snap, "slabinfo")->wanted);
	CHECK_STATE(snap, SLABINFO, KT_ABSENT);
	CHECK_VALUE(snap, NR_FREE, 5 * 4096);
}

TEST(of_alternatives_the_first_that_is_there_is_the_one)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/kernel/kexec/crash_size", "2\n");
	add(root, "sys/kernel/kexec_crash_size", "1\n");
	/* a capture's dev/kmsg is no device: the log is elsewhere */
	add(root, "dev/kmsg", "RAMDISK: [mem 0x1000-0x1fff]\n");
	add(root, "dmesg", "RAMDISK: [mem 0x1000-0x2fff]\n");
	snap = collected(root, KT_WANT_ALL);
	CHECK_VALUE(snap, CRASHKERNEL, 1);
	CHECK_INT(state_of(snap, "kexec")->nr_files, 1);
	CHECK_VALUE(snap, INITRD, 0x2000);
}

TEST(starred_paths_are_read_for_every_match)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/devices/system/node/node0/meminfo", "Node 0 AnonPages: 1 kB\n");
	add(root, "sys/devices/system/node/node10/meminfo", "Node 10 AnonPages: 2 kB\n");
	add(root, "sys/devices/system/node/online", "0,10\n");
	snap = collected(root, KT_WANT_NODES);
	CHECK_INT(value_on(snap, KT_ANON, 0).value, KIB);
	CHECK_INT(value_on(snap, KT_ANON, 10).value, 2 * KIB);
	CHECK_INT(state_of(snap, "node")->nr_files, 2);
	CHECK_INT(state_of(snap, "node")->state, KT_OK);
	CHECK_INT(snap->host.nr_nodes, 2);
}

TEST(half_a_firmware_map_is_no_map)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/firmware/memmap/0/start", "0x0\n");
	add(root, "sys/firmware/memmap/0/end", "0x9fbff\n");
	add(root, "sys/firmware/memmap/0/type", "System RAM\n");
	snap = collected(root, 0);
	if (CHECK_INT(snap->firmware.count, 1))
		CHECK_INT(snap->firmware.items[0].end, 0x9fc00);
	kt_snapshot_free(snap);
	add(root, "sys/firmware/memmap/1/start", "0x9fc00\n");
	snap = collected(root, 0);
	CHECK_INT(snap->firmware.count, 0);
}

TEST(memory_blocks_count_by_their_state_in_hexadecimal_sizes)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

	add(root, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	add(root, "sys/devices/system/memory/memory0/state", "online\n");
	add(root, "sys/devices/system/memory/memory1/state", "offline\n");
	add(root, "sys/devices/system/memory/memory2/state", "going-offline\n");
	add(root, "sys/devices/system/memory/memory3/state", "online\n");
	snap = collected(root, 0);
	CHECK_VALUE(snap, BLOCKS_ONLINE, 2 * 128 * MIB);
	CHECK_VALUE(snap, BLOCKS_OFFLINE, 128 * MIB);
}

/* A header of type data with its string table right behind. */
static void add_btf(struct kt_root *root, const char *strings, size_t size)
{
	uint32_t words[] = { 0x0001eb9f, 24, 0, 0, 0, (uint32_t)size };
	char *data = malloc(sizeof(words) + size);

	memcpy(data, words, sizeof(words));
	memcpy(data + sizeof(words), strings, size);
	kt_err_free(kt_root_memory_add(root, "sys/kernel/btf/vmlinux", data, sizeof(words) + size));
}

TEST(a_member_of_the_task_tells_where_stacks_come_from)
{
	static const char with[] = "\0int\0stack_vm_area\0list_head";
	static const char without[] = "\0int\0stack_vm_area_size\0free_stack_vm_area\0x";
	KT_CLEANUP(root) struct kt_root *root = memory_root(), *other = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL, *none = NULL;

	add_btf(root, with, sizeof(with));
	snap = collected(root, KT_WANT_ALL);
	CHECK_VALUE(snap, STACK_VMAPPED, 1);
	add_btf(other, without, sizeof(without));
	none = collected(other, KT_WANT_ALL);
	CHECK_VALUE(none, STACK_VMAPPED, 0);
}

/* ---- the list of vmalloc areas, which the kernel walks under a lock ---- */

static const char one_area[] = "0x1-0x2 8192 kernel_clone+0x1/0x2 pages=4 vmalloc\n";

/* Does the account of a running machine with this text as its meminfo read the areas? */
static bool reads_areas(
	const char *meminfo, const char *btf, size_t btf_size, unsigned want, bool undercounts)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_collect_opts opts = { .want = want };

	snap->host.live = true;
	add(root, "proc/meminfo", meminfo);
	add(root, "proc/vmallocinfo", one_area);
	add(root, "sys/devices/system/node/online", "0-1\n");
	if (undercounts)
		add(root, "sys/module/i915/parameters/modeset", "-1\n");
	if (btf)
		add_btf(root, btf, btf_size);
	kt_err_free(kt_collect(root, &opts, snap));
	return state_of(snap, "vmallocinfo")->wanted;
}

TEST(the_account_of_a_running_machine_reads_areas_only_where_nothing_else_tells)
{
	static const char counter[] =
		"VmallocUsed: 100 kB\nVmallocChunk: 0 kB\nKernelStack: 9 kB\n";
	static const char btf[40] = "\0int\0stack_vm_area\0list_head", none[40] = "\0int\0list";
	static const struct {
		const char *meminfo, *btf;
		unsigned want;
		bool undercounts, reads;
	} cases[] = {
		{ counter, btf, 0, false, false },
		{ counter, btf, KT_WANT_AREAS, false, true },
		{ counter, btf, KT_WANT_EXPENSIVE, false, true },
		{ counter, btf, KT_WANT_ALL, false, true },
		/* which pages are on which node takes the list, where nr_vmalloc is missing */
		{ counter, btf, KT_WANT_NODES, false, true },
		/* no counter, none that counts pages, one that is wrong */
		{ "VmallocUsed: 0 kB\nVmallocChunk: 0 kB\n", btf, 0, false, true },
		{ "VmallocUsed: 100 kB\nVmallocChunk: 7 kB\n", btf, 0, false, true },
		{ "VmallocUsed: 18446744073709549568 kB\n", btf, 0, false, true },
		{ "MemFree: 1 kB\n", btf, 0, false, true },
		{ "VmallocUsed: 8 kB\nKernelStack: 9 kB\n", btf, 0, false, true },
		{ counter, btf, 0, true, true },
		/* nothing tells where task stacks come from */
		{ counter, NULL, 0, false, true },
		{ counter, none, 0, false, false },
	};

	for (size_t i = 0; i < KT_LEN(cases); i++) {
		bool reads = reads_areas(cases[i].meminfo, cases[i].btf, sizeof(btf), cases[i].want,
			cases[i].undercounts);

		if (!CHECK_INT(reads, cases[i].reads))
			fprintf(stderr, "  case %zu\n", i);
	}
}

TEST(the_counter_of_each_node_makes_the_areas_needless_for_nodes)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
	struct kt_collect_opts opts = { .want = KT_WANT_NODES };
	static const char btf[] = "\0int\0stack_vm_area\0list_head";

	snap->host.live = true;
	add(root, "proc/meminfo", "VmallocUsed: 100 kB\nKernelStack: 9 kB\n");
	add(root, "proc/vmstat", "nr_vmalloc 25\n");
	add(root, "proc/zoneinfo",
		"Node 0, zone   Normal\n  per-node stats\n      nr_vmalloc   20\n  pages free 1\n"
		"Node 1, zone   Normal\n  per-node stats\n      nr_vmalloc   5\n  pages free 1\n");
	add(root, "proc/vmallocinfo", one_area);
	add(root, "sys/devices/system/node/online", "0-1\n");
	add_btf(root, btf, sizeof(btf));
	kt_err_free(kt_collect(root, &opts, snap));
	CHECK(!state_of(snap, "vmallocinfo")->wanted);
	CHECK(!state_of(snap, "vmap_users")->wanted);
	CHECK_INT(value_on(snap, KT_VMALLOC_USED, 1).value, 5 * 4096);
}

TEST(a_capture_has_the_areas_read_and_knows_whether_a_driver_undercounts)
{
	KT_CLEANUP(root) struct kt_root *root = memory_root(), *other = memory_root();
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL, *none = NULL;

	add(root, "proc/meminfo", "VmallocUsed: 100 kB\nVmallocChunk: 0 kB\n");
	add(root, "proc/vmallocinfo", one_area);
	add(root, "sys/module/i915/parameters/modeset", "-1\n");
	snap = collected(root, 0);
	CHECK_VALUE(snap, VMALLOC_AREAS, 4 * 4096);
	CHECK_VALUE(snap, VMALLOC_UNDERCOUNTS, 1);
	add(other, "proc/meminfo", "VmallocUsed: 100 kB\nVmallocChunk: 0 kB\n");
	none = collected(other, 0);
	CHECK_STATE(none, VMALLOC_UNDERCOUNTS, KT_ABSENT);
}

TEST(a_name_that_lies_across_two_pieces_is_found)
{
	for (size_t at = 65500; at < 65560; at += 7) {
		static char strings[140000];
		KT_CLEANUP(root) struct kt_root *one = memory_root();
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;

		memset(strings, 'x', sizeof(strings));
		memcpy(strings + at, "\0stack_vm_area", sizeof("\0stack_vm_area"));
		add_btf(one, strings, sizeof(strings));
		snap = collected(one, KT_WANT_ALL);
		CHECK_VALUE(snap, STACK_VMAPPED, 1);
	}
}

/* ---- what cannot change while the machine runs ---- */

#define ZONES(present)                                                          \
	"Node 0, zone   Normal\n  pages free     1\n        present  " #present \
	"\n        managed  50\n"

static struct kt_snapshot *collected_again(struct kt_root *root, struct kt_still *still)
{
	struct kt_snapshot *snap = machine(4096);
	struct kt_collect_opts opts = { .still = still };

	kt_err_free(kt_collect(root, &opts, snap));
	return snap;
}

static struct kt_root *root_with_zones(const char *zones)
{
	struct kt_root *root = memory_root();

	add(root, "proc/zoneinfo", zones);
	return root;
}

TEST(what_cannot_change_is_read_once_until_memory_comes_or_goes)
{
	static const char btf[] = "\0int\0stack_vm_area\0list_head";
	KT_CLEANUP(still) struct kt_still *still = kt_still_new();
	KT_CLEANUP(root)
	struct kt_root *first = root_with_zones(ZONES(100)), *second = root_with_zones(ZONES(100)),
		       *third = root_with_zones(ZONES(200));
	KT_CLEANUP(snapshot) struct kt_snapshot *read = NULL, *kept = NULL, *grown = NULL;

	add(first, "sys/firmware/memmap/0/start", "0x0\n");
	add(first, "sys/firmware/memmap/0/end", "0x9fbff\n");
	add(first, "sys/firmware/memmap/0/type", "System RAM\n");
	add(first, "dmesg",
		"[    0.000000] Linux version 6.1 (someone@somewhere)\n"
		"[    0.100000] RAMDISK: [mem 0x1000-0x1fff]\n"
		"[    0.200000] odd thing hash table entries: 1 (order: 0, 4096 bytes, linear)\n"
		"[    0.300000] usb: nothing that is read\n");
	add_btf(first, btf, sizeof(btf));
	read = collected_again(first, still);
	kept = collected_again(second, still);
	grown = collected_again(third, still);
	CHECK_VALUE(read, INITRD, 0x1000);
	CHECK_VALUE(kept, INITRD, 0x1000);
	CHECK_VALUE(kept, STACK_VMAPPED, 1);
	CHECK_INT(kept->hashes.count, 1);
	CHECK_INT(kept->boot_events.count, read->boot_events.count);
	CHECK(!kept->log_cut);
	if (CHECK_INT(kept->firmware.count, 1)) {
		CHECK_INT(kept->firmware.items[0].end, 0x9fc00);
		CHECK_STR(kept->firmware.items[0].type, "System RAM");
	}
	CHECK_INT(state_of(kept, "firmware")->state, KT_OK);
	CHECK_STATE(grown, INITRD, KT_ABSENT);
	CHECK_STATE(grown, STACK_VMAPPED, KT_ABSENT);
	CHECK_INT(grown->firmware.count, 0);
}

/* The second root has files of the same pools, and one more pool: only a listing finds that. */
TEST(directories_of_pools_are_listed_once_until_memory_or_a_node_comes_or_goes)
{
#define POOL(kb) "sys/kernel/mm/hugepages/hugepages-" #kb "kB/"
	KT_CLEANUP(still) struct kt_still *still = kt_still_new();
	KT_CLEANUP(root)
	struct kt_root *first = root_with_zones(ZONES(100)), *second = root_with_zones(ZONES(100)),
		       *third = root_with_zones(ZONES(200));
	KT_CLEANUP(snapshot) struct kt_snapshot *read = NULL, *kept = NULL, *grown = NULL;

	add(first, POOL(2048) "nr_hugepages", "1\n");
	add(first, POOL(2048) "free_hugepages", "0\n");
	add(second, POOL(2048) "nr_hugepages", "7\n");
	add(second, POOL(64) "nr_hugepages", "3\n");
	add(third, POOL(2048) "nr_hugepages", "9\n");
	add(third, POOL(64) "nr_hugepages", "3\n");
	read = collected_again(first, still);
	kept = collected_again(second, still);
	grown = collected_again(third, still);
	CHECK_INT(read->hugepools.count, 1);
	/* the numbers are read again; a file that is gone leaves its number unknown */
	if (CHECK_INT(kept->hugepools.count, 1)) {
		CHECK_INT(kept->hugepools.items[0].total, 7);
		CHECK_INT(kept->hugepools.items[0].free, -1);
	}
	CHECK_INT(state_of(kept, "hugepages")->state, KT_OK);
	CHECK_INT(grown->hugepools.count, 2);
}

static const struct kt_needs only = { .only = KT_SOURCES(&kt_source_meminfo, &kt_source_sockstat) };
static const struct kt_needs also = { .also = KT_SOURCES(&kt_source_sockstat) };

TEST(a_command_reads_the_sources_it_names_or_these_and_those_of_the_account)
{
	const struct kt_needs *const needs[] = { NULL, &only, &also };

	for (size_t i = 0; i < KT_LEN(needs); i++) {
		KT_CLEANUP(root) struct kt_root *root = memory_root();
		KT_CLEANUP(snapshot) struct kt_snapshot *snap = machine(4096);
		struct kt_collect_opts opts = { .needs = needs[i] };

		add(root, "proc/meminfo", "MemTotal: 100 kB\n");
		kt_err_free(kt_collect(root, &opts, snap));
		CHECK(kt_source_outcome(snap, &kt_source_meminfo) != NULL);
		CHECK((kt_source_outcome(snap, &kt_source_sockstat) != NULL) == (i > 0));
		CHECK((kt_source_outcome(snap, &kt_source_vmstat) != NULL) == (i != 1));
		CHECK(!kt_source_outcome(snap, &kt_source_cgroups));
	}
}
